"""Made-up values for what agents are told of promised times: soon over, over, and requests nobody moves."""

from __future__ import annotations

from typing import Any, Final

from bot.render.samples.about import (
    ABOUT,
    BEFORE,
    HOSTILE,
    HOSTILE_OURS,
    LATE,
    OURS,
    SOON,
    STORY,
    TOMORROW,
    Sample,
)

_DESK: Final[dict[str, Any]] = {
    "desk_name": ABOUT["desk_name"],
    "desk_address": ABOUT["desk_address"],
    "reference": "",
    "subject": "",
}
_BROKEN: Final[list[dict[str, Any]]] = [
    {
        "reference": "HD-42",
        "subject": ABOUT["subject"],
        "priority": "P2",
        "target": "first-response",
        "due": LATE,
        "late": 7_500,
        "level": 2,
        "queue": "Second line",
        "owner": "Ada Lovelace",
    },
    {
        "reference": "HD-43",
        "subject": "",
        "priority": "P3",
        "target": "resolution",
        "due": LATE,
        "late": 59,
        "level": 1,
        "queue": "First line",
        "owner": "",
    },
]

OF_TARGETS: Final[dict[str, tuple[Sample, ...]]] = {
    "warning": (
        ("usual", {**OURS, "target": "first-response", "percent": 50, "due": SOON}),
        ("resolution", {**OURS, "target": "resolution", "percent": 75, "due": SOON, "subject": ""}),
        ("too late", {**OURS, "target": "resolution", "percent": 75, "due": LATE, "owner": "", "who": ""}),
        ("hostile", {**HOSTILE_OURS, "target": "resolution", "percent": 75, "due": SOON}),
    ),
    "silent": (
        ("usual", {**OURS, "rounds": 7, "opened_at": BEFORE, "tells_at": TOMORROW}),
        (
            "nobody owns it",
            {**OURS, "rounds": 7, "opened_at": BEFORE, "tells_at": SOON, "owner": "", "who": ""},
        ),
        ("hostile", {**HOSTILE_OURS, "rounds": 7, "opened_at": BEFORE, "tells_at": SOON}),
    ),
    "breaches": (
        ("usual", {**_DESK, "tickets": _BROKEN, "many": 2, "more": 0}),
        ("one", {**_DESK, "tickets": _BROKEN[:1], "many": 1, "more": 0}),
        ("more than are listed", {**_DESK, "tickets": _BROKEN, "many": 60, "more": 58}),
        (
            "hostile",
            {
                **_DESK,
                "tickets": [{**_BROKEN[0], "subject": HOSTILE, "owner": HOSTILE}],
                "many": 1,
                "more": 0,
            },
        ),
    ),
    "breached": (
        ("yours", {**OURS, "target": "resolution", "due": LATE, "level": 2, "to_team": "", "yours": True}),
        (
            "usual",
            {
                **OURS,
                "target": "first-response",
                "due": LATE,
                "level": 2,
                "to_team": "Second line",
                "story": STORY,
            },
        ),
        (
            "nobody owns it",
            {
                **OURS,
                "target": "resolution",
                "due": LATE,
                "level": 3,
                "to_team": "",
                "owner": "",
                "who": "",
                "subject": "",
                "story": [],
            },
        ),
        (
            "hostile",
            {
                **HOSTILE_OURS,
                "target": "resolution",
                "due": LATE,
                "level": 2,
                "to_team": HOSTILE,
                "story": [{**STORY[0], "who": HOSTILE, "text": HOSTILE}],
            },
        ),
    ),
    "update_due": (
        ("usual", {**ABOUT, "who": "Anna Rossi", "told_at": BEFORE, "tells_at": SOON}),
        ("never told", {**ABOUT, "told_at": None, "tells_at": None, "who": "", "subject": ""}),
        ("hostile", {**HOSTILE_OURS, "told_at": BEFORE, "tells_at": TOMORROW}),
    ),
}
