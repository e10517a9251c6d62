"""Made-up values for what agents are told."""

from __future__ import annotations

from typing import Any, Final

from bot.render.samples.about import (
    ABOUT,
    ASKED,
    HOSTILE,
    HOSTILE_OURS,
    LATE,
    OURS,
    STORY,
    Sample,
)
from bot.render.samples.commands import COMMANDS
from bot.render.samples.targets import OF_TARGETS

_TOLD: Final[dict[str, Any]] = {
    **ABOUT,
    "who": "Anna Rossi",
    "address": "anna@example.com",
    "text": ASKED,
    "due": "2026-03-10T15:40:00+00:00",
    "oddities": [],
    "files": [],
}
_HOSTILE_TOLD: Final[dict[str, Any]] = {
    **_TOLD,
    "who": HOSTILE,
    "address": HOSTILE,
    "text": f"{HOSTILE}\n> x\n- x\n\n\n\n\n# x\n```\nx",
    "files": [HOSTILE],
    "oddities": [HOSTILE],
}
_MUCH_TOLD: Final[dict[str, Any]] = {
    "files": ["smoke.jpg", "a very long name of a picture " * 5 + ".jpg"],
    "left_out": ["film.mp4"],
    "proposed": ["bob@example.com", "grace@example.com"],
    "oddities": ["two From headers", "more than one address in From"],
}
_FIELDS: Final = [
    {"question": "Which printer?", "answer": "PRN-2-West"},
    {"question": "Since when?", "answer": "This morning"},
]
_HOSTILE_FIELDS: Final = [{"question": HOSTILE, "answer": HOSTILE}]

_LEFT: Final[dict[str, Any]] = {
    **ABOUT,
    "address": "Anna Rossi",
    "permanent": True,
    "status": "Forbidden: bot was blocked by the user",
    "door": "Telegram",
}

TO_AGENTS: Final[dict[str, tuple[Sample, ...]]] = {
    **OF_TARGETS,
    "commands": COMMANDS,
    "alert": (
        (
            "usual",
            {
                "what": "Mail to the relay mail.example.com has been failing",
                "advice": "Check that the relay is up and that relay.password is still valid; "
                "then run: deskbot check",
                "since": "2026-03-10T09:10:00+00:00",
                "desk_name": "Help desk",
                "desk_address": "help@example.com",
            },
        ),
        (
            "since when is unknown",
            {
                "what": "The template it/received.md.j2 cannot be used",
                "advice": "Run: deskbot templates check",
                "desk_name": "Help desk",
                "desk_address": "help@example.com",
            },
        ),
    ),
    "new_ticket": (
        ("usual", _TOLD),
        (
            "everything",
            {**_TOLD, **_MUCH_TOLD, "category": "hardware", "asked": ["Which printer?", "Since when?"]},
        ),
        ("given to you", {**_TOLD, "yours": True}),
        ("major", {**_TOLD, "major": True, "priority": "P1"}),
        ("late", {**_TOLD, "due": LATE, "who": "", "text": ""}),
        ("nothing due", {**_TOLD, "due": None}),
        ("hostile", {**_HOSTILE_TOLD, "category": HOSTILE, "asked": [HOSTILE]}),
    ),
    "requester_wrote": (
        ("usual", {**_TOLD, "standing": "reference"}),
        ("everything", {**_TOLD, **_MUCH_TOLD, "standing": "subject-tag", "due": LATE}),
        ("not fixed", {**_TOLD, "standing": "not-fixed", "text": "It burns again."}),
        (
            "closed by them",
            {**_TOLD, "standing": "closed-by-requester", "text": "", "due": None, "state": "closed"},
        ),
        ("answered", {**_TOLD, "standing": "answered", "answers": _FIELDS}),
        ("urgent", {**_TOLD, "standing": "urgent", "text": ""}),
        ("thanks", {**_TOLD, "standing": "thanks", "text": "Thanks!", "due": None}),
        ("not taking part", {**_TOLD, "standing": "not-participant"}),
        ("not taking part, without a name", {**_TOLD, "standing": "not-participant", "who": ""}),
        ("unproved agent", {**_TOLD, "standing": "unproved-agent"}),
        ("somebody else's mail", {**_TOLD, "standing": "other-sender"}),
        ("somebody else's mail, without a name", {**_TOLD, "standing": "other-sender", "who": ""}),
        ("without a name", {**_TOLD, "standing": "merged", "who": "", "text": ""}),
        ("hostile", {**_HOSTILE_TOLD, "standing": "not-participant", "answers": _HOSTILE_FIELDS}),
    ),
    "handed_over": (
        ("usual", {**ABOUT, "by": "Ada Lovelace", "story": STORY}),
        (
            "everything",
            {**ABOUT, "by": "Ada Lovelace", "story": STORY, "files": ["smoke.jpg"], "fields": _FIELDS},
        ),
        ("by the desk itself", {**ABOUT, "by": "", "story": STORY}),
        ("in a room", {**ABOUT, "by": "Ada Lovelace", "to": "Grace Hopper", "story": STORY}),
        ("in a room, by the desk itself", {**ABOUT, "by": "", "to": "Second line", "story": STORY}),
        ("no story", {**ABOUT, "subject": "", "by": "Ada Lovelace", "story": []}),
        ("hostile", {**ABOUT, "by": "Ada", "story": [{**STORY[0], "who": HOSTILE, "text": HOSTILE}]}),
    ),
    "escalated": (
        (
            "usual",
            {
                **ABOUT,
                "by": "Ada Lovelace",
                "reason": "It burns again.\nNobody answers.",
                "level": 2,
                "story": STORY,
            },
        ),
        (
            "everything",
            {
                **ABOUT,
                "by": "",
                "reason": "",
                "level": 3,
                "story": STORY,
                "files": ["smoke.jpg"],
                "fields": _FIELDS,
            },
        ),
        ("no story", {**ABOUT, "subject": "", "by": "Ada Lovelace", "reason": "x", "level": 1, "story": []}),
        (
            "hostile",
            {
                **ABOUT,
                "by": HOSTILE,
                "reason": HOSTILE,
                "level": 2,
                "story": [],
                "fields": _HOSTILE_FIELDS,
                "files": [HOSTILE],
            },
        ),
    ),
    "bounced": (
        ("usual", {**ABOUT, "address": "anna@example.com", "permanent": True, "status": "5.1.1"}),
        ("may pass", {**ABOUT, "address": "anna@example.com", "permanent": False, "status": "4.2.2"}),
        ("whose is unknown", {**ABOUT, "address": "", "permanent": False, "status": ""}),
        ("in a chat", _LEFT),
        ("in a chat, and on by mail", {**_LEFT, "again": "anna@example.com"}),
        ("hostile", {**_LEFT, "address": HOSTILE, "again": HOSTILE, "status": HOSTILE}),
    ),
    "low_rating": (
        ("usual", {**OURS, "rating": 1, "comment": "Three days,\nand nobody called back."}),
        ("without words", {**OURS, "rating": 2, "comment": "", "owner": "", "who": "", "subject": ""}),
        ("hostile", {**HOSTILE_OURS, "rating": 1, "comment": HOSTILE}),
    ),
    "major": (
        (
            "usual",
            {
                **OURS,
                "reason": "Its words: the whole building",
                "text": ASKED,
                "by": "",
                "contacts": [
                    {"unit": "Facilities", "name": "Grace Hopper", "phone": "+39 06 1234"},
                    {"unit": "Management", "name": "", "phone": ""},
                ],
            },
        ),
        (
            "to a contact",
            {**OURS, "because": "word", "sign": "fire", "text": ASKED, "agent": False, "reason": ""},
        ),
        ("to a contact, nobody has it", {**OURS, "owner": "", "agent": False, "reason": "", "by": ""}),
        ("by a sender", {**OURS, "because": "sender", "sign": "alarm.example", "reason": ""}),
        ("by a rule", {**OURS, "because": "rule", "sign": "fire-alarm", "reason": ""}),
        (
            "by an agent",
            {
                **OURS,
                "reason": "It spreads.",
                "text": "",
                "by": "Ada Lovelace",
                "contacts": [],
                "who": "",
                "subject": "",
            },
        ),
        (
            "hostile",
            {
                **HOSTILE_OURS,
                "reason": HOSTILE,
                "text": HOSTILE,
                "by": HOSTILE,
                "contacts": [{"unit": HOSTILE, "name": HOSTILE, "phone": HOSTILE}],
            },
        ),
    ),
}
