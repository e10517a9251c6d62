"""Every way out keeps every promise, except where the table of doors says that its service has no such thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doors.keeper import a_keeper
from tests.doors.promises_out import PROMISES_OUT, PromiseOut
from tests.doors.promises_sent import PROMISES_SENT
from tests.doors.table import WAYS_OUT
from tests.doors.ways_out import MakesWayOut

_ALL = [
    pytest.param(promise, door.made, id=f"{promise.__name__}-{name}")
    for promise in (*PROMISES_OUT, *PROMISES_SENT)
    for name, door in WAYS_OUT.items()
    if promise not in door.without
]


async def kept_by(made: MakesWayOut, promise: PromiseOut, folder: Path) -> None:
    """Put one door through one promise."""
    with a_keeper(folder) as keeper:
        async with made(keeper) as way:
            try:
                await promise(way)
            finally:
                await way.sender.close()


@pytest.mark.parametrize(("promise", "made"), _ALL)
async def test_a_way_out_keeps_its_promise(promise: PromiseOut, made: MakesWayOut, tmp_path: Path) -> None:
    await kept_by(made, promise, tmp_path)
