"""Bolt, which tells apart what Slack sends. What we hang into it returns only when all is committed, and Bolt is
told to answer after that and not before (I1); whatever goes wrong is an answer that is no acknowledgement."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from bot.errors import DeskbotError
from bot.log import event as log_event

if TYPE_CHECKING:
    from slack_bolt.async_app import AsyncApp

    from bot.channels.slack_actions import Actions
    from bot.channels.slack_events import Events
    from bot.channels.slack_workspace import Workspace

log = logging.getLogger("deskbot.slack")

SECONDS: Final = 2.7
"""After three Slack asks again; nothing is acknowledged that took longer, even when it is committed by then."""
ACKNOWLEDGED: Final = 200
AWAY: Final = 503
NOT_UNDERSTOOD: Final = 400

_BOLT: Final = "slack_bolt.deskbot"

Later = Callable[[Awaitable[None]], None]


class Dispatcher:
    """From a request of Slack's, by socket or HTTP, to the answer."""

    def __init__(self, workspace: Workspace, events: Events, actions: Actions, later: Later) -> None:
        self._at = workspace
        self._events = events
        self._actions = actions
        self._later = later
        self._app: AsyncApp | None = None
        self._in_hand: set[asyncio.Task[str]] = set()
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """What is said in one conversation is kept in its order, although some of it takes longer to look up."""

    async def answer(self, body: dict[str, Any] | str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Status and text of the answer; only 200 is an acknowledgement. ``body``: as Socket Mode gives it, or
        the text of an HTTP request."""
        from slack_bolt.request.async_request import AsyncBoltRequest

        self._app = self._app or self._made()
        mode = "http" if isinstance(body, str) else "socket_mode"
        try:
            request = AsyncBoltRequest(body=body, headers={k: [v] for k, v in headers.items()}, mode=mode)
            response = await self._app.async_dispatch(request)
        except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
            self._told("slack.not-understood", f"no request of Slack's: {type(error).__name__}")
            return NOT_UNDERSTOOD, ""
        return response.status, response.body or ""

    def _made(self) -> AsyncApp:
        from slack_bolt.async_app import AsyncApp
        from slack_bolt.authorization import AuthorizeResult

        async def authorize() -> AuthorizeResult:
            """Every request is for the one workspace whose token we have; whether it is, is looked at below."""
            us, token = self._at.us, self._at.section.bot_token.get_secret_value()
            return AuthorizeResult(
                enterprise_id=None,
                team_id=us.team,
                bot_user_id=us.bot_user,
                bot_id=us.bot_id,
                bot_token=token,
            )

        app = AsyncApp(
            name=_BOLT,  # Bolt sets the level of the logger of this name with each request
            logger=_silent(),
            authorize=authorize,
            process_before_response=True,
            request_verification_enabled=False,  # the web door has looked at the raw body; a socket is ours
            ignoring_self_events_enabled=False,  # our own rule knows both our ids (I6)
            ssl_check_enabled=False,
            url_verification_enabled=False,
            attaching_function_token_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        anything = re.compile(".*", re.DOTALL)
        app.event(anything)(self._listener(self._take))
        app.action(anything)(self._listener(self._press))
        app.view(anything)(self._listener(self._submit))
        app.view_closed(anything)(self._listener(self._nothing))
        app.shortcut(anything)(self._listener(self._choose))
        app.command(anything)(self._listener(self._actions.command))
        return app

    def _listener(self, duty: Callable[[Mapping[str, Any]], Awaitable[str]]) -> Callable[..., Awaitable[Any]]:
        async def listen(body: dict[str, Any], ack: Any) -> Any:
            from slack_bolt.response import BoltResponse

            words = await self._in_time(duty(body))
            if words is None:
                return BoltResponse(status=AWAY, body="")
            if "view" in body and body.get("type") == "view_submission":
                return await ack(response_action="clear")
            return await ack(text=words, response_type="ephemeral") if words else await ack()

        return listen

    async def _in_time(self, duty: Awaitable[str]) -> str | None:
        """What a duty says; None: it is not to be acknowledged. One that is too late goes on: what it commits
        is known by its key when Slack asks again."""
        task = asyncio.ensure_future(duty)
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        await asyncio.wait([task], timeout=SECONDS)
        if not task.done():
            task.add_done_callback(_report)
            self._told("slack.too-late", "not acknowledged: it took too long")
            return None
        error = task.exception()
        if error is None:
            return task.result()
        if isinstance(error, DeskbotError):
            self._told("slack.not-kept", f"not acknowledged: {error}")
        else:
            log.error("not acknowledged", exc_info=error, extra={"action": "slack.fault"})
        return None

    def _told(self, action: str, words: str) -> None:
        self._at.sound = False
        log_event(log, action, words, level=logging.WARNING, channel=self._at.name)

    async def _take(self, body: Mapping[str, Any]) -> str:
        event = body.get("event")
        where = event.get("channel") if isinstance(event, dict) else None
        async with self._lines.setdefault(where if isinstance(where, str) else "", asyncio.Lock()):
            await self._events.take(body)
        return ""

    async def _press(self, body: Mapping[str, Any]) -> str:
        await self._actions.press(body)
        return ""

    async def _submit(self, body: Mapping[str, Any]) -> str:
        await self._actions.submit(body)
        return ""

    async def _choose(self, body: Mapping[str, Any]) -> str:
        words, url = await self._actions.choose(body), body.get("response_url")
        if words and isinstance(url, str):
            self._later(self._at.web.respond(url, words))
        return ""

    async def _nothing(self, body: Mapping[str, Any]) -> str:  # noqa: ARG002  # every listener gets it
        return ""


def _silent() -> logging.Logger:
    """Bolt's own log quotes what people say (L2); what matters of it, we tell ourselves."""
    logger = logging.getLogger(_BOLT)
    logger.setLevel(logging.CRITICAL)
    return logger


def _report(task: asyncio.Task[str]) -> None:
    if not task.cancelled() and (error := task.exception()):
        log.warning("it failed as well", extra={"action": "slack.late-failed", "error": type(error).__name__})
