"""The one place that reads the clock.

Loops call :func:`now` and hand the answer on; functions of the core take ``now`` as a parameter.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)
