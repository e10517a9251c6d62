"""An update that trips over a fault of ours is kept as it came, and held: Telegram would bring it again and again,
and nothing behind it would come through.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bot.channels.telegram_payload import LARGEST
from bot.errors import DeskbotError
from bot.message import Payload

if TYPE_CHECKING:
    from bot.channels.telegram import TelegramDoor
    from bot.ports import Accept

log = logging.getLogger("deskbot.telegram")


async def taken(
    door: TelegramDoor, updates: Sequence[dict[str, Any]], accept: Accept, raw: bytes = b""
) -> None:
    """Keep one update, or the parts of an album, as ``TelegramDoor.take`` does; returns when it is committed.
    ``raw``: its bytes, when they are known. Raises ``ChannelError`` and ``StoreUnavailable``."""
    try:
        await door.take(updates, accept)
    except DeskbotError:
        raise
    except Exception:
        log.exception("an update is held", extra={"action": "telegram.poison", "door": door.name})
        await held(door, raw or json.dumps(list(updates)).encode(), accept)


async def held(door: TelegramDoor, raw: bytes, accept: Accept) -> None:
    """Keep bytes that are no update of ours to read; whoever looks at what is held finds them.

    Raises ``StoreUnavailable``."""
    key = f"telegram:{door.api.bot_id}:held/{hashlib.sha256(raw).hexdigest()}"
    kept = b"not understood\n" + raw[:LARGEST]
    await accept(Payload(door.name, key, kept, door.house.now(), {"bot": door.api.bot_id}))
