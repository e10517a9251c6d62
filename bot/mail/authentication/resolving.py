"""What the checks ask of DNS. ``channels.dns`` answers from the network, tests from a dictionary."""

from __future__ import annotations

from typing import Protocol

from bot.errors import DeskbotError


class Unresolved(DeskbotError):
    """DNS did not answer, or not in time: nothing is known, and asking later may help."""


class Resolver(Protocol):
    """Questions to DNS. Nothing found, and no such name, is an empty answer. Raises ``Unresolved``."""

    async def txt(self, name: str) -> tuple[bytes, ...]:
        """TXT records, the strings of each joined."""

    async def addresses(self, name: str, version: int) -> tuple[str, ...]:
        """A records for version 4, AAAA for 6."""

    async def mx(self, name: str) -> tuple[str, ...]:
        """Names of mail exchangers, best first."""
