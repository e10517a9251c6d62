"""How a moment is kept: the fast way writes what the language of statements would write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import DateTime
from sqlalchemy.dialects import sqlite

from bot.store.models import Moment

_DIALECT = sqlite.dialect()
_OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (2, 9998))
_MOMENTS = st.datetimes(_FIRST, _LAST, timezones=st.one_of(st.just(UTC), _OFFSETS))


def _processor() -> Any:
    return Moment().dialect_impl(_DIALECT).bind_processor(_DIALECT)


@given(_MOMENTS)
def test_a_moment_is_written_as_sqlalchemy_itself_writes_it(moment: datetime) -> None:
    plain = DateTime().dialect_impl(_DIALECT).bind_processor(_DIALECT)
    assert plain is not None
    assert _processor()(moment) == plain(moment.astimezone(UTC).replace(tzinfo=None))


@given(_MOMENTS)
def test_a_moment_that_was_written_is_read_as_itself(moment: datetime) -> None:
    read = Moment().dialect_impl(_DIALECT).result_processor(_DIALECT, None)
    assert read is not None
    assert read(_processor()(moment)) == moment


def test_no_moment_is_written_as_nothing() -> None:
    assert _processor()(None) is None


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        _processor()(_FIRST)


def test_the_two_readings_of_a_repeated_hour_are_two_moments() -> None:
    first = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Rome"))
    written = [_processor()(moment) for moment in (first, first.replace(fold=1))]
    assert written == ["2026-10-25 00:30:00.000000", "2026-10-25 01:30:00.000000"]
