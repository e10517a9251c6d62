"""Made-up values for every event: each way through a template, for those who check or preview one."""

from __future__ import annotations

from typing import Final

from bot.message import Choice
from bot.render.samples.about import Sample
from bot.render.samples.agents import TO_AGENTS
from bot.render.samples.chats import IN_CHATS
from bot.render.samples.requesters import TO_REQUESTERS

SAMPLES: Final[dict[str, tuple[Sample, ...]]] = {**TO_REQUESTERS, **TO_AGENTS, **IN_CHATS}


def _offered(verb: str, **values: str) -> tuple[Choice, ...]:
    """Labels and their values, with pages that are nobody's."""
    page = "rate" if verb == "rate" else "answer"
    return tuple(
        Choice(
            label.replace("_", "-"),
            verb,
            value,
            f"https://desk.example/{page}/42.7.1a2b3c.{verb}-{value}.abcdefghij",
        )
        for label, value in values.items()
    )


CHOICES: Final[dict[str, tuple[Choice, ...]]] = {
    "resolved": _offered("confirm", yes="yes", no="no"),
    "confirm_reminder": _offered("confirm", yes="yes", no="no"),
    "survey": _offered("rate", rate_1="1", rate_2="2", rate_3="3", rate_4="4", rate_5="5"),
    "rated": _offered("comment", comment=""),
    "sorry": _offered("reopen", reopen=""),
    "card": tuple(
        Choice(verb, verb, "", f"https://desk.example/answer/42.7.1a2b3c.{verb}-.abcdefghij")
        for verb in ("take", "reply", "priority", "wait", "escalate", "resolve", "note")
    ),
    "receipt": _offered("undo", undo="17"),
    "which_ticket": _offered("belongs", new="9-0"),
    "which_one": _offered("reopen", reopen="42"),
    "question": _offered("answer", skip="2-skip"),
    "update_due": _offered("update", still="still", supplier="supplier", fix="fix", need="need"),
}
"""What the events offer that offer anything."""
