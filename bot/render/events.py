"""What there is to say, to whom, and what a template can leave out: the contract between desk and templates.

Values are plain data; moments are ISO 8601 strings with an offset. What is optional is None or empty when
the desk leaves it out, so that a template can ask for it with ``{% if %}``; any other name that is missing
is an error. ``samples.py`` shows every way through a template to those who check or preview it.
"""

from __future__ import annotations

from typing import Any, Final

from bot.message import Kind

OPTIONAL: Final[dict[str, Any]] = {
    "chat": False,
    "can": "",
    "subject": None,
    "requester_name": None,
    "promised_at": None,
    "since": None,
    "queue": None,
    "articles": (),
    "outage": None,
    "questions": (),
    "asks_next": False,
    "door": "",
    "again": "",
    "before": "",
    "left_out": (),
    "proposed": (),
    "status_url": None,
    "follows": None,
    "complaint": False,
    "owner": "",
    "by": "",
    "text": "",
    "cause": "",
    "steps": (),
    "workaround": False,
    "asks": False,
    "close_on": None,
    "resolved_at": None,
    "opened_at": None,
    "new": None,
    "more": 0,
    "choices": (),
    "yours": False,
    "category": "",
    "asked": (),
    "major": False,
    "answers": (),
    "files": (),
    "fields": (),
    "story": (),
    "comment": "",
    "commented": False,
    "seconds": 0,
    "over": False,
    "contacts": (),
    "told_at": None,
    "tells_at": None,
    "to_team": "",
    "to": "",
    "standing": "",
    "agent": True,
    "because": "",
    "sign": "",
    "language": "",
    "time_zone": "",
    "oddities": (),
}

TO_REQUESTERS: Final = frozenset(
    {
        "received", "progress", "still_open", "delayed", "late", "reply", "resolved", "confirm_reminder",
        "closed", "survey", "rated", "sorry", "status", "link_code", "linked", "link_failed",
        "stated", "greeted", "which_ticket", "which_one", "question", "questions_done",
    }
)  # fmt: skip
"""Events that the person who asked is told: nothing in their words comes from the agents' side."""

FOR_AGENTS: Final = frozenset(
    {
        "new_ticket", "requester_wrote", "commands", "handed_over", "escalated", "bounced", "warning",
        "breached", "breaches", "silent", "update_due", "low_rating", "major", "card", "said", "receipt", "answered",
    }
)  # fmt: skip
"""Events that only agents are told. Their mails begin with the line above which the answer is written."""

WITH_FILES: Final = frozenset(
    {"reply", "resolved", "new_ticket", "requester_wrote", "handed_over", "escalated", "said"}
)
"""Events whose mails may carry files."""

KINDS: Final = {
    "received": Kind.ACKNOWLEDGEMENT,
    "reply": Kind.REPLY,
    "resolved": Kind.CONFIRMATION,
    "confirm_reminder": Kind.CONFIRMATION,
    "survey": Kind.SURVEY,
    "card": Kind.CARD,
    **dict.fromkeys(("progress", "still_open", "delayed", "late", "closed", "sorry"), Kind.PROGRESS),
}
"""As what an event is sent; any other as a notice."""
