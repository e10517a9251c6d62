"""A door in a process of its own, so that its memory can be measured: prints its port, discards what it gets.

``python -m tests.channels.smtp_process``
"""

from __future__ import annotations

from pathlib import Path

import uvloop

from bot.channels.smtp import SmtpDoor
from bot.config import Desk, Smtp
from bot.message import Payload
from tests.channels.smtp_peer import nothing


async def discard(_: Payload, /) -> bool:
    return True


async def main() -> None:
    door = SmtpDoor(Smtp(port=0, min_free_mb=0), Desk(data=Path.cwd()), nothing)
    await door.listen()
    print(door.port, flush=True)
    await door.run(discard)


if __name__ == "__main__":
    uvloop.run(main())
