"""The methods of the Bot API that the fake knows: each takes the call's values and gives Telegram's answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tests.peers.telegram.rules import parse_fault, photo_fault, shown, units
from tests.peers.telegram.state import Chat, World, Written

_NOW: Final = 1_772_000_000


class Refused(Exception):
    """Telegram says no."""

    def __init__(self, words: str, status: int = 400, **parameters: Any) -> None:
        super().__init__(words)
        self.status = status
        self.parameters = parameters


def _chat(world: World, values: dict[str, Any]) -> Chat:
    chat = world.chats.get(int(values["chat_id"]))
    if chat is None:
        raise Refused("Bad Request: chat not found")
    if chat.moved_to is not None:
        raise Refused(
            "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=chat.moved_to
        )
    if chat.blocked:
        raise Refused("Forbidden: bot was blocked by the user", 403)
    return chat


def _words(values: dict[str, Any], name: str = "text", most: int = 4096) -> str:
    text = str(values.get(name, ""))
    if values.get("parse_mode") == "HTML":
        if fault := parse_fault(text):
            raise Refused(f"Bad Request: can't parse entities: {fault} at byte offset 0")
        text = shown(text)
    if name == "text" and not text.strip():
        raise Refused("Bad Request: message text is empty")
    if units(text) > most:
        raise Refused(f"Bad Request: {'message is' if name == 'text' else 'message caption is'} too long")
    return text


def _markup(values: dict[str, Any]) -> dict[str, Any] | None:
    markup = values.get("reply_markup")
    for row in (markup or {}).get("inline_keyboard", []):
        for button in row:
            if len(button.get("callback_data", "x").encode()) > 64:
                raise Refused("Bad Request: BUTTON_DATA_INVALID")
            if not button["text"].strip():
                raise Refused("Bad Request: can't parse inline keyboard button: Text buttons are unallowed")
    return markup


def _topic(chat: Chat, values: dict[str, Any]) -> int | None:
    topic = values.get("message_thread_id")
    if topic is not None and topic not in chat.topics:
        raise Refused("Bad Request: message thread not found")
    return topic


def tell(world: World, chat: Chat, message: Written) -> dict[str, Any]:
    """A message as the Bot API shows it."""
    private = chat.kind == "private"
    user = world.users.get(chat.id) if private else None
    told: dict[str, Any] = {"message_id": message.id, "date": _NOW + message.id, "chat": chat.told(user)}
    told |= {"from": message.user, **message.more}
    if "caption" not in told and message.text:
        told["caption" if message.document or message.photo else "text"] = message.text
    if message.topic is not None:
        told |= {"message_thread_id": message.topic, "is_topic_message": True}
    if message.answers in chat.messages:
        before = tell(world, chat, chat.messages[message.answers])
        before.pop("reply_to_message", None)
        told["reply_to_message"] = before
    elif message.topic is not None:
        told["reply_to_message"] = {
            "message_id": message.topic, "date": _NOW, "chat": chat.told(), "from": world.bot,
            "forum_topic_created": {"name": chat.topics[message.topic]["name"], "icon_color": 7322096},
        }  # fmt: skip
    if message.markup and "inline_keyboard" in message.markup:
        told["reply_markup"] = message.markup
    if message.document:
        told["document"] = {"file_id": f"D{message.id}", "file_unique_id": f"u{message.id}"}
    if message.photo:
        size = {"file_id": f"P{message.id}", "file_unique_id": f"u{message.id}", "width": 90, "height": 90}
        told["photo"] = [size]
    return told


def _put(world: World, chat: Chat, values: dict[str, Any], text: str, **more: Any) -> dict[str, Any]:
    reply = values.get("reply_parameters") or {}
    answers = reply.get("message_id")
    if answers is not None and answers not in chat.messages:
        if not reply.get("allow_sending_without_reply"):
            raise Refused("Bad Request: message to be replied not found")
        answers = None
    message = Written(
        world.number(), world.bot, text, _topic(chat, values), answers, _markup(values),
        values.get("parse_mode", ""), **more,
    )  # fmt: skip
    chat.messages[message.id] = message
    return tell(world, chat, message)


def _send(world: World, values: dict[str, Any]) -> Any:
    return _put(world, _chat(world, values), values, _words(values))


def _send_document(world: World, values: dict[str, Any]) -> Any:
    text = _words(values, "caption", 1024)
    return _put(world, _chat(world, values), values, text, document=values["document"])


def _send_photo(world: World, values: dict[str, Any]) -> Any:
    text = _words(values, "caption", 1024)
    if fault := photo_fault(values["photo"]):
        raise Refused(f"Bad Request: {fault}")
    return _put(world, _chat(world, values), values, text, photo=values["photo"])


def _own(world: World, values: dict[str, Any]) -> Written:
    chat = _chat(world, values)
    message = chat.messages.get(values["message_id"])
    if message is None:
        raise Refused("Bad Request: message to edit not found")
    if message.user["id"] != world.bot["id"]:
        raise Refused("Bad Request: message can't be edited")
    return message


def _edit_text(world: World, values: dict[str, Any]) -> Any:
    message, text, markup = _own(world, values), _words(values), _markup(values)
    if (message.text, _bare(message.markup)) == (text, _bare(markup)):
        raise Refused("Bad Request: message is not modified: specified new message content is the same")
    message.text, message.markup, message.edits = text, markup, message.edits + 1
    return tell(world, _chat(world, values), message)


def _edit_markup(world: World, values: dict[str, Any]) -> Any:
    message, markup = _own(world, values), _markup(values)
    if _bare(message.markup) == _bare(markup):
        raise Refused("Bad Request: message is not modified: specified new message content is the same")
    message.markup = markup
    return tell(world, _chat(world, values), message)


def _bare(markup: dict[str, Any] | None) -> str:
    return json.dumps(markup, sort_keys=True) if markup and markup.get("inline_keyboard") else ""


def _forum(world: World, values: dict[str, Any]) -> Chat:
    chat = _chat(world, values)
    if not chat.forum:
        raise Refused("Bad Request: the chat is not a forum")
    if not chat.rights:
        raise Refused("Bad Request: not enough rights to create a topic")
    return chat


def _create_topic(world: World, values: dict[str, Any]) -> Any:
    chat = _forum(world, values)
    if not 1 <= len(values["name"]) <= 128:
        raise Refused("Bad Request: TOPIC_TITLE_EMPTY")
    topic = world.number()
    chat.topics[topic] = {"name": values["name"], "closed": False}
    return {"message_thread_id": topic, "name": values["name"], "icon_color": 7322096}


def _change_topic(what: str, to: Callable[[dict[str, Any]], Any]) -> Callable[[World, dict[str, Any]], Any]:
    def change(world: World, values: dict[str, Any]) -> Any:
        topic = _forum(world, values).topics.get(values["message_thread_id"])
        if topic is None:
            raise Refused("Bad Request: TOPIC_ID_INVALID")
        if topic[what] == to(values):
            raise Refused("Bad Request: TOPIC_NOT_MODIFIED")
        topic[what] = to(values)
        return True

    return change


def _pin(world: World, values: dict[str, Any]) -> Any:
    chat = _chat(world, values)
    if not chat.rights:
        raise Refused("Bad Request: not enough rights to manage pinned messages in the chat")
    chat.messages[values["message_id"]].pinned = True
    return True


def _answer(world: World, values: dict[str, Any]) -> Any:
    if values["callback_query_id"] not in world.queries:
        raise Refused("Bad Request: query is too old and response timeout expired or query ID is invalid")
    world.queries.discard(values["callback_query_id"])
    world.answered.append(values)
    return True


def _file(world: World, values: dict[str, Any]) -> Any:
    if values["file_id"] not in world.files:
        raise Refused("Bad Request: wrong file_id or the file is temporarily unavailable")
    _, content, size = world.files[values["file_id"]]
    if size > 20 * 1024 * 1024:
        raise Refused("Bad Request: file is too big")
    name = values["file_id"]
    return {
        "file_id": name,
        "file_unique_id": f"u{name}",
        "file_size": len(content),
        "file_path": f"documents/{name}",
    }


def _commands(world: World, values: dict[str, Any]) -> Any:
    scope = values.get("scope") or {"type": "default"}
    key = f"{scope['type']}/{scope.get('chat_id', '')}/{values.get('language_code', '')}"
    for one in values["commands"]:
        if not (1 <= len(one["command"]) <= 32 and 1 <= len(one["description"]) <= 256):
            raise Refused("Bad Request: BOT_COMMAND_INVALID")
    world.commands[key] = values["commands"]
    return True


def _webhook(world: World, values: dict[str, Any]) -> Any:
    world.webhook = values
    return True


def _member(world: World, values: dict[str, Any]) -> Any:
    chat = _chat(world, values)
    rights = dict.fromkeys(
        ("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
         "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
         "can_edit_stories", "can_delete_stories"), False,
    )  # fmt: skip
    if not chat.rights:
        return {"status": "member", "user": world.bot}
    more = {"can_pin_messages": True, "can_manage_topics": True}
    return {"status": "administrator", "user": world.bot, **rights, **more}


METHODS: Final[dict[str, Callable[[World, dict[str, Any]], Any]]] = {
    "getMe": lambda world, _: world.bot,
    "getChat": lambda world, v: {**_chat(world, v).told(), "accent_color_id": 0, "max_reaction_count": 1},
    "getChatMember": _member,
    "sendMessage": _send,
    "sendDocument": _send_document,
    "sendPhoto": _send_photo,
    "editMessageText": _edit_text,
    "editMessageReplyMarkup": _edit_markup,
    "answerCallbackQuery": _answer,
    "createForumTopic": _create_topic,
    "editForumTopic": _change_topic("name", lambda v: v["name"]),
    "closeForumTopic": _change_topic("closed", lambda _: True),
    "reopenForumTopic": _change_topic("closed", lambda _: False),
    "pinChatMessage": _pin,
    "getFile": _file,
    "setMyCommands": _commands,
    "setWebhook": _webhook,
    "getWebhookInfo": lambda world, _: {
        "url": world.webhook.get("url", ""), "has_custom_certificate": False,
        "pending_update_count": len(world.updates),
    },
}  # fmt: skip
