"""Promises stand in modules that are no tests of their own; their assertions explain themselves as those of tests."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite(
    "tests.doors.promises_in", "tests.doors.promises_out", "tests.doors.promises_sent"
)
