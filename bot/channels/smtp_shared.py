"""What all connections of one SMTP door share."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.channels.smtp_address import OwnAddresses
from bot.channels.smtp_auth import Patience
from bot.channels.smtp_body import Memory
from bot.channels.smtp_limits import Places, Room, TrustedProxies
from bot.clock import Clock
from bot.config import Smtp
from bot.ports import Accept

if TYPE_CHECKING:
    from bot.channels.smtp_session import Connection


@dataclass
class Shared:
    """What all connections of one door share."""

    section: Smtp
    own: OwnAddresses
    clock: Clock
    proxies: TrustedProxies
    places: Places
    room: Room
    tls: ssl.SSLContext | None
    accept: Accept
    memory: Memory
    patience: Patience = field(default_factory=Patience)
    verifying: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    """Each password check takes 16 MB and 50 ms of a core."""
    connections: set[Connection] = field(default_factory=set)
    stopping: bool = False

    def __post_init__(self) -> None:
        self.command_timeout = self.section.command_timeout.total_seconds()
        self.data_timeout = self.section.data_timeout.total_seconds()
        self.session_timeout = self.section.session_timeout.total_seconds()
        self.banner = (
            f"220 {self.section.hostname} {self.section.protocol.upper().replace('S', 'ES', 1)}".encode()
        )
