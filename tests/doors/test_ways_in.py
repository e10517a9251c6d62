"""Every way in keeps every promise, except where the table of doors says that its service has no such thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doors.keeper import a_keeper
from tests.doors.promises_in import PROMISES_IN, PromiseIn
from tests.doors.table import WAYS_IN
from tests.doors.ways_in import MakesWayIn

_ALL = [
    pytest.param(promise, door.made, id=f"{promise.__name__}-{name}")
    for promise in PROMISES_IN
    for name, door in WAYS_IN.items()
    if promise not in door.without
]


async def kept_by(made: MakesWayIn, promise: PromiseIn, folder: Path) -> None:
    """Put one door through one promise."""
    with a_keeper(folder) as keeper:
        async with made(keeper) as way:
            await way.start()
            try:
                await promise(way)
            finally:
                keeper.may.set()
                await way.stop()


@pytest.mark.parametrize(("promise", "made"), _ALL)
async def test_a_way_in_keeps_its_promise(promise: PromiseIn, made: MakesWayIn, tmp_path: Path) -> None:
    await kept_by(made, promise, tmp_path)
