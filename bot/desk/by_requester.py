"""What a requester's message asks of the desk itself: an answer to a question of ours, a status, a proof.

Each of the readers below looks at a message and says what became of it, or None when it is not for them. What
none of them takes is words, for a ticket.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from bot.desk import confirmation, identities, status, stepping, surveys
from bot.desk.incoming import Incoming
from bot.desk.outcome import Outcome

READERS: Final[tuple[Callable[[Incoming], Outcome | None], ...]] = (
    identities.by_words,
    surveys.by_words,
    confirmation.by_words,
    status.by_words,
    stepping.by_words,
)


def receive(incoming: Incoming) -> Outcome | None:
    """The first reader that takes the message decides. Only for what a person wrote."""
    return next((taken for read in READERS if (taken := read(incoming))), None)
