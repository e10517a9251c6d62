"""Pure functions on the bytes and headers of mail: no socket, no clock, no database."""

from __future__ import annotations

from typing import Any


def describe(raw: bytes) -> dict[str, Any]:
    """What is read in a mail, as plain values: see ``bot.mail.summary``."""
    from bot.mail import summary  # importing the package must stay cheap for its other users

    return summary.describe(raw)
