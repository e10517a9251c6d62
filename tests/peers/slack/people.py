"""What people do in Slack: they write, edit, react, press, fill in forms; Slack tells the app of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.peers.slack.rules import event_faults
from tests.peers.slack.state import Conversation, Posted, Workspace


@dataclass
class People:
    """The hands of a house; ``SlackHouse`` has its server."""

    answers: dict[str, Any] = field(default_factory=dict)
    """What the app said in its acknowledgement, by envelope."""
    responses: list[dict[str, Any]] = field(default_factory=list)
    """What came to a response_url."""
    http: Any = None
    """For requests by HTTP: ``async (path, headers, body) -> status``; None: Socket Mode."""
    last_envelope: str = ""
    patience: float = 10
    """Seconds for which Slack waits for an acknowledgement; then ``TimeoutError``."""
    unsent: list[dict[str, Any]] = field(default_factory=list)

    workspace: Workspace = field(default_factory=Workspace)
    port: int = 0
    sockets: list[web.WebSocketResponse] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    sent: asyncio.Condition = field(default_factory=asyncio.Condition)
    """Told whenever the app has called or acknowledged."""
    last_event: dict[str, Any] = field(default_factory=dict)

    async def says(
        self,
        user: str,
        where: Conversation,
        text: str,
        *,
        thread: str | None = None,
        tell: bool = True,
        **facts: Any,
    ) -> Posted:
        """Somebody writes a message. ``files``: (name, media type, content); ``tell`` False: no event comes."""
        files = [self._file(*one) for one in facts.pop("files", ())]
        message = Posted(self.workspace.ts(), user, text, thread, files=files)
        where.messages.append(message)
        if tell:
            await self.tell(self._message(where, message))
        return message

    def _message(self, where: Conversation, message: Posted) -> dict[str, Any]:
        kind = "im" if where.user else "channel"
        event: dict[str, Any] = {
            "type": "message", "channel": where.id, "user": message.user, "text": message.text, "ts": message.ts,
            "event_ts": message.ts, "channel_type": kind, "team": self.workspace.users[message.user]["team_id"],
        }  # fmt: skip
        event |= {"thread_ts": message.thread_ts} if message.thread_ts else {}
        if message.files:
            event |= {"files": message.files, "subtype": "file_share"}
        return event

    async def mentions(
        self, user: str, where: Conversation, text: str, *, thread: str | None = None
    ) -> Posted:
        """Somebody names the app in a channel: Slack tells it twice, as a message and as a mention."""
        message = await self.says(user, where, f"<@{self.workspace.bot_user}> {text}", thread=thread)
        event = self._message(where, message) | {"type": "app_mention"}
        event.pop("channel_type")
        await self.tell(event)
        return message

    async def edits(self, where: Conversation, message: Posted, text: str, *, tell: bool = True) -> None:
        """Somebody changes what they wrote; with the same text, Slack unfolds a link of it."""
        before, changed = dict(message.shown()), text != message.text
        ts = self.workspace.ts()
        message.text = text
        message.edited_at = ts if changed else message.edited_at
        if not tell:
            return
        await self.tell({
            "type": "message", "subtype": "message_changed", "channel": where.id, "ts": ts, "event_ts": ts,
            "channel_type": "im" if where.user else "channel", "hidden": True,
            "message": message.shown(), "previous_message": before,
        })  # fmt: skip

    async def deletes(self, where: Conversation, message: Posted) -> None:
        """Somebody takes back what they wrote."""
        message.deleted = True
        ts = self.workspace.ts()
        await self.tell({
            "type": "message", "subtype": "message_deleted", "channel": where.id, "ts": ts, "event_ts": ts,
            "channel_type": "im" if where.user else "channel", "hidden": True, "deleted_ts": message.ts,
            "previous_message": message.shown(),
        })  # fmt: skip

    async def reacts(self, user: str, where: Conversation, message: Posted, name: str) -> None:
        """Somebody puts an emoji on a message."""
        message.reactions.setdefault(name, set()).add(user)
        await self.tell({
            "type": "reaction_added", "user": user, "reaction": name, "item_user": message.user,
            "item": {"type": "message", "channel": where.id, "ts": message.ts}, "event_ts": self.workspace.ts(),
        })  # fmt: skip

    async def opens_home(self, user: str) -> None:
        """Somebody looks at the app's home."""
        await self.tell({"type": "app_home_opened", "user": user, "channel": self.workspace.direct(user).id,
                         "tab": "home", "event_ts": self.workspace.ts()})  # fmt: skip

    async def presses(
        self, user: str, where: Conversation | None, message: Posted | None, action: str, **more: Any
    ) -> Any:
        """Somebody presses a button of a message, or of their home (``where`` None); the app's acknowledgement."""
        house = self.workspace
        if message is not None:
            element = message.buttons()[action]
        else:
            blocks = house.homes[user]["blocks"]
            element = Posted("0", user, "", blocks=blocks).buttons()[action]
        told = {
            "type": element["type"],
            "action_id": action,
            "block_id": "b",
            "action_ts": house.ts(),
            **more,
        }
        told |= {"value": element["value"]} if "value" in element else {}
        told |= {"text": element["text"]} if "text" in element else {}
        payload: dict[str, Any] = self._interactive("block_actions", user) | {"actions": [told]}
        if message is not None and where is not None:
            payload |= {
                "channel": {"id": where.id, "name": where.name or "directmessage"},
                "message": message.shown(),
                "container": {"type": "message", "message_ts": message.ts, "channel_id": where.id},
                "response_url": f"http://127.0.0.1:{self.port}/response/{house.number()}",
            }
            if message.thread_ts:
                payload["container"]["thread_ts"] = message.thread_ts
            if any(
                one is message for _, one in where.ephemeral
            ):  # of which Slack tells nothing but where it was
                payload["container"] |= {"is_ephemeral": True}
                del payload["message"]
        else:
            payload |= {"container": {"type": "view", "view_id": "VHOME"}, "view": house.homes[user]}
        return await self.send("interactive", payload)

    async def runs_shortcut(self, user: str, where: Conversation, message: Posted, callback: str) -> Any:
        """Somebody chooses a shortcut in the menu of a message."""
        return await self.send("interactive", self._interactive("message_action", user) | {
            "callback_id": callback, "message_ts": message.ts, "message": message.shown(),
            "channel": {"id": where.id, "name": where.name or "directmessage"},
            "response_url": f"http://127.0.0.1:{self.port}/response/{self.workspace.number()}",
        })  # fmt: skip

    async def submits(self, user: str, view: dict[str, Any], values: dict[str, dict[str, Any]]) -> Any:
        """Somebody fills in a modal: ``values`` maps block_id to {action_id: element state}."""
        sent = {**view, "state": {"values": values}}
        return await self.send("interactive", self._interactive("view_submission", user) | {"view": sent})

    async def types(self, user: str, where: Conversation, command: str, text: str) -> Any:
        """Somebody runs a slash command; the app's acknowledgement."""
        return await self.send("slash_commands", {
            "token": "unused", "team_id": self.workspace.team, "team_domain": "house", "channel_id": where.id,
            "channel_name": where.name or "directmessage", "user_id": user, "user_name": user, "command": command,
            "text": text, "api_app_id": self.workspace.app, "is_enterprise_install": "false",
            "response_url": f"http://127.0.0.1:{self.port}/response/{self.workspace.number()}",
            "trigger_id": self._trigger(),
        })  # fmt: skip

    async def tell(self, event: dict[str, Any], *, event_id: str = "", retry: int = 0) -> bool:
        """Slack tells the app of an event; whether it was acknowledged."""
        if "subtype" not in event and (faults := event_faults(event)):
            raise AssertionError(f"no such event: {faults}")
        wrapped = {
            "token": "unused", "team_id": self.workspace.team, "api_app_id": self.workspace.app, "event": event,
            "type": "event_callback", "event_id": event_id or f"Ev{self.workspace.number()}",
            "event_time": int(time.time()), "is_ext_shared_channel": False,
            "authorizations": [{"team_id": self.workspace.team, "user_id": self.workspace.bot_user, "is_bot": True}],
        }  # fmt: skip
        self.last_event = wrapped
        await self.send("events_api", wrapped, retry=retry)
        return self.last_envelope in self.acknowledged

    async def tells_again(self, retry: int = 1) -> None:
        """Slack repeats its last event, as it does when no acknowledgement came in time."""
        await self.send("events_api", self.last_event, retry=retry)

    async def send(self, kind: str, payload: dict[str, Any], *, retry: int = 0) -> Any:
        """One request to the app, over the socket or by HTTP; what it answered. Raises ``TimeoutError``."""
        if self.http is not None:
            return await self._post(kind, payload, retry)
        if not self.sockets:
            self.unsent.append(payload)
            return None
        envelope = f"env-{self.workspace.number()}"
        self.last_envelope = envelope
        told = {"type": kind, "envelope_id": envelope, "payload": payload, "accepts_response_payload": True}
        if retry:
            told |= {"retry_attempt": retry, "retry_reason": "timeout"}
        await self.sockets[-1].send_json(told)
        async with asyncio.timeout(self.patience), self.sent:
            await self.sent.wait_for(lambda: envelope in self.acknowledged)
        return self.answers.get(envelope)

    async def _post(self, kind: str, payload: dict[str, Any], retry: int) -> Any:
        if kind == "events_api":
            body, media = json.dumps(payload), "application/json"
        elif kind == "interactive":
            body, media = urlencode({"payload": json.dumps(payload)}), "application/x-www-form-urlencoded"
        else:
            body, media = urlencode(payload), "application/x-www-form-urlencoded"
        headers = {"content-type": media, **signed(body, int(time.time()))}
        if retry:
            headers |= {"x-slack-retry-num": str(retry), "x-slack-retry-reason": "http_timeout"}
        return await self.http(headers, body)

    def _interactive(self, kind: str, user: str) -> dict[str, Any]:
        person = self.workspace.users[user]
        return {
            "type": kind, "team": {"id": self.workspace.team, "domain": "house"}, "api_app_id": self.workspace.app,
            "user": {"id": user, "name": person["name"], "username": person["name"], "team_id": person["team_id"]},
            "trigger_id": self._trigger(), "token": "unused",
        }  # fmt: skip

    def _trigger(self) -> str:
        trigger = f"trigger.{self.workspace.number()}"
        self.workspace.triggers.add(trigger)
        return trigger

    def _file(self, name: str, media_type: str, content: bytes) -> dict[str, Any]:
        number = f"F{self.workspace.number()}"
        told = {"id": number, "name": name, "title": name, "mimetype": media_type, "size": len(content),
                "url_private_download": f"http://127.0.0.1:{self.port}/files/{number}",
                "url_private": f"http://127.0.0.1:{self.port}/files/{number}", "mode": "hosted"}  # fmt: skip
        self.workspace.files[number] = (told, content)
        return told


def signed(body: str, at: int, secret: str = "0123456789abcdef0123456789abcdef") -> dict[str, str]:
    """The headers by which Slack proves a request to be its own."""
    digest = hmac.new(secret.encode(), f"v0:{at}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"x-slack-request-timestamp": str(at), "x-slack-signature": f"v0={digest}"}
