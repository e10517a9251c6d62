"""What is pressed, chosen, filled in and typed behind ``/ticket``: kept as actions, or a form is opened first.

Whoever presses is proved by Slack; what they may do, the desk looks at when it is done (I13). A form must open
within three seconds, and opening one changes nothing, so it needs no row.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from bot.channels import slack_codes as codes
from bot.channels import slack_files
from bot.channels import slack_inputs as inputs
from bot.channels.slack_codes import Code
from bot.channels.slack_events import Events
from bot.channels.slack_payload import Act, is_id, is_ts
from bot.channels.slack_pressed import Pressed, form, press
from bot.channels.slack_read import read_command
from bot.channels.slack_workspace import Workspace
from bot.errors import ChannelError
from bot.log import event as log_event

log = logging.getLogger("deskbot.slack")

_LONGEST: Final = 10_000
_NO_TICKET: Final = {
    "en": "This message belongs to no ticket. To make it one, choose “Create ticket”.",
    "it": "Questo messaggio non appartiene a nessun ticket. Per crearne uno, scegli «Create ticket».",
    "zh": "这条消息不属于任何工单。要创建工单，请选择“Create ticket”。",
}
_NOT_OPENED: Final = {
    "en": "The form could not be opened. Please try again.",
    "it": "Non è stato possibile aprire il modulo. Riprova.",
    "zh": "表单未能打开，请重试。",
}


@dataclass(frozen=True, slots=True)
class Opener:
    """Who wants a form, and where they stood."""

    user: str
    trigger_id: str
    language: str = ""
    channel: str = ""
    thread: str = ""
    """The time stamp of the thread, when there is one."""
    message: str = ""
    """The time stamp of the message below which the button stood."""
    view: str = ""
    """The id of the form in which the button was."""


class Forms(Protocol):
    """The forms and the App Home, which the way out draws."""

    async def open(self, code: Code, opener: Opener) -> bool:
        """Open the form of a verb. False: it has none. Raises ``ChannelError``."""

    async def close(self, opener: Opener) -> None:
        """The form in which a button was pressed has done its work. Raises ``ChannelError``."""

    async def home(self, user: str) -> None:
        """Show somebody their App Home."""


class NoForms:
    """For a door that only takes in."""

    async def open(self, code: Code, opener: Opener) -> bool:  # noqa: ARG002  # as ``Forms`` has it
        """There is none."""
        return False

    async def close(self, opener: Opener) -> None:
        """There is none."""

    async def home(self, user: str) -> None:
        """There is none."""


class Actions:
    """Reads interactions, and keeps them. Each method returns only when that is committed."""

    def __init__(
        self, workspace: Workspace, events: Events, forms: Forms, later: Callable[[Awaitable[None]], None]
    ) -> None:
        """``later``: does something behind which Slack does not wait."""
        self._later = later
        self._at = workspace
        self._events = events
        self._forms = forms
        self._pressed = Pressed(workspace, events.fetch)

    async def press(self, body: Mapping[str, Any]) -> None:
        """A button, or an option of a select."""
        if not self._at.is_for_us(body):
            return
        for pressed in inputs.dicts(body.get("actions"))[:1]:
            code = inputs.code_of(pressed)
            if code is None:
                log.debug("a button of nobody's")
            else:
                await self._act(code, pressed, body)

    async def _act(self, code: Code, pressed: Mapping[str, Any], body: Mapping[str, Any]) -> None:
        opener = self._opener(body, await self._language(body))
        if code.opens_form and (await self._opens(code, opener) or code.verb == codes.NEW):
            return
        key = await self._keep_button(code, pressed, body)
        if opener.view:
            self._later(self._forms.close(opener))
        if inputs.part(body, "view").get("type") == "home":
            self._later(self._pressed.at_home(key, opener.user, self._forms.home))
        elif one := press(body, pressed, code, key, opener.language):
            self._later(self._pressed.settle(one))

    async def submit(self, body: Mapping[str, Any]) -> None:
        """A form that was sent."""
        view = body.get("view")
        if not isinstance(view, Mapping) or not self._at.is_for_us(body):
            return
        code = codes.of_form(view.get("callback_id"), view.get("private_metadata") or "")
        if code is None:
            log_event(log, "slack.unknown-form", level=logging.WARNING, channel=self._at.name)
            return
        fields, files = inputs.fields(view, self._at.section.max_file)
        channel, _, thread = code.place.partition("/")
        where = {"channel": channel, "thread_ts": thread}
        event = (
            self._event(body, code)
            | where
            | {"fields": fields, "asked": inputs.asked(view, fields), "text": ""}
        )
        taken = await slack_files.take(
            self._at.web, files.late, self._at.section.max_file, slack_files.SECONDS
        )
        about = await self._at.about(event["user"], _team(body), must=True)
        about["lost"] = files.lost + taken.lost + slack_files.gone(taken.late)
        key = f"form:{str(view.get('id') or '')[:60]}:{event['user']}"
        payload = self._at.payload(key, Act.FORM, event, about, taken.files)
        await self._at.keep(payload)
        if one := form(event["user"], code, payload.key, str(about["language"])):
            self._later(self._pressed.settle(one))

    async def choose(self, body: Mapping[str, Any]) -> str:
        """A shortcut of a message, or of the whole app. Returns words for whoever chose it, or none."""
        if not self._at.is_for_us(body):
            return ""
        callback, message, channel = (
            body.get("callback_id"),
            body.get("message"),
            inputs.id_of(body.get("channel")),
        )
        if not isinstance(message, Mapping):
            return await self._open_new(body)
        ts, thread = message.get("ts"), message.get("thread_ts")
        if not is_id(channel) or not is_ts(ts):
            return ""
        if callback == codes.CREATE_SHORTCUT:
            await self._events.make_ticket(channel, message, inputs.id_of(body.get("user")))
            return ""
        found = await self._at.thread(channel, thread, ts) or await self._at.card(channel, message)
        language = await self._language(body)
        if found is None:
            return _NO_TICKET[language or "en"]
        opened = await self._opens(Code("actions", "", found.ticket), self._opener(body, language))
        return "" if opened else _NOT_OPENED[language or "en"]

    async def command(self, body: Mapping[str, Any]) -> str:
        """``/ticket …``. Returns words for whoever typed it, or none."""
        at, user, text = self._at, body.get("user_id"), str(body.get("text") or "")[:_LONGEST]
        if not is_id(user) or not at.is_for_us(body):
            return ""
        verb, _, words = read_command(text, at.prefix, str)
        if verb == codes.NEW and not words:
            return await self._open_new(body)
        channel = str(body.get("channel_id") or "")
        event = {"user": user, "channel": channel if is_id(channel) else "", "text": text}
        about = await at.about(user, event | _team(body), must=True)
        trigger = str(body.get("trigger_id") or "")[:200]
        await at.keep(at.payload(f"command:{trigger}", Act.COMMAND, event, about))
        return ""

    async def _open_new(self, body: Mapping[str, Any]) -> str:
        language = await self._language(body)
        opened = await self._opens(Code(codes.NEW), self._opener(body, language))
        return "" if opened else _NOT_OPENED[language or "en"]

    async def _opens(self, code: Code, opener: Opener) -> bool:
        try:
            return await self._forms.open(code, opener)
        except ChannelError as error:
            log_event(log, "slack.form-not-opened", str(error), level=logging.WARNING, channel=self._at.name)
            return False

    async def _keep_button(self, code: Code, pressed: Mapping[str, Any], body: Mapping[str, Any]) -> str:
        """Returns the key by which it is kept."""
        event = self._event(body, code)
        stamp = str(pressed.get("action_ts") or body.get("trigger_id") or "")[:100]
        about = await self._at.about(event["user"], event | _team(body), must=True)
        key = f"action:{stamp}:{event['user']}:{code.action_id}"
        payload = self._at.payload(key, Act.BUTTON, event, about)
        await self._at.keep(payload)
        return payload.key

    def _event(self, body: Mapping[str, Any], code: Code) -> dict[str, Any]:
        """What an action is about, and the conversation in which its button stood."""
        opener = self._opener(body, "")
        return {
            "user": opener.user, "channel": opener.channel, "thread_ts": opener.thread,
            "verb": code.verb, "value": code.value, "ticket": code.ticket,
        }  # fmt: skip

    def _opener(self, body: Mapping[str, Any], language: str) -> Opener:
        place, message, view = (inputs.part(body, name) for name in ("container", "message", "view"))
        modal = view.get("type") == "modal"
        if modal:
            over = codes.of_form(view.get("callback_id"), view.get("private_metadata") or "")
            channel, _, thread = over.place.partition("/") if over else ("", "", "")
            place = {"channel_id": channel, "thread_ts": thread}
        below = place.get("message_ts"), message.get("ts")
        stamps = (place.get("thread_ts"), message.get("thread_ts"), *below)
        where = place.get("channel_id") or body.get("channel_id") or ""
        return Opener(
            user=inputs.id_of(body.get("user")) or str(body.get("user_id") or ""),
            trigger_id=str(body.get("trigger_id") or ""),
            language=language,
            channel=inputs.id_of(body.get("channel")) or str(where),
            thread=next((str(ts) for ts in stamps if is_ts(ts)), ""),
            message=next((str(ts) for ts in below if is_ts(ts)), ""),
            view=str(view.get("id") or "") if modal else "",
        )

    async def _language(self, body: Mapping[str, Any]) -> str:
        user = inputs.id_of(body.get("user")) or str(body.get("user_id") or "")
        return (await self._at.people.profile(user, 0.7)).language


def _team(body: Mapping[str, Any]) -> dict[str, Any]:
    user = body.get("user")
    team = user.get("team_id") if isinstance(user, Mapping) else body.get("team_id")
    return {"team": team}
