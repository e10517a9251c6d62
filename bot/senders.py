"""Proving the sender of a mail by DNS: what is left to ask once it has been read.

Neither child processes nor the desk ever wait for the network: this asks, as one task for each mail, within one
limit of time, and hands the arithmetic of signatures to a child.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Final

from bot.errors import WorkerFailed
from bot.mail.authentication import UNKNOWN, Finding, Unproved
from bot.mail.authentication.checked import check_sender
from bot.mail.authentication.dkim import Signature, VerifyJob, verify_signatures
from bot.mail.authentication.resolving import Resolver
from bot.message import IncomingMessage, Payload
from bot.workers import Workers

log: Final = logging.getLogger("deskbot.senders")


class SenderCheck:
    """Adds a verdict on the sender to messages. ``seconds``: for all that one mail asks of DNS and children."""

    def __init__(self, resolver: Resolver, workers: Workers, *, seconds: float) -> None:
        self._resolver = resolver
        self._workers = workers
        self._seconds = seconds

    async def prove(self, message: IncomingMessage, unproved: Unproved, payload: Payload) -> IncomingMessage:
        """The message with what was found out. What cannot be found out in time is not known: never an error,
        never FAIL."""
        finding = await self._find(unproved, payload)
        notes = (finding.note,) if finding.note else ()
        return replace(message, authentication=finding.authentication, oddities=(*message.oddities, *notes))

    async def _find(self, unproved: Unproved, payload: Payload) -> Finding:
        async def verify(signatures: tuple[Signature, ...], keys: tuple[bytes, ...]) -> list[str]:
            job = VerifyJob(payload.raw, signatures, keys, int(payload.received_at.timestamp()))
            return await self._workers.run(verify_signatures, job)

        try:
            async with asyncio.timeout(self._seconds):
                return await check_sender(unproved, self._resolver, verify)
        except TimeoutError:
            log.info("sender not checked in time", extra={"action": "sender.timeout"})
        except WorkerFailed as error:
            log.warning("sender not checked", extra={"action": "sender.failed", "reason": error.reason})
        return UNKNOWN
