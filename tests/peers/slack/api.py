"""The methods of the Web API that the fake knows: each takes the call's values and gives Slack's answer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Final

from tests.peers.slack.state import Conversation, Posted, Workspace

Answer = dict[str, Any]


class Refused(Exception):
    """Slack says no: ``{"ok": false, "error": …}``."""


def _conversation(house: Workspace, values: dict[str, Any]) -> Conversation:
    where = values.get("channel", "")
    if where in house.users:
        return house.direct(where)
    found = house.conversations.get(where)
    if found is None:
        raise Refused("channel_not_found")
    if found.archived:
        raise Refused("is_archived")
    if house.bot_user not in found.members:
        raise Refused("not_in_channel")
    return found


def _post(house: Workspace, values: dict[str, Any]) -> Answer:
    where = _conversation(house, values)
    thread = values.get("thread_ts")
    if thread is not None and where.at(thread) is None:
        raise Refused("thread_not_found")
    if not values.get("text") and not values.get("blocks"):
        raise Refused("no_text")
    message = Posted(
        house.ts(),
        house.bot_user,
        values.get("text", ""),
        thread,
        values.get("blocks") or [],
        values.get("metadata"),
        house.bot_id,
    )
    where.messages.append(message)
    return {"channel": where.id, "ts": message.ts, "message": message.shown()}


def _ephemeral(house: Workspace, values: dict[str, Any]) -> Answer:
    where = _conversation(house, values)
    if values["user"] not in where.members:
        raise Refused("user_not_in_channel")
    message = Posted(
        house.ts(),
        house.bot_user,
        values.get("text", ""),
        values.get("thread_ts"),
        values.get("blocks") or [],
    )
    where.ephemeral.append((values["user"], message))
    return {"message_ts": message.ts}


def _update(house: Workspace, values: dict[str, Any]) -> Answer:
    where = _conversation(house, values)
    message = where.at(values["ts"])
    if message is None:
        raise Refused("message_not_found")
    if message.user != house.bot_user:
        raise Refused("cant_update_message")
    message.text = values.get("text", message.text)
    message.blocks = values.get("blocks", message.blocks) or []
    message.edits += 1
    return {"channel": where.id, "ts": message.ts, "text": message.text, "message": message.shown()}


def _delete(house: Workspace, values: dict[str, Any]) -> Answer:
    message = _conversation(house, values).at(values["ts"])
    if message is None:
        raise Refused("message_not_found")
    message.deleted = True
    return {"ts": message.ts}


def _open(house: Workspace, values: dict[str, Any]) -> Answer:
    user = values.get("users", "")
    if user not in house.users:
        raise Refused("user_not_found")
    return {"channel": {"id": house.direct(user).id}}


def _stamp(ts: str) -> tuple[int, int]:
    seconds, _, rest = str(ts).partition(".")
    return int(seconds), int(f"{rest:0<6}"[:6])


def _page(messages: list[Posted], values: dict[str, Any], *, newest_first: bool, house_page: int) -> Answer:
    oldest, latest = _stamp(values.get("oldest") or "0"), _stamp(values.get("latest") or "9999999999")
    limit = min(int(values.get("limit", 100)), house_page)
    inclusive = values.get("inclusive") is True
    kept = [
        m
        for m in messages
        if oldest < _stamp(m.ts) < latest or (inclusive and _stamp(m.ts) in {oldest, latest})
    ]
    kept.sort(key=lambda m: _stamp(m.ts), reverse=newest_first)
    start = int(base64.b64decode(values["cursor"]).decode()) if values.get("cursor") else 0
    part, more = kept[start : start + limit], start + limit < len(kept)
    cursor = base64.b64encode(str(start + limit).encode()).decode() if more else ""
    return {
        "messages": [m.shown() for m in part],
        "has_more": more,
        "response_metadata": {"next_cursor": cursor},
    }


def _history(house: Workspace, values: dict[str, Any]) -> Answer:
    where = _conversation(house, values)
    roots = [m for m in where.messages if not m.deleted and m.thread_ts in {None, m.ts}]
    answer = _page(roots, values, newest_first=True, house_page=house.largest_page)
    for shown in answer["messages"]:
        below = [m for m in where.messages if m.thread_ts == shown["ts"] and not m.deleted]
        if below:
            shown |= {"thread_ts": shown["ts"], "reply_count": len(below), "latest_reply": below[-1].ts}
    return answer


def _replies(house: Workspace, values: dict[str, Any]) -> Answer:
    where = _conversation(house, values)
    if where.at(values["ts"]) is None:
        raise Refused("thread_not_found")
    return _page(where.thread(values["ts"]), values, newest_first=False, house_page=house.largest_page)


def _user(house: Workspace, values: dict[str, Any]) -> Answer:
    user = house.users.get(values.get("user", ""))
    if user is None:
        raise Refused("user_not_found")
    shown = dict(user)
    if str(values.get("include_locale", "")).lower() not in {"true", "1"}:
        shown.pop("locale")
    return {"user": shown}


def _view(house: Workspace, view: dict[str, Any]) -> Answer:
    made = {**view, "id": f"V{house.number()}", "team_id": house.team, "hash": f"h{house.number()}",
            "state": {"values": {}}}  # fmt: skip
    house.views[made["id"]] = made
    return {"view": made}


def _views_open(house: Workspace, values: dict[str, Any]) -> Answer:
    trigger = values.get("trigger_id", "")
    if trigger not in house.triggers:
        raise Refused("expired_trigger_id")
    house.triggers.discard(trigger)
    return _view(house, values["view"])


def _views_update(house: Workspace, values: dict[str, Any]) -> Answer:
    view = house.views.get(values.get("view_id", ""))
    if view is None:
        raise Refused("not_found")
    view.update(values["view"])
    return {"view": view}


def _views_publish(house: Workspace, values: dict[str, Any]) -> Answer:
    if values["user_id"] not in house.users:
        raise Refused("user_not_found")
    house.homes[values["user_id"]] = values["view"]
    return {"view": values["view"]}


def _react(house: Workspace, values: dict[str, Any]) -> Answer:
    message = _conversation(house, values).at(values["timestamp"])
    if message is None:
        raise Refused("message_not_found")
    users = message.reactions.setdefault(values["name"], set())
    if house.bot_user in users:
        raise Refused("already_reacted")
    users.add(house.bot_user)
    return {}


def _unreact(house: Workspace, values: dict[str, Any]) -> Answer:
    message = _conversation(house, values).at(values["timestamp"])
    if message is None or house.bot_user not in message.reactions.get(values["name"], set()):
        raise Refused("no_reaction")
    message.reactions[values["name"]].discard(house.bot_user)
    return {}


def _complete(house: Workspace, values: dict[str, Any]) -> Answer:
    done = []
    for one in values["files"]:
        if one["id"] not in house.uploads:
            raise Refused("file_not_found")
        name, content = house.uploads.pop(one["id"])
        told = {"id": one["id"], "name": one.get("title") or name, "title": one.get("title") or name,
                "size": len(content), "mimetype": "application/octet-stream"}  # fmt: skip
        house.files[one["id"]] = (told, content)
        done.append(told)
    if values.get("channel_id"):
        where = _conversation(house, {"channel": values["channel_id"]})
        message = Posted(house.ts(), house.bot_user, values.get("initial_comment", ""), values.get("thread_ts"),
                         bot_id=house.bot_id, files=done)  # fmt: skip
        where.messages.append(message)
    return {"files": done}


def _members(house: Workspace, values: dict[str, Any]) -> Answer:
    found = house.conversations.get(values.get("channel", ""))
    if found is None:
        raise Refused("channel_not_found")
    return {"members": sorted(found.members), "response_metadata": {"next_cursor": ""}}


def _info(house: Workspace, values: dict[str, Any]) -> Answer:
    found = house.conversations.get(values.get("channel", ""))
    if found is None:
        raise Refused("channel_not_found")
    return {"channel": {**found.shown(), "is_member": house.bot_user in found.members}}


def _mine(house: Workspace, values: dict[str, Any]) -> Answer:
    kinds = str(values.get("types", "public_channel")).split(",")
    shown = [c.shown() for c in house.conversations.values() if house.bot_user in c.members]
    kept = [c for c in shown if ("im" if c["is_im"] else "public_channel") in kinds]
    return {"channels": kept, "response_metadata": {"next_cursor": ""}}


def _file(house: Workspace, values: dict[str, Any]) -> Answer:
    if values.get("file") not in house.files:
        raise Refused("file_not_found")
    return {"file": house.files[values["file"]][0]}


METHODS: Final[dict[str, Callable[[Workspace, dict[str, Any]], Answer]]] = {
    "auth.test": lambda house, _: {
        "team_id": house.team, "team": "House", "user_id": house.bot_user, "bot_id": house.bot_id,
        "url": "https://house.slack.example/", "user": "deskbot",
    },
    "chat.postMessage": _post,
    "chat.postEphemeral": _ephemeral,
    "chat.update": _update,
    "chat.delete": _delete,
    "chat.getPermalink": lambda house, v: {
        "channel": v["channel"], "permalink": f"https://house.slack.example/archives/{v['channel']}/p{v['message_ts']}",
    },
    "conversations.open": _open,
    "conversations.history": _history,
    "conversations.replies": _replies,
    "conversations.info": _info,
    "conversations.members": _members,
    "conversations.list": _mine,
    "users.conversations": _mine,
    "users.info": _user,
    "bots.info": lambda house, _: {"bot": {"id": house.bot_id, "app_id": house.app, "user_id": house.bot_user}},
    "views.open": _views_open,
    "views.push": _views_open,
    "views.update": _views_update,
    "views.publish": _views_publish,
    "reactions.add": _react,
    "reactions.remove": _unreact,
    "files.info": _file,
    "files.completeUploadExternal": _complete,
}  # fmt: skip
