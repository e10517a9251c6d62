"""Whole conversations in which one or both sides are in Slack, through the running bot."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

from bot.app import App
from bot.config import Config
from bot.message import Payload
from bot.store.models import Card, Event, Inbox, Survey, Ticket
from tests.channels.slack_world import section_of
from tests.peers.slack import Conversation, Posted, SlackHouse, slack_house
from tests.running import running

ANN, BO, CARLA = "U1", "U2", "U4"
PRINTER = "The printer on the third floor prints nothing at all"


@dataclass
class Office:
    """A desk that runs, its workspace and its mail: Ann asks, Bo is an agent, Carla works elsewhere."""

    house: SlackHouse
    app: App
    folder: Path

    @property
    def room(self) -> Conversation:
        return self.house.workspace.conversations["C1"]

    @property
    def ann(self) -> Conversation:
        return self.house.workspace.direct(ANN)

    async def until(self, true: Callable[[], Any], seconds: float = 30) -> Any:
        """What a function says, once it says something."""
        async with asyncio.timeout(seconds):
            while not (found := true()):
                self.app.wake()
                await asyncio.sleep(0.05)
        return found

    async def card(self) -> Posted:
        """The card of the only ticket, once the desk knows where it stands."""
        await self.until(lambda: any(row.reference for row in self.rows(sa.select(Card.reference))))
        return self.room.messages[0]

    async def receipt(self) -> Posted:
        """The last thing that Bo alone was shown in the room."""
        return cast("Posted", await self.until(lambda: self.whispered(BO)))

    def whispered(self, user: str) -> Posted | None:
        return next((said for who, said in reversed(self.room.ephemeral) if who == user), None)

    def bot_says(self, where: Conversation) -> str:
        return "\n---\n".join(m.words() for m in where.messages if m.bot_id and not m.deleted)

    def last_with(self, where: Conversation, action: str) -> Posted | None:
        """The last message of a conversation with a button."""
        found = (m for m in reversed(where.messages) if action in m.buttons())
        return next(found, None)

    def ticket(self) -> Any:
        (found,) = self.rows(sa.select(*Ticket.__table__.c))
        return found

    def rows(self, query: Any) -> list[Any]:
        return self.app.store.read_now(lambda tx: list(tx.run(query)))

    def actions(self) -> list[str]:
        return [row.action for row in self.rows(sa.select(Event.action).order_by(Event.id))]

    def mails(self, to: str) -> list[EmailMessage]:
        """The mails that somebody has got, oldest first."""
        files = sorted((self.folder / "outbox" / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        parsed = [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]
        return [mail for mail in parsed if to in str(mail["to"])]

    def mailed(self, to: str) -> str:
        """The words of all that somebody has got by mail."""
        bodies = [mail.get_body(("plain",)) for mail in self.mails(to)]
        return "\n---\n".join(str(body.get_content()) for body in bodies if body)

    async def mail(self, sender: str, subject: str, text: str, *, answers: str = "") -> None:
        """Somebody writes a mail to the desk."""
        mail = EmailMessage()
        mail["Authentication-Results"] = "mx.desk.example; dmarc=pass header.from=desk.example"
        mail["From"], mail["To"], mail["Subject"] = sender, "help@desk.example", subject
        if answers:
            mail["In-Reply-To"] = answers
        mail.set_content(text)
        envelope = {"mail_from": sender, "rcpt_to": ["help@desk.example"], "peer": "127.0.0.1"}
        key = f"mail-{self.house.workspace.number()}"
        channel = self.app.config.smtp.name
        await self.app.intake.accept(Payload(channel, key, mail.as_bytes(), self.app.now(), envelope))

    async def presses_to_open(
        self, user: str, where: Conversation, message: Posted, action: str
    ) -> dict[str, Any]:
        """Somebody presses a button that opens a form; the form."""
        known = set(self.house.workspace.views)
        await self.house.presses(user, where, message, action)
        opened = await self.until(lambda: set(self.house.workspace.views) - known)
        return self.house.workspace.views[opened.pop()]


@asynccontextmanager
async def office(folder: Path, *, undo: str = "1s", rooms: bool = True, **more: Any) -> AsyncIterator[Office]:
    async with slack_house() as house:
        house.workspace.add_user(ANN, "Ann", locale="en-US", tz="Europe/Rome")
        house.workspace.add_user(BO, "Bo", locale="en-GB", tz="Europe/London")
        house.workspace.add_user(CARLA, "Carla")
        house.workspace.add_channel("C1", "first-line", BO, CARLA)
        section = section_of(house)
        slack = {
            "bot_token": section.bot_token,
            "app_token": section.app_token,
            "api_url": house.api_url,
            "undo": undo,
            "together": "1s",
        }
        bo = {"name": "Bo Lund", "addresses": ["bo@desk.example"], "teams": ["first-line"]}
        sections: dict[str, Any] = {
            "desk": {"address": "help@desk.example", "data": folder, "secret": "s" * 40},
            "smtp": {"enabled": False},
            "web": {"enabled": False},
            "quiet": {"enabled": False},
            "slack": {"acme": slack},
            "senders": {"trusted": ["mx.desk.example"]},
            "teams": {"first-line": {"name": "First line", "rooms": ["acme:C1"] if rooms else []}},
            "agents": {"bo": bo | ({"chats": ["acme:U2"]} if rooms else {})},
        }
        app = App(Config.model_validate({**sections, **more}))
        async with running(app):
            async with asyncio.timeout(20):
                await house.connected.wait()
            yield Office(house, app, folder)
        assert house.wrong == []


async def test_both_in_slack_from_the_first_word_to_the_rating(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        asked = await at.house.says(ANN, at.ann, PRINTER)
        hello = await at.until(lambda: at.last_with(at.ann, "close:"))
        assert "HD-1" in hello.words()
        assert hello.thread_ts == asked.ts
        assert {"add:", "status:", "urgent:", "close:"} <= set(hello.buttons())

        card = await at.card()
        await at.house.presses(BO, at.room, card, "take:")
        await at.until(lambda: "Bo Lund" in card.words())

        await at.house.says(BO, at.room, "Is the light at its front red?", thread=card.ts)
        await at.until(lambda: "light at its front" in at.bot_says(at.ann))
        await at.until(lambda: (m := at.whispered(BO)) and "Slack" in m.words())
        await at.house.says(BO, at.room, "note: it is the old one again", thread=card.ts)

        await at.house.says(ANN, at.ann, "Yes, it is red.", thread=asked.ts)
        await at.until(lambda: "Yes, it is red." in at.bot_says(at.room))
        below = [m for m in at.room.messages if "Yes, it is red." in m.words()]
        assert all(m.thread_ts == card.ts for m in below)

        form = await at.presses_to_open(BO, at.room, card, "resolve:")
        text = {"type": "plain_text_input"}
        await at.house.submits(BO, form, {
            "solution": {"solution": {**text, "value": "The drum was changed."}},
            "cause": {"cause": {**text, "value": "An old drum"}},
        })  # fmt: skip
        question = await at.until(lambda: at.last_with(at.ann, "confirm:yes"))
        assert "The drum was changed." in question.words()
        assert at.ticket().state == "resolved"
        assert at.ticket().resolution["cause"] == "An old drum"

        await at.house.presses(ANN, at.ann, question, "confirm:yes")
        survey = await at.until(lambda: at.last_with(at.ann, "rate:5"))
        await at.house.presses(ANN, at.ann, survey, "rate:5")
        thanks = await at.until(lambda: at.last_with(at.ann, "comment:"))
        comment = await at.presses_to_open(ANN, at.ann, thanks, "comment:")
        await at.house.submits(ANN, comment, {"words": {"words": {**text, "value": "Bo was quick."}}})
        await at.until(lambda: "Your words stand beside your rating" in at.bot_says(at.ann))
        await at.until(lambda: all(row.outcome for row in at.rows(sa.select(Inbox.outcome))))
        (rated,) = at.rows(sa.select(Survey.rating, Survey.comment))
        assert (rated.rating, rated.comment) == (5, "Bo was quick.")
        assert at.ticket().state == "closed"
        await at.until(lambda: "✓ Ann: Yes, it works again" in question.words() and not question.buttons())
        await at.until(lambda: "✓ Ann: 5 – Excellent" in survey.words() and survey.buttons())
        assert "old one again" not in at.bot_says(at.ann)
        assert (at.mails("ann"), at.mails("bo@desk.example")) == ([], [])


async def test_a_requester_by_mail_and_an_agent_in_slack(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.mail("ann@desk.example", "Printer", PRINTER)
        card = await at.card()
        await at.until(lambda: at.mails("ann@desk.example"))
        await at.house.says(BO, at.room, "Please turn it off and on.", thread=card.ts)
        await at.until(lambda: "turn it off and on" in at.mailed("ann@desk.example"))
        receipt = await at.receipt()
        assert "ann@desk.example" in receipt.words()

        answered = str(at.mails("ann@desk.example")[-1]["message-id"])
        await at.mail("ann@desk.example", "Re: Printer", "It did not help.", answers=answered)
        await at.until(lambda: "It did not help." in at.bot_says(at.room))
        await at.house.says(BO, at.room, "!resolve The drum was changed.", thread=card.ts)
        await at.until(lambda: "The drum was changed." in at.mailed("ann@desk.example"))
        assert at.ticket().state == "resolved"
        assert len(at.rows(sa.select(Ticket.id))) == 1


async def test_a_requester_in_slack_and_an_agent_by_mail(tmp_path: Path) -> None:
    async with office(tmp_path, rooms=False) as at:
        asked = await at.house.says(ANN, at.ann, PRINTER)
        await at.until(lambda: at.mails("bo@desk.example"))
        told = str(at.mails("bo@desk.example")[0]["message-id"])
        await at.mail("bo@desk.example", "Re: [HD-1]", "Is the light at its front red?", answers=told)
        await at.until(lambda: "light at its front" in at.bot_says(at.ann))
        assert all(m.thread_ts == asked.ts for m in at.ann.messages if m.bot_id)

        await at.house.says(ANN, at.ann, "Yes, it is red.", thread=asked.ts)
        await at.until(lambda: "Yes, it is red." in at.mailed("bo@desk.example"))
        await at.mail("bo@desk.example", "Re: [HD-1]", "#resolve The drum was changed.", answers=told)
        question = await at.until(lambda: at.last_with(at.ann, "confirm:yes"))
        assert "The drum was changed." in question.words()
        await at.house.presses(ANN, at.ann, question, "confirm:no")
        await at.until(lambda: at.ticket().state != "resolved")
        assert len(at.rows(sa.select(Ticket.id))) == 1


async def test_words_that_are_taken_back_in_time_are_never_sent(tmp_path: Path) -> None:
    async with office(tmp_path, undo="1h") as at:
        await at.house.says(ANN, at.ann, PRINTER)
        card = await at.card()
        await at.house.says(BO, at.room, "This was meant for somebody else.", thread=card.ts)
        receipt = await at.until(
            lambda: next(
                (m for _, m in at.room.ephemeral if any(a.startswith("undo:") for a in m.buttons())), None
            )
        )
        action = next(iter(receipt.buttons()))
        await at.house.presses(BO, at.room, receipt, action)
        await at.until(lambda: "reply.undone" in at.actions())
        assert "somebody else" not in at.bot_says(at.ann)


async def test_an_emoji_takes_makes_urgent_and_resolves(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.house.says(ANN, at.ann, PRINTER)
        card = await at.card()
        await at.house.reacts(BO, at.room, card, "eyes")
        await at.until(lambda: at.ticket().owner_id is not None)
        await at.house.reacts(BO, at.room, card, "rotating_light")
        await at.until(lambda: at.ticket().priority == "P1")
        await at.house.reacts(BO, at.room, card, "white_check_mark")
        await at.until(lambda: at.ticket().state == "resolved")


async def test_a_state_that_was_changed_elsewhere_sets_the_same_emoji(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        bot = at.house.workspace.bot_user

        def ours() -> set[str]:
            return {name for name, users in card.reactions.items() if bot in users}

        await at.house.says(ANN, at.ann, PRINTER)
        card = await at.card()
        assert ours() == set()
        await at.house.types(BO, at.room, "/ticket", "take HD-1")
        await at.until(lambda: ours() == {"eyes"})
        await at.house.types(BO, at.room, "/ticket", "priority HD-1 P1")
        await at.until(lambda: ours() == {"eyes", "rotating_light"})
        await at.house.types(BO, at.room, "/ticket", "resolve HD-1 The drum was changed.")
        await at.until(lambda: "white_check_mark" in ours())
        await at.house.types(BO, at.room, "/ticket", "reopen HD-1")
        await at.until(lambda: "white_check_mark" not in ours() and "eyes" in ours())


async def test_ticket_actions_in_the_menu_of_a_message_do_what_commands_cannot_inside_threads(
    tmp_path: Path,
) -> None:
    async with office(tmp_path) as at:
        await at.house.says(ANN, at.ann, PRINTER)
        card = await at.card()
        known = set(at.house.workspace.views)
        await at.house.runs_shortcut(BO, at.room, card, "ticket_actions")
        opened = await at.until(lambda: set(at.house.workspace.views) - known)
        view = at.house.workspace.views[opened.pop()]
        assert view["private_metadata"].startswith("1:")
        shown = Posted("0", BO, "", blocks=view["blocks"]).buttons()
        assert {"take:", "reply:", "priority:", "wait:", "escalate:", "resolve:", "note:"} <= set(shown)


async def test_files_go_both_ways(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        photo = ("photo.png", "image/png", b"\x89PNG\r\n\x1a\n" + b"p" * 200)
        asked = await at.house.says(ANN, at.ann, PRINTER, files=[photo])
        card = await at.card()
        await at.until(lambda: "photo.png" in str([m.shown() for m in at.room.messages]))
        manual = ("manual.txt", "text/plain", b"Turn it off.\n")
        await at.house.says(BO, at.room, "Please read this.", thread=card.ts, files=[manual])
        await at.until(lambda: "Please read this." in at.bot_says(at.ann))
        sent = await at.until(lambda: [m for m in at.ann.messages if m.files and m.bot_id])
        assert [m.thread_ts for m in sent] == [asked.ts]
        assert [at.house.workspace.files[file["id"]][1] for file in sent[0].files] == [manual[2]]


async def test_what_a_requester_changes_afterwards_is_noted_in_the_room(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        asked = await at.house.says(ANN, at.ann, PRINTER)
        await at.card()
        await at.house.edits(at.ann, asked, "The printer on the fourth floor prints nothing at all")
        await at.until(lambda: "fourth floor" in at.bot_says(at.room))
        assert len(at.rows(sa.select(Ticket.id))) == 1


async def test_a_command_is_answered_to_one_person_and_says_what_to_type(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.house.says(ANN, at.ann, PRINTER)
        await at.card()
        before = len(at.room.messages)
        await at.house.types(BO, at.room, "/ticket", "help")
        told = await at.until(lambda: at.whispered(BO))
        assert "escalate" in told.words()
        await at.house.types(BO, at.room, "/ticket", "priority HD-1 enormous")
        told = await at.until(lambda: (m := at.whispered(BO)) and "enormous" in m.words() and m)
        assert "P1" in told.words()
        assert len(at.room.messages) == before


async def test_homes_show_a_requester_their_own_and_an_agent_what_there_is_to_do(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.house.says(ANN, at.ann, PRINTER)
        await at.card()
        for user in (ANN, BO, CARLA):
            await at.house.opens_home(user)
        homes = at.house.workspace.homes
        await at.until(lambda: len(homes) == 3)
        assert "HD-1" in str(homes[ANN])
        assert "<!date^" in str(homes[ANN])
        assert "HD-1" in str(homes[BO])
        assert "HD-1" not in str(homes[CARLA])
        await at.house.presses(ANN, None, None, "close:")
        await at.until(lambda: "HD-1" not in str(homes[ANN]))
        assert at.ticket().state == "closed"


async def test_a_greeting_alone_is_no_request(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.house.says(CARLA, at.house.workspace.direct(CARLA), "hi")
        await at.until(lambda: all(row.outcome for row in at.rows(sa.select(Inbox.outcome))))
        assert at.rows(sa.select(Ticket.id)) == []


async def test_what_was_said_directly_is_shown_to_the_team_alone(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        at.house.workspace.add_channel("C2", "general", ANN, BO, CARLA)
        await at.house.says(ANN, at.ann, PRINTER)
        await at.card()
        carla = at.house.workspace.direct(CARLA)
        await at.house.types(CARLA, at.room, "/ticket", "show HD-1")
        await at.house.types(CARLA, at.room, "/ticket", "status HD-1")
        await at.until(lambda: all(row.outcome for row in at.rows(sa.select(Inbox.outcome))))
        told = [m.words() for who, m in at.room.ephemeral if who == CARLA] + [at.bot_says(carla)]
        assert not any("third floor" in words for words in told)
        assert at.house.workspace.conversations["C2"].messages == []
