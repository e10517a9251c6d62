"""The made-up request that all samples are about, and what a stranger may put into it."""

from __future__ import annotations

from typing import Any, Final

Sample = tuple[str, dict[str, Any]]

HOSTILE: Final = (
    "](http://x.example) <script>alert(1)</script> **@here** # {{ 7*7 }} ![](x)\r\nBcc: e@x.example"
)

ABOUT: Final[dict[str, Any]] = {
    "reference": "HD-42",
    "subject": "My printer is on fire",
    "state": "open",
    "priority": "P3",
    "queue": "First line",
    "desk_name": "Help desk",
    "desk_address": "help@example.com",
}
ASKED: Final = (
    "Good morning,\n\nthe printer on the second floor smells of smoke.\nIt says:\n\n"
    "    E-17  fuser overheated\n\nI have pulled the plug.\n\nAnna Rossi\nExt. 2114"
)
STORY: Final[list[dict[str, str]]] = [
    {"who": "Anna Rossi", "at": "2026-03-09T15:02:00+00:00", "kind": "message", "text": ASKED},
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
STATUS_URL: Final = "https://desk.example/status/42.7.1a2b3c..abcdefghijklmnopqrstuvwxyz"
LATE: Final = "2026-03-10T09:10:00+00:00"
SOON: Final = "2026-03-10T15:40:00+00:00"
TOMORROW: Final = "2026-03-11T09:40:00+00:00"
NEXT_WEEK: Final = "2026-03-16T09:40:00+00:00"
BEFORE: Final = "2026-03-09T15:02:00+00:00"
OURS: Final[dict[str, Any]] = {**ABOUT, "owner": "Ada Lovelace", "who": "Anna Rossi"}
"""What an agent is told of a request that somebody has."""
HOSTILE_OURS: Final[dict[str, Any]] = {**ABOUT, "subject": HOSTILE, "owner": HOSTILE, "who": HOSTILE}
