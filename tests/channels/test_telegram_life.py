"""Whole conversations by Telegram, through the running bot."""

from __future__ import annotations

import re
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.message import Payload
from bot.store.models import Ticket
from tests.channels.telegram_world import ANNA, BEN, EVE, TEAM, TelegramWorld, telegram_world


async def test_a_message_opens_a_ticket_with_a_topic_and_the_agents_words_come_back(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        asked = await world.house.says(ANNA, "The printer on floor 2 is on fire")
        await world.until(lambda: "HD-1" in world.said_to(ANNA))
        await world.until(lambda: world.team.topics)
        topic = next(iter(world.team.topics))
        await world.until(lambda: world.team.texts(topic))
        assert world.team.topics[topic]["name"].startswith("HD-1 \u00b7 new \u00b7 The printer")
        assert world.house.world.chats[ANNA].last().answers == asked.id

        await world.house.says(BEN, "Somebody is on the way with water.", world.team, topic=topic)
        await world.until(lambda: "on the way with water" in world.said_to(ANNA))


async def test_an_agent_works_in_the_topic_and_it_follows_the_ticket(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        await world.house.says(ANNA, "The printer on floor 2 is on fire")
        await world.until(lambda: world.team.topics)
        topic = next(iter(world.team.topics))
        await world.until(lambda: world.team.texts(topic))
        card = world.team.last()
        await world.house.presses(BEN, card, "take", world.team)
        await world.until(lambda: world.team.topics[topic]["name"].startswith("HD-1 \u00b7 open"))
        await world.until(lambda: "Ben Lee" in card.text)

        await world.house.says(BEN, "note: the toner is empty", world.team, topic=topic)
        await world.house.says(BEN, "/resolve Toner was changed.", world.team, topic=topic)
        await world.until(lambda: "Toner was changed" in world.said_to(ANNA))
        assert "toner is empty" not in world.said_to(ANNA)
        assert world.tickets()[0].state == "resolved"


async def test_j14_in_a_topic_only_agents_have_power(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        await world.house.says(ANNA, "The printer on floor 2 is on fire")
        await world.until(lambda: world.team.topics)
        topic = next(iter(world.team.topics))
        await world.until(lambda: world.team.texts(topic))
        world.house.world.users[EVE] |= {"first_name": "Ben", "last_name": "Lee"}
        await world.house.presses(EVE, world.team.last(), "take", world.team)
        await world.house.says(EVE, "/resolve done", world.team, topic=topic)
        await world.house.says(EVE, "Your password, please", world.team, topic=topic)
        await world.until(lambda: [row for row in world.inbox() if row.outcome] and len(world.inbox()) == 4)
        await world.until(lambda: all(row.outcome for row in world.inbox()))
        assert world.tickets()[0].state == "new"
        assert "password" not in world.said_to(ANNA)


async def test_a_requester_starts_asks_and_closes(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        await world.house.says(ANNA, "/start")
        await world.until(lambda: "How can we help?" in world.said_to(ANNA))
        await world.house.says(ANNA, "/new")
        await world.until(lambda: "/new" in world.said_to(ANNA))
        prompt = world.house.world.chats[ANNA].last()
        await world.house.says(ANNA, "I need a chair", answers=prompt)
        await world.until(lambda: "HD-1" in world.said_to(ANNA))
        await world.house.says(ANNA, "/status")
        await world.until(lambda: "status" in [row.event for row in world.outbox()])
        await world.house.says(ANNA, "/close")
        await world.until(lambda: world.tickets()[0].state == "closed")
        assert len(world.tickets()) == 1


async def test_a_requester_by_mail_and_an_agent_in_telegram_and_on_in_telegram_after_linking(
    tmp_path: Path,
) -> None:
    async with telegram_world(tmp_path, senders={"check": "off", "trusted": []}) as world:
        raw = b"From: Anna <anna@house.example>\r\nTo: help@house.example\r\nSubject: Printer\r\n\r\nIt is on fire.\r\n"
        envelope = {"mail_from": "anna@house.example", "rcpt_to": ["help@house.example"], "peer": "192.0.2.1"}
        mail = Payload(world.app.config.smtp.name, "mail-1", raw, world.app.now(), envelope)
        await world.app.intake.accept(mail)
        await world.until(lambda: world.team.topics)
        topic = next(iter(world.team.topics))
        await world.until(lambda: world.team.texts(topic))
        await world.house.says(BEN, "Bring it outside, please.", world.team, topic=topic)
        await world.until(lambda: "Bring it outside" in "".join(mails(tmp_path)))

        await world.house.says(ANNA, "/link anna@house.example")
        await world.until(lambda: codes(tmp_path))
        await world.house.says(ANNA, f"/link {codes(tmp_path)[-1]}")
        await world.until(lambda: "linked" in [row.event for row in world.outbox()])
        await world.house.says(ANNA, "It stands outside now.")
        await world.until(lambda: "It stands outside now" in world.said_to(TEAM))
        await world.house.says(BEN, "Thank you, we come.", world.team, topic=topic)
        await world.until(lambda: "Thank you, we come" in world.said_to(ANNA))
        assert len(world.tickets()) == 1


def written(folder: Path) -> list[EmailMessage]:
    """The mails that have gone out."""
    files = sorted((folder / "outbox" / "new").glob("*"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def mails(folder: Path) -> list[str]:
    """Their words."""
    return [str(body.get_content()) for mail in written(folder) if (body := mail.get_body(("plain",)))]


def codes(folder: Path) -> list[str]:
    """The one-time codes that have gone out by mail."""
    return re.findall(r"\b[A-Z2-9]{5}-[A-Z2-9]{5}\b", "\n".join(mails(folder)))


async def test_who_asks_in_telegram_is_answered_by_an_agent_who_has_only_mail(tmp_path: Path) -> None:
    by_mail: dict[str, Any] = {
        "teams": {"first-line": {"name": "First line"}},
        "agents": {"ben": {"name": "Ben Lee", "addresses": ["ben@house.example"], "teams": ["first-line"]}},
        "senders": {"trusted": ["mx.house.example"], "front": ["192.0.2.0/24"]},
    }
    async with telegram_world(tmp_path, **by_mail) as world:
        await world.house.says(ANNA, "The printer on floor 2 is on fire and I cannot put it out")
        await world.until(lambda: "on fire" in "".join(mails(tmp_path)))
        notice = written(tmp_path)[-1]
        for number, words in enumerate(("Somebody is on the way with water.", "#resolve Toner was changed.")):
            answer = (
                f"Authentication-Results: mx.house.example; dmarc=pass header.from=house.example\r\n"
                f"From: Ben <ben@house.example>\r\nTo: {notice['Reply-To']}\r\nSubject: Re: {notice['Subject']}\r\n"
                f"Message-ID: <answer-{number}@house.example>\r\nIn-Reply-To: {notice['Message-ID']}\r\n\r\n"
                f"{words}\r\n"
            )
            envelope = {
                "mail_from": "ben@house.example", "rcpt_to": [str(notice["Reply-To"])], "peer": "192.0.2.1",
            }  # fmt: skip
            channel = world.app.config.smtp.name
            mail = Payload(channel, f"answer-{number}", answer.encode(), world.app.now(), envelope)
            await world.app.intake.accept(mail)
        await world.until(lambda: "on the way with water" in world.said_to(ANNA))
        await world.until(lambda: "Toner was changed" in world.said_to(ANNA))
        assert [(row.channel, row.state) for row in world.tickets()] == [("tg", "resolved")]
        await world.house.says(ANNA, "No, it burns again, more than before")
        await world.until(lambda: "burns again" in "".join(mails(tmp_path)))


async def test_j12_who_blocks_the_bot_is_tried_once_and_the_room_knows(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        await world.house.says(ANNA, "The printer on floor 2 is on fire and I cannot put it out")
        await world.until(lambda: world.team.topics and "HD-1" in world.said_to(ANNA))
        topic = next(iter(world.team.topics))
        await world.until(lambda: world.team.texts(topic) and world.team.last().pinned)  # the card
        chat = world.house.world.chats[ANNA]
        chat.blocked = True
        before = len(tries(world))
        await world.house.says(BEN, "Somebody is on the way.", world.team, topic=topic)
        await world.until(lambda: "blocked the bot" in world.said_to(TEAM))
        await world.house.says(BEN, "/wait supplier", world.team, topic=topic)
        await world.until(lambda: world.tickets()[0].state == "waiting")
        await world.until(lambda: "delivery.suppressed" in [row.action for row in world.events()])
        assert len(tries(world)) == before + 1
        chat.blocked = False
        await world.house.says(ANNA, "I am back, and it burns still")
        await world.house.says(BEN, "Water is there now.", world.team, topic=topic)
        await world.until(lambda: "Water is there now" in world.said_to(ANNA))


def tries(world: TelegramWorld) -> list[str]:
    """All that was to be said to Anna."""
    return [one["text"] for one in world.house.called("sendMessage") if one["chat_id"] == ANNA]


async def test_what_is_missing_is_asked_step_by_step(tmp_path: Path) -> None:
    async with telegram_world(tmp_path) as world:
        await world.house.says(ANNA, "help!!")
        chat = world.house.world.private(ANNA)
        await world.until(lambda: "What happens?" in world.said_to(ANNA))
        assert list(chat.last().buttons()) == ["Skip"]
        assert any("HD-1" in text and "one at a time" in text for text in chat.texts())
        await world.until(lambda: sent(world, "question") == 1)
        await world.house.says(ANNA, "The screen is black.", date=int(time.time()))
        await world.until(lambda: "Since when?" in chat.last().text)
        question = chat.last()
        assert list(question.buttons())[-1] == "Skip"
        await world.house.presses(ANNA, question, "Since yesterday")
        await world.house.presses(ANNA, question, "Since yesterday")
        await world.until(lambda: not question.buttons())
        await world.until(lambda: "What were you doing" in chat.last().text)
        assert "\u2713 Since yesterday" in chat.last().text
        await world.until(lambda: all(row.outcome for row in world.inbox()))
        fields = world.rows(sa.select(Ticket.fields))[0][0]
        assert fields == {
            "what": "The screen is black.",
            "since": "Since yesterday",
            "doing": "",
            "error": "",
        }
        await world.until(lambda: "Since yesterday" in world.said_to(TEAM))


def sent(world: TelegramWorld, event: str) -> int:
    """How many messages of an event have arrived."""
    return sum(row.event == event and row.state == "sent" for row in world.outbox())
