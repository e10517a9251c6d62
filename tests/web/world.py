"""A desk whose pages can be opened: a store, the pages as the web role has them, and a browser that is httpx."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import sqlalchemy as sa
from starlette.applications import Starlette

from bot.config import Web
from bot.desk.links import Link, Purpose
from bot.desk.outcome import Outcome
from bot.message import Payload
from bot.metrics import Metrics
from bot.store import inbox
from bot.store.blobs import LocalBlobs
from bot.store.engine import Store
from bot.store.models import AttachmentRow, Entry, Inbox, Survey, Ticket
from bot.web.app import create_app
from bot.web.door import WebDoor
from bot.web.pages import Pages
from bot.web.probes import Probes, Queues
from tests.desk.by_mail import ANN, TEAM
from tests.desks import Clock, OpenDesk, a_desk, make_store

BASE: Final = "http://127.0.0.1:8080"
"""``desk.base_url`` when nothing is said."""


async def _calm() -> Queues:
    return Queues(0, 0, 0, 0, 0)


@dataclass
class World:
    """A desk, its pages, and what was sent from them."""

    desk: OpenDesk
    blobs: LocalBlobs
    door: WebDoor
    accepted: list[Payload] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        """The application, as the web role serves it."""
        return self.application(Web())

    def application(self, section: Web) -> Starlette:
        pages = Pages(self.desk.store, self.blobs, self.desk.desk, self.accept, self.desk.clock)
        return create_app(Probes(_calm, {}), Metrics(), section, pages)

    async def accept(self, payload: Payload) -> bool:
        """As intake keeps it."""
        new = await self.desk.store.write(lambda tx: inbox.add(tx, payload))
        if new:
            self.accepted.append(payload)
        return new

    async def handle(self) -> list[Outcome]:
        """What becomes of all that was accepted."""
        outcomes: list[Outcome] = []
        while self.accepted:
            messages = await self.door.translate(self.accepted.pop(0))
            outcomes += [self.desk.receive(message) for message in messages]
        return outcomes

    def path(
        self,
        purpose: Purpose,
        ticket: int = 1,
        *,
        person: int | None = None,
        extra: str = "",
        hours: float = 24,
    ) -> str:
        """A genuine link of the ticket's requester."""
        who = self.desk.ticket(ticket).requester_id if person is None else person
        link = Link(purpose, ticket, who, self.desk.clock() + timedelta(hours=hours), extra)
        return f"/{purpose}/{self.desk.desk.links.token(link)}"

    def agent(self, key: str) -> int:
        """An agent of the team: their number."""
        roster, now = self.desk.desk.roster, self.desk.clock()
        return self.desk.store.write_now(lambda tx: roster.load(tx, key, now).person.id)

    def change(self, ticket: int = 1, **values: Any) -> None:
        """As if the desk had changed the ticket."""
        self.desk.store.write_now(
            lambda tx: tx.run(sa.update(Ticket).where(Ticket.id == ticket).values(**values))
        )

    def say(self, ticket: int, kind: str, author: int | None, text: str) -> int:
        """Something was said: its number."""
        values = {
            "ticket_id": ticket,
            "kind": kind,
            "author_id": author,
            "channel": "mail",
            "text": text,
            "created_at": self.desk.clock(),
        }
        new = sa.insert(Entry).values(**values).returning(Entry.id)
        return int(self.desk.store.write_now(lambda tx: tx.run(new).scalar_one()))

    def attach(
        self, entry: int, name: str, content: bytes, media_type: str = "application/octet-stream"
    ) -> int:
        """A file came with it: its number."""
        values = {
            "entry_id": entry,
            "name": name,
            "media_type": media_type,
            "size": len(content),
            "sha256": self.blobs.put(content),
            "inline": False,
        }
        new = sa.insert(AttachmentRow).values(**values).returning(AttachmentRow.id)
        return int(self.desk.store.write_now(lambda tx: tx.run(new).scalar_one()))

    def ask_rating(self, ticket: int = 1, **values: Any) -> None:
        """The requester was asked how satisfied they are."""
        row = {
            "ticket_id": ticket,
            "person_id": self.desk.ticket(ticket).requester_id,
            "asked_at": self.desk.clock(),
            "comment": "",
            "alarmed": False,
            **values,
        }
        self.desk.store.write_now(lambda tx: tx.run(sa.insert(Survey).values(**row)))

    def snapshot(self) -> list[Any]:
        """All that a page could change."""
        return [self.desk.rows(table) for table in (Ticket, Entry, Inbox, Survey)]


@cache
def _fresh() -> bytes:
    """A migrated database, as a file."""
    with TemporaryDirectory() as folder:
        make_store(Path(folder), Clock()).close()
        return (Path(folder) / "deskbot.db").read_bytes()


@contextmanager
def a_world(folder: Path, **sections: Any) -> Iterator[World]:
    """A desk with a team."""
    folder.mkdir(exist_ok=True)
    (folder / "deskbot.db").write_bytes(_fresh())
    clock = Clock()
    store = Store(f"sqlite:///{folder / 'deskbot.db'}", now=clock)
    store.open()
    try:
        desk = OpenDesk(store, a_desk(**{**TEAM, **sections}), clock, folder)
        yield World(desk, LocalBlobs(folder / "blobs"), WebDoor(desk.desk.links))
    finally:
        store.close()


@asynccontextmanager
async def browser(world: World, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser that keeps to itself what it thinks of scripts."""
    transport = httpx.ASGITransport(app=world.app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
        yield client


def shown(page: httpx.Response) -> str:
    """A page's words, without its markup."""
    body = page.text.partition("<main")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", body)).split())


def form_of(page: httpx.Response) -> str:
    """The mark of the page's form."""
    found = re.search(r'name="form" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


__all__ = ["ANN", "BASE", "World", "a_world", "browser", "form_of", "shown"]
