"""What each command does to a ticket. Every change is an event; every answer says what was done.

A verb returns ``Done`` or raises ``Refused``; the words for both are in the template ``commands``. All
commands of one message run in one transaction: when one is refused, nothing of any has happened.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.desk import verbs_clock, verbs_ending, verbs_looking, verbs_owner, verbs_progress, verbs_reading
from bot.desk.cases import Case, Done
from bot.desk.commands import Command

VERBS: Final[dict[str, Callable[[Case, Command], Done]]] = {
    "show": verbs_looking.show,
    "take": verbs_owner.take,
    "assign": verbs_owner.assign,
    "for": verbs_owner.for_,
    "link": verbs_owner.link,
    "merge": verbs_owner.merge,
    "priority": verbs_clock.priority,
    "impact": verbs_clock.impact,
    "urgency": verbs_clock.urgency,
    "wait": verbs_clock.wait,
    "update": verbs_progress.update,
    "escalate": verbs_clock.escalate,
    "category": verbs_reading.category,
    "major": verbs_reading.major_,
    "resolve": verbs_ending.resolve,
    "close": verbs_ending.close,
    "spam": verbs_ending.spam,
    "reopen": verbs_ending.reopen,
    "note": verbs_looking.note,
    "status": verbs_looking.status,
    "why": verbs_looking.why_,
}
"""``reply`` needs more than a ticket, ``new``, ``list``, ``mine`` and ``help`` need none: see ``orders.py``."""
