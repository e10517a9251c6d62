"""What goes wrong with real mail, between Postfix, Dovecot, people's mail programs and the desk: outages,
mail that comes back, and machines that answer machines.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.message import Kind
from bot.store.models import Entry, Inbox, Outbox, Ticket
from tests.faults.process import Bot
from tests.peers.mail_clients import Mutt, letter, login, swaks
from tests.peers.mail_house import MailHouse, address, until
from tests.real_desk import (
    HELP,
    configuration,
    happened,
    outcomes,
    rows,
    running,
    settled,
    states,
    waiting,
    words_of,
)


@pytest.fixture
def desk(mail_programs: None, mail_house: MailHouse, tmp_path: Path) -> dict[str, Any]:
    """The sections of its configuration."""
    return configuration(mail_house, tmp_path / "desk")


async def test_mail_waits_in_postfix_while_the_desk_has_no_room_or_is_away_and_none_is_lost_or_doubled(
    mail_house: MailHouse, desk: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    postfix = mail_house.postfix
    full = desk | {"smtp": desk["smtp"] | {"min_free_mb": 10**9}}
    async with running(full) as app:
        swaks(postfix.mx, *letter("carla", "Before the weekend"))
        await until(lambda: "452 4.3.1" in waiting(postfix))
        assert await rows(app, Inbox) == []

    # Now the desk is stopped: Postfix finds nobody at the door.
    swaks(postfix.mx, *letter("carla", "At the weekend"))
    postfix.flush()
    await until(lambda: waiting(postfix).count("refused") == 2)

    # What listens there is not the desk that Postfix knows.
    stranger = {"certificate": mail_house.certificate.file, "key": mail_house.certificate.key}
    async with running(desk | {"smtp": desk["smtp"] | stranger}) as app:
        postfix.flush()
        await until(lambda: waiting(postfix).count("certificate not verified") == 2)
        assert await rows(app, Inbox) == []
    assert "eof_received" not in caplog.text  # Postfix left in the moment in which TLS stood

    async with running(desk) as app:
        await asyncio.to_thread(postfix.drain)
        await mail_house.arrived("carla", 2)
        await settled(app, 2)
        assert sorted(row.subject for row in await rows(app, Ticket)) == [
            "At the weekend",
            "Before the weekend",
        ]
    assert postfix.queue() == []


@pytest.mark.faults
async def test_mail_through_postfix_survives_a_desk_that_is_killed_again_and_again(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    """250 mails, and ``kill -9`` eight times while Postfix hands them over."""
    postfix = mail_house.postfix
    names = {
        "DESK__ADDRESS": HELP,
        "DESK__DATA": str(desk["desk"]["data"]),
        "DESK__SECRET": desk["desk"]["secret"],
        "SMTP__PORT": str(postfix.desk_smtp),
        "SMTP__TLS": "required",
        "SMTP__CERTIFICATE": str(mail_house.desk_certificate.file),
        "SMTP__KEY": str(mail_house.desk_certificate.key),
        "LIMITS__TICKETS_PER_SENDER_HOUR": "1000",
    }
    bot = Bot(tmp_path, environment={f"DESKBOT_{name}": value for name, value in names.items()})
    await asyncio.to_thread(postfix.pour, 250, address("carla"), HELP)
    left = []
    for life in range(8):
        bot.start()
        await asyncio.to_thread(bot.await_ready)
        postfix.flush()
        await asyncio.sleep(0.05 + life % 4 / 20)  # it is killed at any moment of its work
        bot.kill()
        left.append(len(postfix.queue()))
    assert any(0 < count < 250 for count in left), left
    desk["limits"] = {"tickets_per_sender_hour": 1000}
    async with running(desk) as app:
        await asyncio.to_thread(postfix.drain)
        await settled(app, 250)
        assert await outcomes(app) == [("opened", "new")] * 250
        assert len({row.external_id for row in await rows(app, Entry)}) == 250


async def test_e5_an_answer_that_comes_back_is_told_to_the_agent_who_wrote_it(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    anna = Mutt(mail_house, "anna", "Anna Rossi", tmp_path)
    async with running(desk) as app:
        # Nobody can be reached there: the acknowledgement has no sender to go back to, and ends.
        swaks(mail_house.postfix.mx, *letter("gone", "I am leaving today"))
        await mail_house.arrived("anna", 1)

        anna.reply_to_last("Good bye!")
        told = (await mail_house.arrived("anna", 2))[1]
        assert address("gone") in words_of(told)
        await settled(app, 3)
        assert await outcomes(app) == [
            ("opened", "new"),
            ("commanded", "by-agent"),
            ("appended", "our-bounce"),
        ]
        (event,) = await happened(app, "address.bounced")
        (lost,) = [row.token for row in await rows(app, Outbox) if row.kind == Kind.REPLY]
        report = {"address": address("gone"), "permanent": True, "status": "5.1.1"}
        assert event.after == report | {"original": lost, "counted": True}
        assert [row.recipient for row in await rows(app, Outbox)].count(address("gone")) == 2
    assert mail_house.postfix.queue() == []


async def test_an_address_that_the_relay_refuses_is_seen_in_the_ticket(
    mail_house: MailHouse, desk: dict[str, Any], tmp_path: Path
) -> None:
    anna = Mutt(mail_house, "anna", "Anna Rossi", tmp_path)
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("refused", "Hello"))
        await mail_house.arrived("anna", 1)
        anna.reply_to_last("Good day!")
        await settled(app, 2)
        ended = await happened(app, "delivery.ended")
        assert [(event.after["kind"], event.after["state"]) for event in ended] == [
            ("acknowledgement", "failed"),
            ("reply", "failed"),
        ]
        assert "nobody of that name works here" in ended[1].after["result"]
        told = (await mail_house.arrived("anna", 2))[1]
        assert address("refused") in words_of(told)
        assert "nobody of that name works here" in words_of(told)


@pytest.mark.parametrize("signs", [("marked", "names"), ("names",), ("marked",), ()], ids="+".join)
async def test_e4_the_machine_of_somebody_absent_comes_to_rest(
    signs: tuple[str, ...], mail_house: MailHouse, desk: dict[str, Any]
) -> None:
    """It marks itself as a machine, or not; it names the mail that it answers, or not."""
    marked, names = "marked" in signs, "names" in signs
    machine = Vacation(mail_house, "carla", marked=marked, names=names)
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("carla", "The door is locked"))
        await rest(app, 1, machine)
        tickets = len(await states(app))
        sent = [row.kind for row in await rows(app, Outbox) if row.recipient == address("carla")]
        budget = app.config.limits.sender_per_hour
        assert sent == ["acknowledgement"] * (1 if marked or names else budget)
        assert tickets == (1 if names else machine.answered + 1)
        assert set(await states(app)) == {"new"}


@pytest.mark.faults
async def test_e3_two_machines_that_answer_each_other_through_the_desk_come_to_rest(
    mail_house: MailHouse, desk: dict[str, Any]
) -> None:
    """The agent is away as well, and both machines hide what they are."""
    machines = [Vacation(mail_house, name, marked=False, names=True) for name in ("carla", "anna")]
    async with running(desk) as app:
        swaks(mail_house.postfix.mx, *letter("carla", "The door is locked"))
        await rest(app, 1, *machines)
        assert max(machine.answered for machine in machines) <= 12
        assert len(await states(app)) == 1


# The machines


class Vacation:
    """A machine that answers every mail of a mailbox. ``names``: it says which one it answers."""

    def __init__(self, house: MailHouse, name: str, *, marked: bool, names: bool) -> None:
        self.house = house
        self.name = name
        self.answered = 0
        self._names = names
        self._marks = ["--add-header", "Auto-Submitted: auto-replied"] if marked else []

    def answer(self) -> int:
        """Answer what is new; how much there was."""
        new = self.house.mailbox(self.name)[self.answered :]
        for mail in new:
            self.answered += 1
            subject = f"Re: {mail['Subject']}" if self._names else f"I am away ({self.answered})"
            arguments = letter(self.name, subject, "I am away until the ninth.", *self._marks)
            if self._names:
                arguments += ["--add-header", f"In-Reply-To: {mail['Message-ID']}"]
            swaks(self.house.postfix.submission, *login(self.name), *arguments)
        return len(new)


async def rest(app: App, mails: int, *machines: Vacation) -> None:
    """Let machines answer until nothing comes any more. Raises ``AssertionError`` when they never stop."""
    for _ in range(50):
        await settled(app, mails + sum(machine.answered for machine in machines))
        await until(lambda: not machines[0].house.postfix.queue())
        if sum(machine.answer() for machine in machines) == 0:
            return
    raise AssertionError([machine.answered for machine in machines])
