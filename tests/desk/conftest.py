"""Desks with a team; a file that needs others has fixtures of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.desk.by_mail import TEAM
from tests.desk.databases import KINDS, desk_on
from tests.desks import OpenDesk, open_desk


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenDesk]:
    """On each database."""
    with desk_on(request, tmp_path, **TEAM) as desk:
        yield desk


@pytest.fixture
def small(tmp_path: Path) -> Iterator[OpenDesk]:
    """On the quick database alone."""
    with open_desk(tmp_path, **TEAM) as desk:
        yield desk
