"""Whole conversations across doors: each person stays in their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.desk.doors import conversation_of, room_of
from bot.desk.outcome import Reason, Result
from bot.message import Party, Verdict
from bot.store import conversation
from bot.store.models import Address, Person, Ticket
from tests.desk.by_chat import ROOM, chats
from tests.desks import MONDAY, a_desk

ANN = "ann@house.example"


def test_a_mail_requester_and_an_agent_in_slack(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        thread = life.room_thread()
        life.says("UBEN", "Leave it off, I come.", thread=thread)
        life.pass_time(seconds=30)
        life.mails("ann", "It smells now.", to="reply")
        assert life.in_room("said")[-1].notice.values["text"] == "It smells now."
        assert life.in_room("said")[-1].notice.values["to"] == "Ben Lee"
        life.says("UBEN", "!resolve cause: dust\n\nA new fuser.", thread=thread)
        life.pass_time(seconds=30)
        life.mails("ann", "Yes, it works again!", to="resolved")
        assert life.desk.ticket(1).state == "closed"
        assert life.desk.ticket(1).closed_as == "confirmed"
        assert {m.to.address for m in life.sent} == {ANN, f"acme/{ROOM}", "acme/UBEN", "mia@house.example"}


def test_a_slack_requester_and_an_agent_who_answers_by_mail(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.")
        life.mails("mia", "Leave it off.", to="new_ticket")
        reply = life.last("acme/UJOE", "reply")
        assert (reply.channel, reply.thread.answers) == ("acme", key)
        assert life.in_room("said")[-1].notice.values["text"] == "Leave it off."
        life.says("UJOE", "It smells.", thread=key)
        assert life.last("mia@house.example", "requester_wrote").notice.values["text"] == "It smells."
        assert life.in_room("said")[-1].notice.values["text"] == "It smells."


def test_a_slack_requester_and_an_agent_in_slack(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.")
        thread = life.room_thread()
        life.says("UBEN", "Leave it off.", thread=thread)
        life.pass_time(seconds=30)
        assert life.last("acme/UJOE", "reply").thread.answers == key
        receipt = life.last("acme/UBEN", "receipt")
        assert receipt.notice.values["door"] == "Slack"
        assert receipt.notice.values["address"] == ""
        life.says("UBEN", "!resolve A new fuser.", thread=thread)
        life.pass_time(seconds=30)
        asked = life.last("acme/UJOE", "resolved")
        assert asked.thread.answers == key
        life.says("UJOE", "yes", thread=key)
        life.pass_time(minutes=5)
        assert life.desk.ticket(1).closed_as == "confirmed"
        assert life.last("acme/UJOE", "survey").thread.answers == key
        life.says("UJOE", "5", thread=key)
        assert life.desk.received[-1].result is Result.RATED


def test_a_button_says_that_it_works(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.")
        life.presses("UBEN", "resolve", ticket=1, words="A new fuser.", thread=life.room_thread())
        outcome = life.presses("UEVE", "confirm", "yes", ticket=1, thread=key)
        assert outcome.reason is Reason.NOT_ALLOWED
        life.presses("UJOE", "confirm", "yes", ticket=1, thread=key)
        assert life.desk.ticket(1).closed_as == "confirmed"


def test_an_agent_answers_where_the_requester_has_asked_and_it_is_not_said_twice(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.", at="C0HELP")
        life.says("UBEN", "Leave it off.", thread=key)
        life.pass_time(seconds=30)
        assert not life.to("acme/UJOE", "reply")
        assert life.said()[-1] == ("reply", "Leave it off.")
        assert life.desk.ticket(1).first_response_at is not None
        assert life.in_room("said")[-1].notice.values["text"] == "Leave it off."


def test_somebody_else_in_a_channel_is_heard_as_somebody_else(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.", at="C0HELP")
        life.says("UEVE", "Mine too.", thread=key)
        assert life.said()[-1] == ("unverified", "Mine too.")
        assert life.in_room("said")[-1].notice.values["kind"] == "unverified"


def test_what_the_service_does_not_vouch_for_is_nobodys_word(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.")
        life.says("UJOE", "Close it.", thread=key, verdict=Verdict.UNKNOWN)
        life.says("UBEN", "!take", thread=life.room_thread(), verdict=Verdict.UNKNOWN)
        assert [kind for kind, _ in life.said()] == ["message", "unverified", "unverified"]
        assert life.desk.ticket(1).owner_id is None


def test_a_person_starts_by_mail_links_and_goes_on_in_telegram(tmp_path: Path) -> None:
    bob = "desk_bot/4711"
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("4711", "link", words=ANN, at="-100", door="desk_bot", name="Ann")
        code = life.last(ANN, "link_code").notice.values
        assert code["who"] == "Ann (Telegram)"
        assert not life.to(bob)
        life.presses("4711", "link", words=code["code"], at="-100", door="desk_bot", name="Ann")
        linked = life.last(bob, "linked")
        assert not linked.thread.answers, "what is private is not said in a group"
        assert len([p for p in life.desk.rows(Person) if p.merged_into_id is None and p.name == "Ann"]) == 1
        life.says("UBEN", "Leave it off.", thread=life.room_thread())
        life.pass_time(seconds=30)
        assert life.last(ANN, "reply"), "they have written by mail"
        life.says("4711", "It smells.", at="4711", door="desk_bot")
        assert life.said()[-1] == ("message", "It smells.")
        life.says("UBEN", "I come.", thread=life.room_thread())
        life.pass_time(seconds=30)
        assert life.last(bob, "reply").notice.values["text"] == "I come."
        assert len(life.to(ANN, "reply")) == 1
        life.mails("ann", "Thank you for coming. It is still hot.", to="reply")
        life.says("UBEN", "It cools.", thread=life.room_thread())
        life.pass_time(seconds=30)
        assert life.last(ANN, "reply").notice.values["text"] == "It cools."


def test_nobody_links_an_agents_address(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ben", "My own laptop burns.")
        life.presses("UEVE", "link", words="ben@house.example")
        code = life.last("ben@house.example", "link_code").notice.values["code"]
        life.presses("UEVE", "link", words=code)
        assert life.last("acme/UEVE", "link_failed")
        life.mails("ann", "Help me, please.")
        life.presses("UEVE", "take", ticket=2)
        assert life.desk.ticket(2).owner_id is None


def test_a_chat_id_in_the_configuration_is_the_agents_own(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        ben = next(p for p in life.desk.rows(Person) if p.agent == "ben")
        places = {row.canonical for row in life.desk.rows(Address) if row.person_id == ben.id}
        assert places == {"ben@house.example", "acme/uben"}
        life.says("UBEN", "My own laptop burns.")
        assert life.desk.ticket(2).requester_id == ben.id
        assert life.last("acme/UBEN", "received").ticket == 2


def test_an_agents_command_in_their_own_conversation_is_answered_there(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.says("UBEN", "!take HD-1")
        assert life.desk.ticket(1).owner_id is not None
        assert life.last("acme/UBEN", "commands").thread.answers.startswith("DUBEN/")
        assert len(life.desk.rows(Ticket)) == 1


def test_an_agent_writes_down_what_somebody_asks_and_they_are_answered_by_mail(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UBEN", "!new ann@house.example\n\nThe printer burns.", at="C0HELP")
        received = life.last(ANN, "received")
        assert (received.channel, received.ticket) == ("mail", 1)


def test_a_reply_in_the_thread_of_a_ticket_closed_long_ago_opens_one_that_has_the_thread(
    tmp_path: Path,
) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.")
        life.presses("UJOE", "close", ticket=1, thread=key)
        life.pass_time(days=60)
        life.says("UJOE", "It burns again.", thread=key)
        assert life.desk.received[-1].reason is Reason.TICKET_CLOSED
        life.says("UJOE", "And it smells.", thread=key)
        assert [text for _, text in life.said(2)] == ["It burns again.", "And it smells."]


def test_a_follower_is_never_answered_in_the_requesters_conversation(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        key = life.says("UJOE", "My laptop burns.")
        life.says("UEVE", "I have a question of my own.")
        eve = life.desk.ticket(2).requester_id
        life.desk.store.write_now(lambda tx: conversation.follow(tx, 1, eve, MONDAY))
        life.says("UBEN", "Leave it off.", thread=life.room_thread())
        life.pass_time(seconds=30)
        assert life.last("acme/UJOE", "reply").thread.answers == key
        assert life.last("acme/UEVE", "reply").thread.answers == ""


def test_a_profile_tells_what_is_not_known_and_changes_nothing_that_was_stated(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        profile = {"name": "Joe Doe", "language": "it-IT", "time_zone": "Asia/Shanghai"}
        life.says("UJOE", "My laptop burns.", **profile)
        joe = next(p for p in life.desk.rows(Person) if p.name == "Joe Doe")
        assert (joe.locale, joe.time_zone) == ("it", "Asia/Shanghai")
        life.says("UJOE", "language: English")
        life.says("UJOE", "And the phone.", **{**profile, "time_zone": "Europe/Rome", "name": "Joe D."})
        joe = next(p for p in life.desk.rows(Person) if p.id == joe.id)
        assert (joe.name, joe.locale, joe.time_zone) == ("Joe Doe", "en", "Asia/Shanghai")
        life.says("UEVE", "Mine too.", language="xx", time_zone="Nowhere/At_All")
        eve = next(p for p in life.desk.rows(Person) if p.name == "Ueve")
        assert (eve.locale, eve.time_zone) == (None, None)


def test_a_status_is_told_to_who_asks_alone(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "My laptop burns.")
        life.pass_time(minutes=5)
        life.says("UJOE", "status", at="C0HELP")
        told = life.last("acme/UJOE", "status")
        assert told.thread.answers == ""
        assert [one["reference"] for one in told.notice.values["tickets"]] == ["HD-1"]


@pytest.mark.parametrize(
    ("keys", "answered", "alone"),
    [((), "C1/5", "C1/5"), (("C1/2",), "C1/2", "C1/2"), (("9/7", "9/topic/3"), "9/7", "9/7"), (("9/topic/3",), "9/topic/3", "9/topic/3")],
)  # fmt: skip
def test_where_a_message_is_answered(
    tmp_path: Path, keys: tuple[str, ...], answered: str, alone: str
) -> None:
    with chats(tmp_path) as life:
        message = replace(life.a_chat("UJOE", "x", at="C1"), external_id="C1/5", thread_keys=keys)
        assert (conversation_of(message), room_of(message)) == (answered, alone)


def test_each_workspace_is_a_door_of_its_own() -> None:
    door = {"bot_token": "xoxb-1", "app_token": "xapp-1"}
    desk = a_desk(slack={"acme": door, "beta": door, "gone": {"enabled": False}})
    assert desk.channels == {"mail": "email", "acme": "slack", "beta": "slack"}
    assert desk.door_to(Party("slack", "beta/U1"), "acme") == "beta"
    assert desk.door_to(Party("email", "ann@localhost"), "acme") == "mail"
