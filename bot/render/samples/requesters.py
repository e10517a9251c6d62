"""Made-up values for what requesters are told."""

from __future__ import annotations

from typing import Any, Final

from bot.render.events import OPTIONAL
from bot.render.samples.about import (
    ABOUT,
    BEFORE,
    HOSTILE,
    LATE,
    NEXT_WEEK,
    SOON,
    STATUS_URL,
    TOMORROW,
    Sample,
)

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
_REPLY: Final[dict[str, Any]] = {
    **ABOUT,
    "text": "Hello Anna,\n\nplease leave the printer off: a colleague comes at 14:00 with a new fuser.\n\n"
    "Until then, you can print on:\n- PRN-2-East (beside the kitchen)\n- PRN-3-West",
    "by": "Ada Lovelace",
}
_RESOLVED: Final[dict[str, Any]] = {
    **_REPLY,
    "text": "We have put in a new fuser.\nThe printer works again.",
    "cause": "The fuser was worn out and became too hot.",
    "steps": ["Took the printer apart", "Put in a new fuser", "Printed ten test pages"],
    "workaround": False,
    "asks": True,
    "close_on": NEXT_WEEK,
    "status_url": STATUS_URL,
}
_MINE: Final[dict[str, Any]] = {**ABOUT, "owner": "Ada Lovelace", "status_url": STATUS_URL}
_PROGRESS: Final[dict[str, Any]] = {**_MINE, "at": None, "text": ""}
_WORDS: Final = "Please send us the number on the sticker\nat the back of the printer."
_STATUS: Final[dict[str, Any]] = {**ABOUT, "reference": "", "subject": "", "more": 0}
_ONE_OF_MINE: Final[dict[str, Any]] = {
    "reference": "HD-42",
    "subject": "My printer is on fire",
    "state": "open",
    "owner": "Ada Lovelace",
    "promised_at": SOON,
    "opened_at": BEFORE,
    "url": STATUS_URL,
}

TO_REQUESTERS: Final[dict[str, tuple[Sample, ...]]] = {
    "received": (
        ("usual", _RECEIVED),
        ("asked one by one", {**_RECEIVED, "asks_next": True}),
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
                "status_url": STATUS_URL,
                "follows": "HD-7",
            },
        ),
        (
            "a complaint",
            {**_RECEIVED, "subject": "Nobody calls back", "complaint": True, "status_url": STATUS_URL},
        ),
        ("hostile", {**_RECEIVED, "subject": HOSTILE, "requester_name": HOSTILE}),
        ("long", {**_RECEIVED, "subject": "very " * 200 + "long", "requester_name": "Anna " * 50}),
    ),
    "reply": (
        ("usual", _REPLY),
        ("files too large", {**_REPLY, "left_out": ["film.mp4", "disk.img"]}),
        ("files alone", {**_REPLY, "text": ""}),
        ("hostile", {**_REPLY, "text": f"{HOSTILE}\n{HOSTILE}", "by": HOSTILE}),
    ),
    "resolved": (
        ("usual", {**_REPLY, "text": "We have put in a new fuser.\nThe printer works again."}),
        ("without words", {**_REPLY, "text": ""}),
        ("files too large", {**_REPLY, "left_out": ["film.mp4"]}),
        ("without a subject", {**_REPLY, "subject": ""}),
        ("everything", _RESOLVED),
        ("for the time being", {**_RESOLVED, "workaround": True, "steps": [], "cause": ""}),
        ("nothing asked", {**_RESOLVED, "asks": False, "close_on": None}),
        ("hostile", {**_REPLY, "subject": HOSTILE, "text": HOSTILE}),
    ),
    "progress": (
        ("usual", {**_PROGRESS, "what": "taken"}),
        ("taken, by whom is not said", {**_PROGRESS, "what": "taken", "owner": "", "subject": ""}),
        ("handed over", {**_PROGRESS, "what": "handed-over"}),
        ("handed over to a team", {**_PROGRESS, "what": "handed-over", "owner": ""}),
        ("waiting for them", {**_PROGRESS, "what": "waiting-requester", "text": _WORDS}),
        (
            "waiting for them, by an agent",
            {**_PROGRESS, "what": "waiting-requester", "text": _WORDS, "by": "Ada Lovelace"},
        ),
        ("waiting for them, without words", {**_PROGRESS, "what": "waiting-requester"}),
        (
            "waiting for a supplier",
            {**_PROGRESS, "what": "waiting-supplier", "text": "The part comes from Milan."},
        ),
        ("resumed", {**_PROGRESS, "what": "resumed"}),
        ("escalated", {**_PROGRESS, "what": "escalated"}),
        ("a fix is expected", {**_PROGRESS, "what": "fix-expected", "at": TOMORROW}),
        ("a fix was expected", {**_PROGRESS, "what": "fix-expected", "at": LATE}),
        ("still working", {**_PROGRESS, "what": "still-working"}),
        ("reopened", {**_PROGRESS, "what": "reopened"}),
        ("of tomorrow", {**_PROGRESS, "what": "of-tomorrow"}),
        (
            "hostile",
            {**_PROGRESS, "what": "waiting-requester", "subject": HOSTILE, "owner": HOSTILE, "text": HOSTILE},
        ),
    ),
    "still_open": (
        ("usual", {**_MINE, "opened_at": BEFORE, "promised_at": SOON}),
        ("nobody yet", {**_MINE, "owner": "", "opened_at": BEFORE, "promised_at": LATE}),
        ("nothing known", {**_MINE, "subject": "", "opened_at": None, "promised_at": None}),
        ("hostile", {**_MINE, "subject": HOSTILE, "owner": HOSTILE, "opened_at": BEFORE}),
    ),
    "delayed": (
        ("usual", {**_MINE, "target": "resolution", "old": SOON, "new": TOMORROW}),
        ("first response", {**_MINE, "target": "first-response", "old": SOON, "new": TOMORROW, "owner": ""}),
        ("until when is unknown", {**_MINE, "target": "resolution", "old": SOON, "new": None, "subject": ""}),
        ("hostile", {**_MINE, "target": "first-response", "old": SOON, "new": TOMORROW, "subject": HOSTILE}),
    ),
    "late": (
        ("usual", {**_MINE, "target": "resolution", "due": LATE, "new": TOMORROW}),
        ("first response", {**_MINE, "target": "first-response", "due": LATE, "new": TOMORROW, "owner": ""}),
        (
            "until when is unknown",
            {**_MINE, "target": "first-response", "due": LATE, "new": None, "subject": ""},
        ),
        (
            "hostile",
            {**_MINE, "target": "resolution", "due": LATE, "new": None, "subject": HOSTILE, "owner": HOSTILE},
        ),
    ),
    "confirm_reminder": (
        (
            "usual",
            {**_MINE, "close_on": TOMORROW, "resolved_at": BEFORE, "text": "We have put in a new fuser."},
        ),
        ("nothing known", {**_MINE, "subject": "", "close_on": None, "resolved_at": None, "text": ""}),
        (
            "hostile",
            {**_MINE, "close_on": TOMORROW, "resolved_at": BEFORE, "subject": HOSTILE, "text": HOSTILE},
        ),
    ),
    "closed": (
        ("usual", {**_MINE, "how": "confirmed"}),
        *((how, {**_MINE, "how": how}) for how in ("silence", "agent", "self", "merged", "of-tomorrow")),
        ("hostile", {**_MINE, "how": "silence", "subject": HOSTILE}),
    ),
    "survey": (
        ("usual", {**_MINE, "how": "confirmed"}),
        ("closed after silence", {**_MINE, "how": "silence", "owner": "", "subject": ""}),
        ("hostile", {**_MINE, "how": "agent", "owner": HOSTILE, "subject": HOSTILE}),
    ),
    "rated": (
        ("usual", {**_MINE, "rating": 4, "commented": False, "until": TOMORROW}),
        ("commented", {**_MINE, "rating": 4, "commented": True, "until": LATE}),
        ("hostile", {**_MINE, "rating": 4, "commented": False, "until": TOMORROW, "reference": HOSTILE}),
    ),
    "sorry": (
        ("usual", {**_MINE, "rating": 1}),
        ("cannot be opened again", {**_MINE, "rating": 1, "over": True}),
        ("hostile", {**_MINE, "rating": 2, "subject": HOSTILE}),
    ),
    "status": (
        ("usual", {**_STATUS, "tickets": [_ONE_OF_MINE]}),
        ("none", {**_STATUS, "tickets": []}),
        (
            "many",
            {
                **_STATUS,
                "tickets": [
                    _ONE_OF_MINE,
                    {
                        **_ONE_OF_MINE,
                        "reference": "HD-43",
                        "subject": "",
                        "state": "new",
                        "owner": "",
                        "promised_at": LATE,
                        "url": "",
                    },
                    {**_ONE_OF_MINE, "reference": "HD-44", "state": "resolved", "promised_at": None},
                    {**_ONE_OF_MINE, "reference": "HD-45", "state": "waiting", "promised_at": TOMORROW},
                ],
                "more": 3,
            },
        ),
        (
            "hostile",
            {**_STATUS, "tickets": [{**_ONE_OF_MINE, "subject": HOSTILE, "owner": HOSTILE, "url": HOSTILE}]},
        ),
    ),
    "link_code": (
        ("usual", {**_STATUS, "code": "K7QM4-XWZ2P", "who": "anna@home.example", "minutes": 30}),
        ("hostile", {**_STATUS, "code": "K7QM4-XWZ2P", "who": HOSTILE, "minutes": 30}),
    ),
    "linked": (
        ("usual", {**_STATUS, "addresses": ["anna@example.com", "anna@home.example"]}),
        ("hostile", {**_STATUS, "addresses": [HOSTILE]}),
    ),
    "stated": (
        ("usual", {**_STATUS, "language": "it", "time_zone": ""}),
        ("english", {**_STATUS, "language": "en", "time_zone": ""}),
        ("chinese", {**_STATUS, "language": "zh", "time_zone": ""}),
        ("zone", {**_STATUS, "language": "", "time_zone": "Europe/Rome"}),
        ("hostile", {**_STATUS, "language": HOSTILE, "time_zone": HOSTILE}),
    ),
    "link_failed": tuple(
        ("usual" if reason == "wrong" else reason, {**_STATUS, "reason": reason})
        for reason in ("wrong", "expired", "used", "unknown-address", "too-many", "of-tomorrow")
    ),
}
