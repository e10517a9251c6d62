"""All doors that must keep the contract. A new one is a line here, and an adapter."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final

import pytest

from tests.doors.chats_out import slack_out, telegram_out
from tests.doors.mail_in import imap_in, smtp_in
from tests.doors.mail_out import maildir_out, relay_out
from tests.doors.slack_in import slack_in
from tests.doors.telegram_in import telegram_in
from tests.doors.ways_in import WayIn
from tests.doors.ways_out import WayOut

WAYS_IN: Final[dict[str, Callable[[Path], AbstractAsyncContextManager[WayIn]]]] = {
    "smtp": smtp_in,
    "imap": imap_in,
    "slack": slack_in,
    "telegram": telegram_in,
}

WAYS_OUT: Final[dict[str, Callable[[Path], AbstractAsyncContextManager[WayOut]]]] = {
    "relay": relay_out,
    "maildir": maildir_out,
    "slack": slack_out,
    "telegram": telegram_out,
}


@pytest.fixture(params=WAYS_IN)
async def way_in(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WayIn]:
    """A door that serves, with nobody at it yet."""
    async with WAYS_IN[request.param](tmp_path) as way:
        await way.start()
        try:
            yield way
        finally:
            way.keeper.away = False
            way.keeper.may.set()
            await way.stop()


@pytest.fixture(params=WAYS_OUT)
async def way_out(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WayOut]:
    """A way out to a service on localhost."""
    async with WAYS_OUT[request.param](tmp_path) as way:
        try:
            yield way
        finally:
            await way.sender.close()
