"""Made-up values for every event: each way through a template, for those who check or preview one."""

from __future__ import annotations

from typing import Any, Final

from bot.render.events import OPTIONAL

Sample = tuple[str, dict[str, Any]]

_RECEIVED: Final[dict[str, Any]] = {
    "reference": "HD-42",
    "subject": "My printer is on fire",
    "requester_name": "Anna Rossi",
    "promised_at": "2026-03-10T15:40:00+00:00",
    "received_at": "2026-03-10T11:40:00+00:00",
    "open_now": True,
    "desk_name": "Help desk",
    "desk_address": "help@example.com",
    "queue": "first-line",
}
_HOSTILE: Final = (
    "](http://x.example) <script>alert(1)</script> **@here** # {{ 7*7 }} ![](x)\r\nBcc: e@x.example"
)

_ABOUT: Final[dict[str, Any]] = {
    "reference": "HD-42",
    "subject": "My printer is on fire",
    "state": "open",
    "priority": "P3",
    "queue": "First line",
    "desk_name": "Help desk",
    "desk_address": "help@example.com",
}
_ASKED: Final = (
    "Good morning,\n\nthe printer on the second floor smells of smoke.\nIt says:\n\n"
    "    E-17  fuser overheated\n\nI have pulled the plug.\n\nAnna Rossi\nExt. 2114"
)
_TOLD: Final[dict[str, Any]] = {
    **_ABOUT,
    "who": "Anna Rossi",
    "address": "anna@example.com",
    "text": _ASKED,
    "due": "2026-03-10T15:40:00+00:00",
    "oddities": [],
    "files": [],
}
_HOSTILE_TOLD: Final[dict[str, Any]] = {
    **_TOLD,
    "who": _HOSTILE,
    "address": _HOSTILE,
    "text": f"{_HOSTILE}\n> x\n- x\n\n\n\n\n# x\n```\nx",
    "files": [_HOSTILE],
    "oddities": [_HOSTILE],
}
_MUCH_TOLD: Final[dict[str, Any]] = {
    "files": ["smoke.jpg", "a very long name of a picture " * 5 + ".jpg"],
    "left_out": ["film.mp4"],
    "proposed": ["bob@example.com", "grace@example.com"],
    "oddities": ["two From headers", "more than one address in From"],
}
_LATE: Final = "2026-03-10T09:10:00+00:00"
_STORY: Final[list[dict[str, str]]] = [
    {"who": "Anna Rossi", "at": "2026-03-09T15:02:00+00:00", "kind": "message", "text": _ASKED},
    {"who": "", "at": "2026-03-09T15:30:00+00:00", "kind": "unverified", "text": "It burns here too."},
    {
        "who": "Ada Lovelace",
        "at": "2026-03-10T08:12:00+00:00",
        "kind": "note",
        "text": "Third time\nthis month.",
    },
    {
        "who": "Ada Lovelace",
        "at": "2026-03-10T08:15:00+00:00",
        "kind": "reply",
        "text": "Please leave it off.",
    },
    {"who": "Anna Rossi", "at": "2026-03-10T08:16:00+00:00", "kind": "automatic", "text": ""},
]
_REPLY: Final[dict[str, Any]] = {
    **_ABOUT,
    "text": "Hello Anna,\n\nplease leave the printer off: a colleague comes at 14:00 with a new fuser.\n\n"
    "Until then, you can print on:\n- PRN-2-East (beside the kitchen)\n- PRN-3-West",
    "by": "Ada Lovelace",
}
_DONE: Final[list[dict[str, Any]]] = [
    {"code": "taken"},
    {"code": "assigned", "to": "Second line"},
    {"code": "noted"},
    {"code": "priority", "to": "P2"},
    {"code": "category", "to": "hardware"},
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
    {"code": "status", "owner": "", "due": _LATE, "state": "new"},
    {"code": "status", "owner": "", "due": None, "state": "closed"},
    {
        "code": "why",
        "steps": ["Tue 10 Mar 09:02  a message was accepted through mail", "Tue 10 Mar 09:03  sent"],
    },
    {"code": "help", "verbs": ["take", "help"]},
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
    {"code": "of-tomorrow"},
]
_ANSWERED: Final[dict[str, Any]] = {**_ABOUT, "known": ["take", "help"], "text": ""}


def _in_hand(values: dict[str, Any]) -> dict[str, Any]:
    """As the desk says what it did: every entry with its verb and its request."""
    return {"verb": values["code"], "ticket": "HD-42", **values}


_DONE_ALL: Final = [_in_hand(one) for one in _DONE]

SAMPLES: Final[dict[str, tuple[Sample, ...]]] = {
    "received": (
        ("usual", _RECEIVED),
        ("outside hours", {**_RECEIVED, "open_now": False, "promised_at": "2026-03-13T09:10:00+00:00"}),
        (
            "nothing known",
            {k: v for k, v in _RECEIVED.items() if k not in OPTIONAL}
            | {"received_at": "2026-03-10T11:40:00+00:00"},
        ),
        (
            "everything",
            {
                **_RECEIVED,
                "promised_at": "2026-04-21T09:10:00+00:00",
                "articles": [
                    {"title": "The printer does not print", "url": "https://desk.example/kb/7"},
                    {"title": "Paper jam", "url": "https://desk.example/kb/8"},
                ],
                "outage": "Printing is down in the whole building. We expect a fix at 15:00.",
                "questions": ["What happens?", "Since when?", "Which printer?"],
            },
        ),
        ("hostile", {**_RECEIVED, "subject": _HOSTILE, "requester_name": _HOSTILE}),
        ("long", {**_RECEIVED, "subject": "very " * 200 + "long", "requester_name": "Anna " * 50}),
    ),
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
        ("everything", {**_TOLD, **_MUCH_TOLD}),
        ("late", {**_TOLD, "due": _LATE, "who": "", "text": ""}),
        ("nothing due", {**_TOLD, "due": None}),
        ("hostile", _HOSTILE_TOLD),
    ),
    "requester_wrote": (
        ("usual", {**_TOLD, "standing": "reference"}),
        ("everything", {**_TOLD, **_MUCH_TOLD, "standing": "subject-tag", "due": _LATE}),
        ("thanks", {**_TOLD, "standing": "thanks", "text": "Thanks!", "due": None}),
        ("not taking part", {**_TOLD, "standing": "not-participant"}),
        ("not taking part, without a name", {**_TOLD, "standing": "not-participant", "who": ""}),
        ("unproved agent", {**_TOLD, "standing": "unproved-agent"}),
        ("somebody else's mail", {**_TOLD, "standing": "other-sender"}),
        ("somebody else's mail, without a name", {**_TOLD, "standing": "other-sender", "who": ""}),
        ("without a name", {**_TOLD, "standing": "merged", "who": "", "text": ""}),
        ("hostile", {**_HOSTILE_TOLD, "standing": "not-participant"}),
    ),
    "reply": (
        ("usual", _REPLY),
        ("files too large", {**_REPLY, "left_out": ["film.mp4", "disk.img"]}),
        ("files alone", {**_REPLY, "text": ""}),
        ("hostile", {**_REPLY, "text": f"{_HOSTILE}\n{_HOSTILE}", "by": _HOSTILE}),
    ),
    "resolved": (
        ("usual", {**_REPLY, "text": "We have put in a new fuser.\nThe printer works again."}),
        ("without words", {**_REPLY, "text": ""}),
        ("files too large", {**_REPLY, "left_out": ["film.mp4"]}),
        ("without a subject", {**_REPLY, "subject": ""}),
        ("hostile", {**_REPLY, "subject": _HOSTILE, "text": _HOSTILE}),
    ),
    "commands": (
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
            "hostile",
            {
                **_ANSWERED,
                "done": [],
                "problems": [{"code": "unknown-verb", "line": _HOSTILE, "verb": _HOSTILE}],
            },
        ),
    ),
    "handed_over": (
        ("usual", {**_ABOUT, "by": "Ada Lovelace", "story": _STORY}),
        ("no story", {**_ABOUT, "subject": "", "by": "Ada Lovelace", "story": []}),
        ("hostile", {**_ABOUT, "by": "Ada", "story": [{**_STORY[0], "who": _HOSTILE, "text": _HOSTILE}]}),
    ),
    "escalated": (
        (
            "usual",
            {
                **_ABOUT,
                "by": "Ada Lovelace",
                "reason": "It burns again.\nNobody answers.",
                "level": 2,
                "story": _STORY,
            },
        ),
        ("no story", {**_ABOUT, "subject": "", "by": "Ada Lovelace", "reason": "x", "level": 1, "story": []}),
        ("hostile", {**_ABOUT, "by": _HOSTILE, "reason": _HOSTILE, "level": 2, "story": []}),
    ),
    "bounced": (
        ("usual", {**_ABOUT, "address": "anna@example.com", "permanent": True, "status": "5.1.1"}),
        ("may pass", {**_ABOUT, "address": "anna@example.com", "permanent": False, "status": "4.2.2"}),
        ("whose is unknown", {**_ABOUT, "address": "", "permanent": False, "status": ""}),
    ),
}
