"""What happened to a ticket, in sentences made from its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.desk.outcome import Reason
from bot.store.models import OutboxState
from bot.store.tickets import Story

_SENT = {
    OutboxState.QUEUED: "waits in the outbox",
    OutboxState.SENDING: "is being sent",
    OutboxState.SENT: "was sent",
    OutboxState.FAILED: "could not be delivered",
    OutboxState.UNKNOWN: "may or may not have arrived, and is not sent again",
    OutboxState.HELD: "is held for review",
    OutboxState.STALE: "was too old to be sent",
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened."""

    at: datetime
    when: str
    what: str


def told(story: Story, zone: ZoneInfo) -> list[Step]:
    """All steps, oldest first."""
    steps: list[tuple[datetime, str]] = []
    for row in story.inbox:
        steps.append((row.received_at, f"a message was accepted through {row.channel} (inbox {row.id})"))
        if row.finished_at:
            steps.append((row.finished_at, _received(row.outcome, row.reason, row.detail)))
    for event in story.events:
        after = ", ".join(f"{name} {value}" for name, value in (event.after or {}).items())
        steps.append((event.at, f"{event.action}: {after}" if after else event.action))
    for row in story.outbox:
        steps.append((row.created_at, f"{row.kind} to {row.recipient} was written into the outbox"))
        ended = _SENT[OutboxState(row.state)]
        result = f": {row.result}" if row.result else ""
        attempts = f" after {row.attempts} attempts" if row.attempts > 1 else ""
        at = row.finished_at or max(row.not_before, row.created_at)
        steps.append((at, f"{row.kind} {ended}{attempts}{result}"))
    steps += [(timer.due_at, f"timer {timer.kind} is due ({timer.state})") for timer in story.timers]
    return [
        Step(at, at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"), _plain(what))
        for at, what in sorted(steps, key=lambda step: step[0])
    ]


def _plain(what: str) -> str:
    """On one line, without what could steer a terminal: an address or a category is somebody's words (G6)."""
    return "".join(c if c.isprintable() else " " for c in what)


def _received(outcome: str | None, reason: str | None, quiet: str | None) -> str:
    told = f"it was {outcome}, because {_words(reason)}"
    return f"{told}; no automatic answer, because {_words(quiet)}" if quiet else told


def _words(reason: str | None) -> str:
    try:
        return Reason(reason or "").told
    except ValueError:
        return reason or "nothing was noted"
