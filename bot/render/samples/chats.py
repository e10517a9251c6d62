"""Made-up values for what is said in chats alone."""

from __future__ import annotations

from typing import Any, Final

from bot.render.samples.about import ABOUT, ASKED, HOSTILE, LATE, SOON, TOMORROW, Sample

_CARD: Final[dict[str, Any]] = {
    **ABOUT,
    "who": "Anna Rossi",
    "owner": "Ada Lovelace",
    "due": SOON,
    "text": ASKED,
    "category": "Hardware",
    "waiting_for": "",
    "fix_expected_at": None,
    "level": 1,
    "major": False,
}
_SAID: Final[dict[str, Any]] = {**ABOUT, "who": "Anna Rossi", "text": ASKED, "kind": "message", "files": []}
_RECEIPT: Final[dict[str, Any]] = {
    **ABOUT,
    "what": "sent",
    "seconds": 20,
    "to": "Anna Rossi",
    "address": "anna@example.com",
    "door": "",
}
_HOME: Final[dict[str, Any]] = {**ABOUT, "reference": "", "subject": ""}
_WHICH: Final[dict[str, Any]] = {
    **_HOME,
    "tickets": [
        {"reference": "HD-42", "subject": "My printer is on fire"},
        {"reference": "HD-7", "subject": ""},
    ],
    "text": "Is there any news?",
    "minutes": 10,
}

_QUESTION: Final[dict[str, Any]] = {
    **ABOUT,
    "key": "since",
    "question": "Since when?",
    "before": "Windows",
    "place": 2,
    "of": 3,
}
_ANSWERED: Final[dict[str, Any]] = {
    **ABOUT,
    "who": "Anna Rossi",
    "address": "tg/501",
    "answers": [
        {"question": "Since when?", "answer": "Since today"},
        {"question": "What happens?", "answer": ASKED},
    ],
}

IN_CHATS: Final[dict[str, tuple[Sample, ...]]] = {
    "card": (
        ("usual", _CARD),
        ("new", {**_CARD, "state": "new", "owner": "", "subject": "", "category": "", "text": ""}),
        ("late", {**_CARD, "due": LATE, "level": 2, "major": True, "fix_expected_at": TOMORROW}),
        ("waiting", {**_CARD, "state": "waiting", "waiting_for": "requester", "due": None, "who": ""}),
        ("waiting for a supplier", {**_CARD, "state": "waiting", "waiting_for": "supplier", "due": None}),
        ("hostile", {**_CARD, "who": HOSTILE, "owner": HOSTILE, "subject": HOSTILE, "text": HOSTILE}),
    ),
    "said": (
        ("usual", _SAID),
        ("to its owner", {**_SAID, "to": "Ada Lovelace"}),
        ("note", {**_SAID, "kind": "note", "who": "Ada Lovelace"}),
        ("reply", {**_SAID, "kind": "reply", "who": "Ada Lovelace", "files": ["plan.pdf"], "text": ""}),
        ("not taking part", {**_SAID, "kind": "unverified", "standing": "not-participant"}),
        ("not fixed", {**_SAID, "standing": "not-fixed"}),
        ("closed by them", {**_SAID, "standing": "closed-by-requester", "text": ""}),
        ("urgent", {**_SAID, "standing": "urgent", "text": ""}),
        (
            "everything",
            {
                **_SAID,
                "files": ["smoke.jpg"],
                "oddities": ["two From headers"],
                "proposed": ["bob@example.com"],
            },
        ),
        ("without a name", {**_SAID, "who": "", "text": ""}),
        ("hostile", {**_SAID, "who": HOSTILE, "text": HOSTILE, "files": [HOSTILE], "to": HOSTILE}),
    ),
    "receipt": (
        ("usual", _RECEIPT),
        ("in a chat", {**_RECEIPT, "address": "", "door": "Slack"}),
        ("gone", {**_RECEIPT, "seconds": 0, "to": ""}),
        ("undone", {**_RECEIPT, "what": "undone", "seconds": 0}),
        ("late", {**_RECEIPT, "what": "late", "seconds": 0}),
        ("a step undone", {**_RECEIPT, "what": "step-undone", "seconds": 0}),
        ("a step late", {**_RECEIPT, "what": "step-late", "seconds": 0}),
        ("hostile", {**_RECEIPT, "to": HOSTILE, "address": HOSTILE}),
    ),
    "greeted": (
        ("usual", {**_HOME, "name": "Anna"}),
        ("without a name", {**_HOME, "name": ""}),
        ("what can be done in Slack", {**_HOME, "name": "Anna", "can": "slack"}),
        ("what can be done in Telegram", {**_HOME, "name": "Anna", "can": "telegram"}),
        ("hostile", {**_HOME, "name": HOSTILE}),
    ),
    "question": (
        ("usual", _QUESTION),
        ("the first", {**_QUESTION, "before": "", "place": 1, "question": "What happens?"}),
        ("hostile", {**_QUESTION, "before": HOSTILE, "question": HOSTILE}),
    ),
    "questions_done": (
        ("usual", {**ABOUT, "answered": 2, "before": "Windows"}),
        ("nothing answered", {**ABOUT, "answered": 0, "before": ""}),
        ("hostile", {**ABOUT, "answered": 1, "before": HOSTILE}),
    ),
    "answered": (
        ("usual", _ANSWERED),
        ("without a name", {**_ANSWERED, "who": ""}),
        ("hostile", {**_ANSWERED, "who": HOSTILE, "answers": [{"question": HOSTILE, "answer": HOSTILE}]}),
    ),
    "which_one": (
        ("usual", {**_WHICH, "what": "reopen"}),
        ("to be closed", {**_WHICH, "what": "close"}),
        ("hostile", {**_WHICH, "what": "reopen", "tickets": [{"reference": "HD-1", "subject": HOSTILE}]}),
    ),
    "which_ticket": (
        ("usual", _WHICH),
        ("hostile", {**_WHICH, "text": HOSTILE, "tickets": [{"reference": "HD-1", "subject": HOSTILE}]}),
    ),
}
