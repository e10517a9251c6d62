"""A desk with pages for every test that wants one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.by_mail import asks
from tests.web.world import World, a_world


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A desk to which Ann has written."""
    with a_world(tmp_path) as world:
        asks(world.desk, "It burns.", name="Ann")
        yield world
