"""What each event's template can speak of: the contract between the desk and the templates.

Values are plain data; moments are ISO 8601 strings with an offset. What is optional is None or empty when
the desk leaves it out, so that a template can ask for it with ``{% if %}``; any other name that is missing
is an error. ``SAMPLES`` show every way through a template to those who check or preview it.
"""

from __future__ import annotations

from typing import Any, Final

OPTIONAL: Final[dict[str, Any]] = {
    "subject": None,
    "requester_name": None,
    "promised_at": None,
    "since": None,
    "queue": None,
    "articles": (),
    "outage": None,
    "questions": (),
}

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

SAMPLES: Final[dict[str, tuple[tuple[str, dict[str, Any]], ...]]] = {
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
}
