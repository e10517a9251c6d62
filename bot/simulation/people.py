"""People who are made up: what they ask, how they answer, when they work, and what they do wrong."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from bot.simulation.post import Mail, Received

BY_HOUR: Final = (1, 1, 1, 1, 1, 2, 5, 20, 70, 110, 130, 110, 60, 80, 110, 120, 100, 70, 30, 10, 5, 3, 2, 1)
"""How many per cent of an ordinary working hour's requests come in each hour of the day."""

REQUESTS: Final = (
    ("Printer", "The printer on the second floor is jammed since this morning."),
    ("VPN", "I cannot connect to the VPN since 9:00. The error is 809. It is my laptop with Windows 11."),
    ("Password", "I have forgotten my password and cannot log in."),
    ("Telephone", "The line 4711 has no tone."),
    ("help!!", "help!!"),
    ("urgent", "It does not work!"),
    ("Stampante", "Buongiorno, la stampante non funziona da ieri. Grazie."),
    ("Posta", "Non riesco ad aprire la posta: dice errore di certificato."),
    ("打印机", "你好，打印机不能用了，从昨天开始。"),
    ("Licence", "Could I have a licence for the drawing program, please?"),
    ("Complaint", "I want to complain: nobody called me back last week."),
    ("Shared folder", "The shared folder of accounting is gone. Everybody in the room has it too."),
)


@dataclass(frozen=True, slots=True)
class Move:
    """Something that somebody will do. ``kind``: for the summary."""

    at: datetime
    kind: str
    mail: Mail


@dataclass
class Crowd:
    """Everybody. All chance comes from one seed, so that a day can be played again."""

    requesters: tuple[str, ...]
    agents: frozenset[str]
    zone: ZoneInfo
    dice: random.Random
    mine: dict[int, str] = field(default_factory=dict)
    """Which agent looks after a ticket."""
    done: Counter[int] = field(default_factory=Counter)
    """How often agents have acted on a ticket."""

    def arrivals(self, start: datetime, hours: float, per_hour: float) -> Iterator[Move]:
        """New requests, as they come over the day; on the weekend hardly any."""
        at, end = start, start + timedelta(hours=hours)
        while at < end:
            local = at.astimezone(self.zone)
            share = BY_HOUR[local.hour] / 100 * (0.05 if local.weekday() > 4 else 1.0)
            spell = min(timedelta(minutes=10), end - at)
            due = per_hour * share * spell.total_seconds() / 3600
            for _ in range(self._how_many(due)):
                yield self._asks(at + spell * self.dice.random())
            at += spell

    def _how_many(self, mean: float) -> int:
        """By Poisson, as a sum of waits."""
        many, waited = 0, self.dice.expovariate(1.0)
        while waited < mean:
            many, waited = many + 1, waited + self.dice.expovariate(1.0)
        return many

    def _asks(self, at: datetime) -> Move:
        sender = self.dice.choice(self.requesters)
        if self.dice.random() < 0.04:
            return Move(at, "asks for the status", Mail(sender, "status", "status"))
        if self.dice.random() < 0.04:
            machine = {"Auto-Submitted": "auto-replied"}
            text = "I am out of the office until Monday."
            return Move(at, "is a machine", Mail(sender, "Out of office", text, headers=machine))
        subject, text = self.dice.choice(REQUESTS)
        return Move(at, "asks", Mail(sender, subject, text))

    def reacts(self, mail: Received, now: datetime) -> Iterator[Move]:
        """What somebody makes of a mail of the desk's."""
        if mail.to in self.agents:
            yield from self._agent(mail, now)
        else:
            yield from self._requester(mail, now)

    def _requester(self, mail: Received, now: datetime) -> Iterator[Move]:
        chances = {
            "received": ((0.25, "answers the questions", _ANSWERED),),
            "reply": ((0.3, "says more", "It is the one beside the window."), (0.2, "thanks", "Thank you!")),
            "progress": ((0.35, "says more", "Here is what you asked for: it is device 17."),),
            "resolved": (
                (0.5, "says that it works", "Yes"),
                (0.12, "says that it does not work", "No, it still does not work."),
                (0.08, "thanks", "Thanks!"),
            ),
            "confirm_reminder": ((0.5, "says that it works", "Yes"),),
            "survey": ((0.6, "rates", self._digit()),),
            "late": ((0.2, "asks for the status", "status"),),
            "delayed": ((0.05, "asks for the status", "status"),),
        }.get(mail.event, ())
        if mail.event == "received" and not mail.values.get("questions"):
            return
        dice = self.dice.random()
        for chance, kind, text in chances:
            if dice < chance:
                at = now + timedelta(minutes=3 + self.dice.expovariate(1 / 35))
                wrongly = self.dice.random() < 0.03
                sender = self.dice.choice(self.requesters) if wrongly else mail.to
                did = "answers in another's thread" if wrongly else kind
                yield Move(at, did, Mail(sender, _re(mail.subject), text, mail))
                return
            dice -= chance

    def _digit(self) -> str:
        return self.dice.choices("54321", weights=(45, 30, 12, 6, 7))[0]

    def _agent(self, mail: Received, now: datetime) -> Iterator[Move]:
        number, me = mail.ticket, mail.to
        if mail.event == "commands":
            if any(one.get("code") == "unknown-verb" for one in mail.values.get("problems", ())):
                yield self._does(mail, now, 3, "puts a command right", "#resolve\nIt works again.")
            return
        if mail.event == "new_ticket" and number not in self.mine:
            if mail.values.get("yours") or self.dice.random() < 0.5:
                self.mine[number] = me
                yield from self._begins(mail, now)
            return
        if self.done[number] >= 8 or self.mine.setdefault(number, me) != me:
            return
        if mail.event == "requester_wrote" and mail.values.get("standing") != "thanks":
            yield self._does(mail, now, 40, "resolves", _RESOLVED)
        elif mail.event in {"warning", "breached", "handed_over", "escalated"}:
            yield self._does(mail, now, 30, "resolves", _RESOLVED)
        elif mail.event == "update_due":
            yield self._does(mail, now, 10, "says how it stands", "#update still")

    def _begins(self, mail: Received, now: datetime) -> Iterator[Move]:
        ways = (
            (40, "takes and answers", "#take\n\nHello, we are looking into it."),
            (22, "resolves at once", _RESOLVED),
            (14, "waits for the requester", "#take\n#wait requester\n\nHello, which device is it?"),
            (8, "escalates", "#take\n#escalate It needs somebody who knows the network."),
            (8, "notes", "#take\n#note Third time this month.\n#priority P2"),
            (5, "mistypes a command", "#resolv\n\nIt works again."),
            (3, "forgets it", ""),
        )
        _, kind, text = self.dice.choices(ways, weights=[way[0] for way in ways])[0]
        slow = 8 if self.dice.random() < 0.12 else 1
        if text:
            first = self._does(mail, now, 25 * slow, kind, text)
            yield first
            if kind in {"takes and answers", "notes"}:
                yield self._does(mail, first.at, 100 * slow, "resolves", _RESOLVED)

    def _does(self, mail: Received, now: datetime, minutes: float, kind: str, text: str) -> Move:
        self.done[mail.ticket] += 1
        at = self._at_work(now + timedelta(minutes=2 + self.dice.expovariate(1 / minutes)))
        return Move(at, kind, Mail(mail.to, _re(mail.subject), text, mail))

    def _at_work(self, at: datetime) -> datetime:
        """Agents work from 9 to 18 o'clock on weekdays."""
        local = at.astimezone(self.zone)
        if local.hour >= 18:
            local = (local + timedelta(days=1)).replace(hour=9, minute=self.dice.randrange(30))
        elif local.hour < 9:
            local = local.replace(hour=9, minute=self.dice.randrange(30))
        while local.weekday() > 4:
            local += timedelta(days=1)
        return local.astimezone(at.tzinfo)


_ANSWERED: Final = "1. It does not start.\n2. Since yesterday.\n3. A laptop with Windows 11."
_RESOLVED: Final = "#resolve\nThe service was started anew, and the setting was put right."


def _re(subject: str) -> str:
    return subject if subject.lower().startswith("re:") else f"Re: {subject}"
