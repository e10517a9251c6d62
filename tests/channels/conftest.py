"""The event loops that the tests of channels run on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import pytest
import uvloop

_BOTH = ("test_relay",)
"""Tests of what must work on the bot's own loop and on Python's, which part ways where connections end."""


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.path.name.startswith(_BOTH):
        loops["uvloop"] = uvloop.new_event_loop
    return loops
