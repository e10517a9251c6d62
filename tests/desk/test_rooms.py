"""Where a team works in a chat: cards, threads, and who counts there."""

from __future__ import annotations

from pathlib import Path

from bot.desk.outcome import Reason, Result
from bot.message import Kind
from tests.desk.by_chat import ROOM, a_file, chats, with_rooms


def test_a_new_ticket_has_its_card_in_the_teams_room_and_no_other_notice_there(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        assert [m.notice.event for m in life.in_room()] == ["card"]
        card = life.in_room("card")[0]
        assert card.kind is Kind.CARD
        assert not card.thread.card
        assert card.notice.values["text"] == "The printer burns."
        assert next(c.verb for c in card.choices) == "take"


def test_who_is_not_in_the_room_still_gets_a_mail_and_who_is_gets_none(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        assert [m.notice.event for m in life.to("mia@house.example")] == ["new_ticket"]
        assert not life.to("ben@house.example")


def test_a_card_is_changed_in_place(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "take", ticket=1, at=ROOM)
        cards = life.in_room("card")
        assert len(cards) == 2
        assert cards[1].thread.card
        assert cards[1].notice.values["owner"] == "Ben Lee"
        assert "take" not in [c.verb for c in cards[1].choices]


def test_of_many_changes_that_nobody_has_seen_one_card_is_posted(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        for priority in ("P2", "P3", "P1"):
            life.desk.receive(life.a_chat("UBEN", f"!priority {priority}", thread=life.room_thread()))
        life.deliver()
        assert [m.notice.values["priority"] for m in life.in_room("card")][-1] == "P1"
        assert len(life.in_room("card")) == 2


def test_e14_what_is_said_in_a_ticket_is_said_in_its_room_but_never_where_it_came_from(
    tmp_path: Path,
) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.mails("ann", "It is out now.", to="received")
        assert life.in_room("said")[-1].notice.values["text"] == "It is out now."
        thread = life.room_thread()
        before = len(life.in_room())
        life.says("UBEN", "Leave it off, please.", thread=thread)
        life.pass_time(seconds=30)
        assert not [m for m in life.in_room("said")[1:] if "Leave it off" in str(m.notice.values)]
        assert life.last("ann@house.example", "reply").notice.values["text"] == "Leave it off, please."
        life.mails("mia", "I go there.", to="new_ticket")
        assert life.in_room("said")[-1].notice.values["text"] == "I go there."
        assert len(life.in_room()) > before


def test_i12_in_a_room_nobody_but_agents_counts(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.mails("ann", "More.", to="received")
        thread = life.room_thread()
        for who in ("UEVE", "UOLD"):
            life.says(who, "!close", thread=thread, name="Ben Lee")
            life.says(who, "Close it.", thread=thread, name="Ben Lee")
        life.pass_time(seconds=30)
        assert life.desk.ticket(1).state == "new"
        assert [kind for kind, _ in life.said()] == ["message", "message", *["unverified"] * 4]
        assert not life.to("ann@house.example", "reply")
        assert {o.reason for o in life.desk.received[2:]} == {Reason.NOT_PARTICIPANT}


def test_j14_an_agent_is_an_id_and_no_name(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        outcome = life.presses("UEVE", "take", ticket=1, at=ROOM, name="Ben Lee")
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.NOT_ALLOWED)


def test_d12_who_has_left_has_no_power_in_a_chat(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        outcome = life.presses("UOLD", "take", ticket=1, at=ROOM)
        assert (outcome.result, outcome.reason) == (Result.IGNORED, Reason.NOT_ALLOWED)
        assert life.desk.ticket(1).owner_id is None


def test_a_note_in_a_thread_never_reaches_the_requester(tmp_path: Path) -> None:
    notes = (
        "note: he pays late",
        "*Nota:* paga tardi",
        "备注：付款晚",
        "备注: 付款晚",
        "!note he pays late",
        "＃note 付款晚",
    )
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.mails("ann", "More.", to="received")
        thread = life.room_thread()
        for note in notes:
            life.says("UBEN", f"{note}\n\nand more of it", thread=thread)
        life.pass_time(minutes=5)
        assert [kind for kind, _ in life.said()] == ["message", "message", *["note"] * len(notes)]
        assert all("and more of it" in text for kind, text in life.said() if kind == "note")
        assert not [m for m in life.to("ann@house.example") if "late" in str(m.notice.values)]


def test_a_command_that_is_not_understood_is_answered_to_its_agent_alone_in_the_thread(
    tmp_path: Path,
) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.mails("ann", "More.", to="received")
        thread = life.room_thread()
        life.says("UBEN", "!tkae", thread=thread)
        life.says("UBEN", "!take\n\nI am on it", thread=thread)
        life.pass_time(minutes=5)
        answers = life.to("acme/UBEN", "commands")
        assert [m.thread.answers for m in answers] == [thread, thread]
        assert [m.notice.values["problems"][0]["code"] for m in answers] == ["unknown-verb", "too-much"]
        assert life.desk.ticket(1).owner_id is None
        assert not life.to("ann@house.example", "reply")


def test_what_a_card_has_no_room_for_stands_below_it(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "It burns. " * 100)
        assert len(life.in_room("said")[0].notice.values["text"]) > 900
        life.says("UJOE", "A picture of it", attachments=(a_file(),))
        assert life.in_room("said")[-1].attachments


def test_a_ticket_from_a_direct_message_is_seen_in_its_teams_room_alone(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says("UJOE", "My salary is wrong.")
        places = {m.to.address for m in life.sent}
        assert places == {f"acme/{ROOM}", "acme/UJOE", "mia@house.example"}


def test_a_team_without_a_room_is_told_by_mail_and_the_old_room_goes_on(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", "The printer burns.")
        life.presses("UBEN", "escalate", ticket=1, at=ROOM, words="too hot")
        life.mails("ann", "It is worse.", to="received")
        assert life.to("sue@house.example", "escalated")
        assert life.in_room("said")[-1].notice.values["text"] == "It is worse."


def test_a_team_in_two_rooms_has_two_cards(tmp_path: Path) -> None:
    teams = with_rooms({"first-line": [f"acme:{ROOM}", "desk_bot:-100"]})
    with chats(tmp_path, teams=teams) as life:
        life.mails("ann", "The printer burns.")
        assert life.in_room("card")
        assert life.to("desk_bot/-100", "card")
        life.mails("ann", "More.", to="received")
        life.says("UBEN", "note: two rooms", thread=life.room_thread())
        assert life.to("desk_bot/-100", "said")[-1].notice.values["text"] == "two rooms"
        assert life.in_room("said")[-1].notice.values["text"] == "More."
