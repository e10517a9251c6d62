"""How a request is read: category, impact, urgency, priority, team, language.

The table ``[[rules]]`` is read from the top; then the category fills what is still open; then impact and urgency
make the priority. Every step says what it rests on, in the administrator's own words. ``docs/rules.md`` is the
guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, Final

from bot.config import DEGREES, Category, Degree, Rule
from bot.desk import table, wording
from bot.desk.desk import Desk
from bot.desk.reasons import Kept, english, reason
from bot.desk.table import Facts, Row
from bot.message import Automation, IncomingMessage, Verdict

_SETS: Final = ("category", "impact", "urgency", "team", "language")


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules make of a request. ``steps`` says why, one line for each decision."""

    priority: str
    queue: str
    category: str | None = None
    impact: Degree | None = None
    urgency: Degree | None = None
    locale: str | None = None
    major: str = ""
    """Why it is a major incident; empty: it is none."""
    steps: tuple[Kept, ...] = ()
    sign: tuple[str, str] = ("", "")
    """What told of the major incident, for whoever has to say it in another language: "word", "sender" or "rule",
    and which one."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule of the table has to say of a message."""

    rule: Rule
    holds: bool
    reason: Kept
    header_alone: bool = False

    @property
    def because(self) -> str:
        """The reason in English."""
        return english(self.reason)

    @property
    def sets(self) -> dict[str, Any]:
        """What follows from the rule when it holds."""
        return {name: value for name in _SETS if (value := getattr(self.rule, name))}


@dataclass(slots=True)
class _Read:
    """What has been decided so far."""

    values: dict[str, Any] = field(default_factory=dict)
    doubtful: set[str] = field(default_factory=set)
    """What rests on a header alone, which the sender's program writes."""
    steps: list[Kept] = field(default_factory=list)

    def take(self, finding: Finding) -> None:
        """What a rule that holds sets; what stands already stays, unless the rule overrides."""
        rule = finding.rule
        new = {n: v for n, v in finding.sets.items() if rule.override or n not in self.values}
        self._put(new, doubtful=finding.header_alone)
        code = "rule" if new else "rule-major" if rule.major else "rule-nothing"
        self._note(code, rule=rule.name, because=finding.reason, then=new)
        if rule.stop:
            self._note("rule-stops", rule=rule.name)

    def choose(self, message: IncomingMessage, desk: Desk) -> None:
        """What the requester has chosen in a form; only a rule that overrides says otherwise."""
        known = {"category": desk.config.categories, "impact": DEGREES, "urgency": DEGREES}
        new = {name: value for name, value in message.fields if value in known.get(name, ())}
        if new:
            self._put(new, doubtful=False)
            self._note("form", then=new)

    def fill(self, category: Category) -> None:
        """What the category says of what no rule has said."""
        says = {"team": category.team, "impact": category.impact, "urgency": category.urgency}
        new = {n: v for n, v in says.items() if v and n not in self.values}
        if new:
            self._put(new, doubtful="category" in self.doubtful)
            self._note("category", category=self.values["category"], then=new)

    def _note(self, code: str, **values: Any) -> None:
        self.steps.append(reason(code, **values))

    def _put(self, new: dict[str, Any], *, doubtful: bool) -> None:
        self.values |= new
        self.doubtful = self.doubtful | new.keys() if doubtful else self.doubtful - new.keys()


def decide(message: IncomingMessage, sender: str, desk: Desk, now: datetime) -> Decision:
    """Read the table. ``sender``: canonical address. Pure."""
    if not (desk.table.looks or message.fields):
        return _of_new(desk.config.tickets.priority, desk.config.tickets.queue)
    facts = Facts(message, sender, desk.calendar, now)
    read = _Read()
    read.choose(message, desk)
    for finding in _findings(facts, desk):
        if finding.holds:
            read.take(finding)
    # Whoever answers an old notice of ours has its subject, and wakes nobody by that.
    own = Facts(
        message, sender, desk.calendar, now, answers=f"[{desk.config.desk.prefix}-" in message.subject
    )
    waking = [finding for finding in _findings(own, desk) if finding.holds and finding.rule.major]
    if category := desk.config.categories.get(read.values.get("category", "")):
        read.fill(category)
    major, *sign = _major(own, desk, waking, read.steps)
    if major:
        read.values |= {"impact": "high", "urgency": "high"}
    priority = desk.config.major.priority if major else _priority(read, desk)
    if "team" not in read.values:
        read.steps.append(reason("team-of-new", team=desk.config.tickets.queue))
    return Decision(
        priority,
        read.values.get("team", desk.config.tickets.queue),
        read.values.get("category"),
        read.values.get("impact"),
        read.values.get("urgency"),
        read.values.get("language"),
        major,
        tuple(read.steps),
        (sign[0], sign[1]),
    )


@cache
def _of_new(priority: str, team: str) -> Decision:
    """What is decided when there is nothing to go by."""
    steps = (reason("priority-of-new", priority=priority), reason("team-of-new", team=team))
    return Decision(priority, team, steps=steps)


def findings(message: IncomingMessage, sender: str, desk: Desk, now: datetime) -> list[Finding]:
    """Every rule that is read for a message, also those that do not hold, for explanations."""
    return list(_findings(Facts(message, sender, desk.calendar, now), desk))


def _findings(facts: Facts, desk: Desk) -> Iterator[Finding]:
    for row in desk.table.rows:
        finding = _finding(row, facts)
        yield finding
        if finding.holds and row.rule.stop:
            return


def _finding(row: Row, facts: Facts) -> Finding:
    met = row.look(facts)
    return Finding(row.rule, met.holds, met.because, row.header_alone)


def _priority(read: _Read, desk: Desk) -> str:
    """By the matrix when anything is known of impact or urgency; of the two, the missing one is medium."""
    impact, urgency = read.values.get("impact"), read.values.get("urgency")
    if impact is None and urgency is None:
        priority = desk.config.tickets.priority
        read.steps.append(reason("priority-of-new", priority=priority))
        return priority
    if impact == urgency == "high" and read.doubtful >= {"impact", "urgency"}:
        read.values["impact"] = impact = "medium"
        read.steps.append(reason("header-alone"))
    known = {name: degree for name, degree in (("impact", impact), ("urgency", urgency)) if degree}
    priority = desk.config.matrix.priority(impact or "medium", urgency or "medium")
    code = "priority" if impact and urgency else "priority-half"
    read.steps.append(reason(code, priority=priority, known=known))
    return priority


def _major(facts: Facts, desk: Desk, waking: list[Finding], steps: list[Kept]) -> tuple[str, str, str]:
    """Why it is a major incident, or nothing, and what told of it. Whoever could be anybody wakes nobody (E7)."""
    found = _sign_of_major(facts, desk, waking)
    if found is None:
        return "", "", ""
    why, wakes, because, sign = found
    if not wakes:
        steps.append(reason("not-major", sign=why))
        return "", "", ""
    steps.append(reason("major", sign=why, priority=desk.config.major.priority))
    return english(why), because, sign


def _sign_of_major(facts: Facts, desk: Desk, waking: list[Finding]) -> tuple[Kept, bool, str, str] | None:
    """A sign, and whether this sender may give it.

    A proved sender may. One of a domain that the desk serves may by words, when a person wrote them and nothing
    is known against it; the list of senders is for proved ones alone, and so are machines.
    """
    message, told = facts.message, desk.table
    proved = message.authentication.verdict is Verdict.PASS
    person = message.automation is Automation.NONE
    served = desk.serves(facts.sender) and not facts.forged and person
    signs: list[tuple[Kept, bool, str, str]] = [
        (reason("by-rule", rule=f.rule.name, because=f.reason), proved or served, "rule", f.rule.name)
        for f in waking
    ]
    if told.major_words and person and (word := wording.first_of(told.major_words, facts.said)):
        signs.append((reason("word", word=word), proved or served, "word", word))
    if told.major_senders and (found := table.is_from(facts.sender, told.major_senders)):
        signs.append((reason("from", sender=found), proved, "sender", found))
    return next((sign for sign in signs if sign[1]), signs[0] if signs else None)
