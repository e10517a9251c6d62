"""What agents say among themselves in a chat stays there, also when it is changed later or comes in pieces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.channels import slack_payload, slack_read, telegram_payload, telegram_read
from bot.channels.chat_payload import File
from bot.channels.slack_payload import Act
from bot.message import IncomingMessage, Payload
from tests.desk.by_chat import Chats, chats, with_rooms
from tests.desks import MONDAY

TEAM = -100123
TELEGRAM = {"teams": with_rooms({"first-line": [f"desk_bot:{TEAM}"]}), "agents": {
    "ben": {"name": "Ben Lee", "addresses": ["ben@house.example"], "teams": ["first-line"],
            "chats": ["desk_bot:42"]},
}}  # fmt: skip
PHOTO = File("photo.jpg", "image/jpeg", 3, "f", b"abc")


def in_slack(
    act: Act, text: str, thread: str, role: str, *, file: bytes = b"", **more: str
) -> IncomingMessage:
    """Something of Ben's that Slack tells, as the desk reads it."""
    channel, _, ts = thread.partition("/")
    event = {
        "channel": channel,
        "ts": "1700000100.000100",
        "thread_ts": ts,
        "user": "UBEN",
        "text": text,
        **more,
    }
    files = [File("salaries.pdf", "application/pdf", len(file), content=file)] if file else []
    about = {"role": role, "ours": True, "name": "Ben"}
    payload = slack_payload.build("acme", "k", act, event, MONDAY, files=files, about=about)
    return slack_read.read(payload, "HD")[0]


def in_telegram(
    kind: str, message: Mapping[str, Any], about: Mapping[str, Any], *, photo: bool = False
) -> Payload:
    """Something of Ben's that Telegram tells."""
    told = {
        "message_id": 900,
        "date": 1_700_000_000,
        "from": {"id": 42, "is_bot": False, "first_name": "Ben"},
    }
    update = {"update_id": 1, kind: told | dict(message)}
    return telegram_payload.build(
        "desk_bot", 7, [update], MONDAY, files=[PHOTO] if photo else [], about={"username": "bot", **about}
    )


def hears(life: Chats, message: IncomingMessage) -> None:
    files = tuple(replace(file, content=b"") for file in message.attachments)
    life.desk.receive(replace(message, attachments=files))
    life.deliver()
    life.pass_time(minutes=5)


def to_requester(life: Chats) -> list[Any]:
    return life.to("ann@house.example", "reply")


@pytest.mark.parametrize(
    "text", ["note: what they all earn", "#note what they all earn", "!note HD-1 it is secret"]
)
def test_files_of_a_note_that_come_late_are_a_notes_too(tmp_path: Path, text: str) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        thread = life.room_thread()
        hears(life, in_slack(Act.MESSAGE, text, thread, "room"))
        hears(life, in_slack(Act.FILES, "", thread, "room", file=b"pdf", said=text))
        assert not to_requester(life)


def test_files_of_an_answer_that_come_late_reach_who_asked(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        thread = life.room_thread()
        hears(life, in_slack(Act.MESSAGE, "See the guide.", thread, "room"))
        hears(life, in_slack(Act.FILES, "", thread, "room", file=b"pdf", said="See the guide."))
        assert [[f.name for f in m.attachments] for m in to_requester(life)] == [[], ["salaries.pdf"]]


@pytest.mark.parametrize("act", [Act.EDIT, Act.DELETE])
@pytest.mark.parametrize("role", ["private", "room"])
def test_i11_what_an_agent_changes_is_for_agents_in_every_conversation_of_theirs(
    tmp_path: Path, act: Act, role: str
) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        thread = life.room_thread()
        hears(life, in_slack(act, "note: they never pay", thread, role, event_ts="1700000200.000100"))
        assert not to_requester(life)
        assert [kind for kind, _ in life.said()] == ["message", "note"]


@pytest.mark.parametrize("role", ["private", "room"])
def test_j9_what_an_agent_changes_in_telegram_is_for_agents(tmp_path: Path, role: str) -> None:
    with chats(tmp_path, **TELEGRAM) as life:
        life.mails("ann", "The printer burns.")
        thread = life.room_thread(place=f"desk_bot/{TEAM}")
        chat, _, before = thread.partition("/")
        message = {"chat": {"id": int(chat)}, "text": "note: they never pay", "edit_date": 1_700_000_100,
                   "reply_to_message": {"message_id": int(before), "from": {"id": 7}}}  # fmt: skip
        about = {"ticket": 1, "role": role}
        hears(life, telegram_read.read(in_telegram("edited_message", message, about), "HD")[0])
        assert not to_requester(life)
        assert [kind for kind, _ in life.said()] == ["message", "note"]


@pytest.mark.parametrize("role", ["private", "room"])
def test_j9_a_part_of_an_album_that_comes_by_itself_may_belong_to_a_note(tmp_path: Path, role: str) -> None:
    with chats(tmp_path, **TELEGRAM) as life:
        life.mails("ann", "The printer burns.")
        thread = life.room_thread(place=f"desk_bot/{TEAM}")
        chat, _, before = thread.partition("/")
        message = {"chat": {"id": int(chat)}, "media_group_id": "9", "photo": [{"file_id": "f"}],
                   "reply_to_message": {"message_id": int(before), "from": {"id": 7}}}  # fmt: skip
        about = {"ticket": 1, "role": role}
        hears(life, telegram_read.read(in_telegram("message", message, about, photo=True), "HD")[0])
        assert not to_requester(life)
        assert [kind for kind, _ in life.said()] == ["message", "note"]


def test_what_an_agent_only_passes_on_is_for_colleagues(tmp_path: Path) -> None:
    with chats(tmp_path, **TELEGRAM) as life:
        life.mails("ann", "The printer burns.")
        chat, _, before = life.room_thread(place=f"desk_bot/{TEAM}").partition("/")
        message = {"chat": {"id": int(chat)}, "text": "He never pays", "forward_origin": {"sender_user_name": "Mia"},
                   "reply_to_message": {"message_id": int(before), "from": {"id": 7}}}  # fmt: skip
        hears(
            life, telegram_read.read(in_telegram("message", message, {"ticket": 1, "role": "room"}), "HD")[0]
        )
        assert not to_requester(life)
        assert [kind for kind, _ in life.said()] == ["message", "note"]
    with chats(tmp_path / "slack") as life:
        life.mails("ann", "The printer burns.")
        shared: Any = [{"who": "Mia", "text": "He never pays"}]
        hears(life, in_slack(Act.MESSAGE, "", life.room_thread(), "room", shared=shared))
        assert not to_requester(life)
        assert [kind for kind, _ in life.said()] == ["message", "note"]
