"""What can become of commands, one entry for each answer."""

from __future__ import annotations

from typing import Any, Final

from bot.message import Choice
from bot.render.samples.about import ABOUT, BEFORE, HOSTILE, LATE, SOON, STORY, Sample

_LISTED: Final[list[dict[str, Any]]] = [
    {"reference": "HD-42", "subject": "My printer is on fire", "state": "open", "priority": "P2",
     "owner": "Ada Lovelace", "due": SOON, "who": "Anna Rossi"},
    {"reference": "HD-43", "subject": "", "state": "new", "priority": "P3", "owner": "", "due": None, "who": ""},
    {"reference": "HD-44", "subject": "No network", "state": "open", "priority": "P1", "owner": "",
     "due": LATE, "who": "bob@example.com"},
]  # fmt: skip
_SHOWN: Final[dict[str, Any]] = {
    "who": "Anna Rossi", "address": "anna@example.com", "department": "Sales", "phone": "+39 06 2114",
    "category": "hardware", "impact": "low", "urgency": "high", "priority": "P3", "owner": "Ada Lovelace",
    "due": SOON, "opened_at": BEFORE, "state": "open", "subject": "My printer is on fire",
    "fields": [{"question": "Which printer?", "answer": "PRN-2-West"}], "story": STORY,
}  # fmt: skip
_BARE: Final[dict[str, Any]] = {
    "who": "", "address": "bob@example.com", "department": "", "phone": "", "category": None, "impact": None,
    "urgency": None, "owner": "", "due": None, "opened_at": BEFORE, "state": "new", "fields": [], "story": [],
}  # fmt: skip
_DONE: Final[list[dict[str, Any]]] = [
    {"code": "taken"},
    {"code": "assigned", "to": "Second line"},
    {"code": "noted"},
    {"code": "priority", "to": "P2"},
    {"code": "category", "to": "hardware"},
    {"code": "category", "to": "network", "team": "Second line"},
    {"code": "waiting"},
    {"code": "escalated", "to": "Second line", "level": 2},
    {"code": "resolved"},
    {"code": "closed"},
    {"code": "reopened"},
    {"code": "merged", "into": "HD-7"},
    {"code": "linked", "to": "HD-7"},
    {"code": "follows", "who": "bob@example.com"},
    {"code": "for", "who": "bob@example.com"},
    {"code": "opened-for", "who": "bob@example.com"},
    {"code": "replied"},
    {"code": "status", "owner": "Ada Lovelace", "due": "2026-03-10T15:40:00+00:00", "state": "open"},
    {"code": "status", "owner": "", "due": LATE, "state": "new"},
    {"code": "status", "owner": "", "due": None, "state": "closed"},
    {"code": "status", "owner": "", "due": None, "state": "waiting", "waiting_for": "supplier"},
    {"code": "status", "owner": "", "due": None, "state": "waiting", "waiting_for": "requester"},
    {
        "code": "why",
        "steps": ["Tue 10 Mar 09:02  a message was accepted through mail", "Tue 10 Mar 09:03  sent"],
    },
    {"code": "help", "verbs": ["take", "help"]},
    {"code": "waiting", "what": "requester"},
    {"code": "waiting", "what": "supplier"},
    {"code": "resolved", "asked": True},
    *(
        {"code": "listed", "which": which, "tickets": _LISTED, "more": more}
        for which, more in (("mine", 0), ("team", 3), ("all", 0), ("requester", 0))
    ),
    {"code": "listed", "which": "team", "tickets": [], "more": 0},
    {"code": "shown", **_SHOWN},
    {"code": "shown", **_BARE, "ticket": "HD-43"},
    *(
        {"code": "updated", "what": what, "at": SOON if what == "fix" else None}
        for what in ("still", "supplier", "fix", "need")
    ),
    {"code": "impact", "to": "high", "priority": "P1"},
    {"code": "urgency", "to": "low", "priority": "P4"},
    {"code": "major", "told": 0},
    {"code": "major", "told": 3},
    {"code": "spam"},
    {"code": "away", "who": "Grace Hopper"},
    {"code": "of-tomorrow"},
]
_PROBLEMS: Final[list[dict[str, Any]]] = [
    {"code": "unknown-verb", "line": "#tkae", "verb": "tkae"},
    {"code": "missing", "line": "#assign", "verb": "assign"},
    {"code": "missing", "line": "#priority", "verb": "priority"},
    {"code": "missing", "line": "#note", "verb": "note"},
    {"code": "too-much", "line": "#take it", "verb": "take"},
    {"code": "no-ticket", "line": "#merge the other", "verb": "merge"},
    {"code": "no-address", "line": "#for Anna", "verb": "for"},
    {"code": "too-many", "line": "#note one more", "verb": ""},
    {"code": "no-such-person", "given": "grace"},
    {"code": "no-such-priority", "given": "P9", "known": "P1, P2, P3, P4"},
    {"code": "is-already", "state": "resolved"},
    {"code": "no-way", "state": "closed", "to": "waiting"},
    {"code": "no-way", "state": "new", "to": "new"},
    {"code": "reason-missing"},
    {"code": "no-such-ticket", "given": "HD-99"},
    {"code": "other-requester", "into": "HD-7"},
    {"code": "is-merged", "into": "HD-7"},
    {"code": "which-ticket", "verb": "take"},
    {"code": "own-address", "given": "help@example.com"},
    {"code": "nobody-to-tell"},
    {"code": "holds-a-note", "line": "Third time this month."},
    {"code": "files-for-many"},
    {"code": "by-tag-alone", "ticket": "HD-42"},
    {"code": "nothing-said"},
    {"code": "unknown-verb", "line": "#hlep", "verb": "hlep", "near": "help"},
    {"code": "no-such-category", "given": "toaster", "known": "hardware, software"},
    {"code": "no-such-category", "given": "toaster", "known": ""},
    {"code": "no-such-degree", "given": "huge", "known": "low, medium, high"},
    {"code": "no-such-moment", "given": "soonish"},
    {"code": "no-such-update", "given": "need", "known": "still, supplier, fix, need"},
    {"code": "no-such-update", "given": "perhaps", "known": "still, supplier, fix, need"},
    {"code": "of-tomorrow"},
]
_ANSWERED: Final[dict[str, Any]] = {**ABOUT, "known": ["take", "help"], "text": ""}


def _in_hand(values: dict[str, Any]) -> dict[str, Any]:
    """As the desk says what it did: every entry with its verb and its request."""
    return {"verb": values["code"], "ticket": "HD-42", **values}


_DONE_ALL: Final = [_in_hand(one) for one in _DONE]

COMMANDS: Final[tuple[Sample, ...]] = (
    ("usual", {**_ANSWERED, "done": _DONE_ALL[:3], "problems": []}),
    (
        "not understood",
        {
            **_ANSWERED,
            "done": [],
            "problems": _PROBLEMS[:2],
            "text": "#tkae\n#assign\n\nHello Anna,\nplease leave it off.",
        },
    ),
    ("everything done", {**_ANSWERED, "done": _DONE_ALL, "problems": []}),
    ("everything refused", {**_ANSWERED, "done": [], "problems": _PROBLEMS}),
    (
        "a list",
        {**_ANSWERED, "done": [one for one in _DONE_ALL if one["code"] == "listed"], "problems": []},
    ),
    (
        "a whole request",
        {**_ANSWERED, "done": [one for one in _DONE_ALL if one["code"] == "shown"], "problems": []},
    ),
    (
        "hostile",
        {
            **_ANSWERED,
            "done": [],
            "problems": [{"code": "unknown-verb", "line": HOSTILE, "verb": HOSTILE}],
        },
    ),
    (
        "with a way back",
        {
            **_ANSWERED,
            "done": [_in_hand({"code": "resolved", "asked": True})],
            "problems": [],
            "seconds": 20,
            "choices": (Choice("undo", "undo", "1-1"),),
        },
    ),
    (
        "hostile requests",
        {
            **_ANSWERED,
            "done": [
                _in_hand(
                    {
                        "code": "listed",
                        "which": "all",
                        "more": 0,
                        "tickets": [{**_LISTED[0], "subject": HOSTILE, "who": HOSTILE}],
                    }
                ),
                _in_hand(
                    {
                        "code": "shown",
                        **_SHOWN,
                        "who": HOSTILE,
                        "department": HOSTILE,
                        "phone": HOSTILE,
                        "subject": HOSTILE,
                        "fields": [{"question": HOSTILE, "answer": HOSTILE}],
                        "story": [{**STORY[0], "who": HOSTILE, "text": HOSTILE}],
                    }
                ),
            ],
            "problems": [],
        },
    ),
)
