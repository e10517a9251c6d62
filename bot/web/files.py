"""Attachments: always as downloads, never as pages of ours (C10); never decoded here (C11)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.desk.links import Link, Purpose
from bot.errors import StoreError
from bot.mail.attachments import safe_name
from bot.store import attachments
from bot.store.attachments import File
from bot.store.blobs import Blobs
from bot.store.engine import Tx
from bot.store.pages import Seat, Shown
from bot.web.look import Look
from bot.web.visits import Visits

FILE_LINK_FOR: Final = timedelta(hours=1)
"""How long the link to a file is good: it is made anew whenever the page of the ticket is opened."""
_AT_ONCE: Final = 16
"""Files on their way at the same time; of each a piece or two is in memory."""
_PATIENCE: Final = 10.0
_HARMLESS: Final = frozenset(
    {
        "application/pdf",
        "application/zip",
        "image/gif",
        "image/jpeg",
        "image/png",
        "image/webp",
        "text/csv",
        "text/plain",
        "application/msword",
        "application/vnd.ms-excel",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }
)
"""Types that no browser runs anything of; any other is a row of octets."""
_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow, noarchive",
}


class Files:
    """Gives files to those who may have them."""

    def __init__(self, blobs: Blobs, look: Look, visits: Visits) -> None:
        self._blobs = blobs
        self._look = look
        self._visits = visits
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def download(self, request: Request) -> Response:
        """One file (K5): the link names it, its ticket and a person, and all three must belong together."""
        visit = await self._visits.of(request, Purpose.FILE, _file)
        if isinstance(visit, Response):
            return visit
        file = visit.more
        if file is None:
            return self._visits.not_found(request)
        headers = {
            **_HEADERS,
            "content-disposition": disposition(file.name),
            "content-length": str(file.size),
        }
        kind = file.media_type if file.media_type in _HARMLESS else "application/octet-stream"
        if request.method == "HEAD":
            return Response(headers={**headers, "content-type": kind})
        try:
            async with asyncio.timeout(_PATIENCE):
                await self._turns.acquire()
        except TimeoutError as error:
            return self._visits.away(request, error)
        try:
            pieces = self._blobs.pieces(file.sha256)
            first = await asyncio.to_thread(next, pieces, b"")
        except StoreError:
            self._turns.release()
            return self._look.refusal(request, 410, "gone", visit.now)
        except BaseException:
            self._turns.release()
            raise
        return _Download(first, pieces, {**headers, "content-type": kind}, self._turns.release)


class _Download(Response):
    """A file in pieces, each read when the reader has taken the one before. A file that turns out to be damaged is
    broken off before its last piece, which the reader's program tells by its length."""

    def __init__(
        self, first: bytes, pieces: Iterator[bytes], headers: dict[str, str], done: Callable[[], None]
    ) -> None:
        super().__init__(headers=headers)
        self._first = first
        self._pieces = pieces
        self._done = done

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI
        """Send it all; whatever happens, somebody else may have their turn then."""
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            piece, self._first = self._first, b""
            while piece:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                piece = await asyncio.to_thread(next, self._pieces, b"")
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._done()


def _file(tx: Tx, ticket: Shown, seat: Seat, link: Link) -> File | None:
    number = int(link.extra) if link.extra.isdecimal() and len(link.extra) <= 15 else 0
    return attachments.seen(tx, ticket, number, seat)


def disposition(name: str) -> str:
    """``Content-Disposition`` with a name for every browser (RFC 6266, 4.3 and appendix D; RFC 8187)."""
    safe = safe_name(name) or "file"
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in safe)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
