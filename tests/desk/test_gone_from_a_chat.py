"""Somebody has blocked the bot, or left the chat program: nothing more goes there, and nothing is lost (J12)."""

from __future__ import annotations

from pathlib import Path

from bot.desk import deliveries
from bot.desk.screening import MOST_BOUNCES
from bot.mail.addresses import canonical
from bot.message import EMAIL, OutgoingMessage, Party
from bot.store import people
from bot.store.engine import Tx
from bot.store.models import OutboxState
from tests.desk.by_chat import Chats, chats

BOB = "4711"
THERE = f"desk_bot/{BOB}"
WORDS = "My printer on the second floor burns, and nobody dares to go near it."


def blocks(life: Chats, message: OutgoingMessage) -> None:
    """The service says so when this message is sent to them."""

    def unit(tx: Tx) -> None:
        people.bounced(tx, "telegram", canonical(THERE), life.desk.clock(), times=MOST_BOUNCES)
        deliveries.ended(tx, message, OutboxState.FAILED, "Forbidden", life.desk.desk, life.desk.clock())

    life.desk.store.write_now(unit)
    life.deliver()


def has_mail(life: Chats) -> None:
    def unit(tx: Tx) -> None:
        known = people.find(tx, "telegram", canonical(THERE))
        assert known is not None
        assert people.give_address(tx, known.id, Party(EMAIL, "bob@house.example"), "bob@house.example")

    life.desk.store.write_now(unit)


def answered(life: Chats, words: str) -> OutgoingMessage:
    life.presses("UBEN", "reply", ticket=1, words=words)
    life.pass_time(seconds=30)  # it could be taken back until now
    return next(m for m in reversed(life.sent) if m.notice.event == "reply")


def test_j12_who_has_blocked_the_bot_gets_the_answer_by_mail_and_the_agents_know(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says(BOB, WORDS, at=BOB, door="desk_bot")
        has_mail(life)
        blocks(life, answered(life, "Take the stairs."))
        mail = life.last("bob@house.example", "reply")
        assert (mail.notice.values["text"], mail.channel) == ("Take the stairs.", "mail")
        told = life.last("acme/C0TEAM", "bounced").notice.values
        assert (told["address"], told["door"], told["again"]) == (BOB, "Telegram", "bob@house.example")
        before = len(life.to(THERE))
        assert answered(life, "Somebody comes.").to.address == "bob@house.example"
        life.presses("UBEN", "resolve", ticket=1, words="A new fuser.")
        assert len(life.to(THERE)) == before, "nothing more goes there"


def test_j12_who_cannot_be_reached_otherwise_is_left_alone_and_the_agents_know(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says(BOB, WORDS, at=BOB, door="desk_bot")
        blocks(life, life.last(THERE, "received"))
        assert len(life.in_room("bounced")) == 1, "the agents know, although no person wrote it"
        before = len(life.to(THERE))
        life.presses("UBEN", "wait", ticket=1, words="supplier")
        assert len(life.to(THERE)) == before
        assert "delivery.suppressed" in life.desk.actions(1)


def test_j12_the_agents_are_told_once_about_what_a_machine_wrote(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says(BOB, WORDS, at=BOB, door="desk_bot")
        for _ in range(3):
            blocks(life, life.last(THERE, "received"))
        assert len(life.in_room("bounced")) == 1


def test_j12_who_writes_again_is_written_to_again(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.says(BOB, WORDS, at=BOB, door="desk_bot")
        has_mail(life)
        blocks(life, life.last(THERE, "received"))
        assert life.last("bob@house.example", "received").ticket == 1
        life.says(BOB, "I am back.", at=BOB, door="desk_bot")
        assert answered(life, "Welcome.").to.address == THERE


def test_one_bounce_of_a_mailbox_is_one_bounce(tmp_path: Path) -> None:
    with chats(tmp_path) as life:
        life.mails("ann", WORDS)
        life.desk.store.write_now(
            lambda tx: people.bounced(tx, EMAIL, "ann@house.example", life.desk.clock())
        )
        assert answered(life, "Take the stairs.").to.address == "ann@house.example"
