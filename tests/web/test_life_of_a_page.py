"""From the acknowledgement's link to a closed ticket: the whole bot, as ``bot.app`` builds it."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from bot.app import App
from bot.config import Config
from bot.desk.links import Link, Purpose
from bot.store.models import Inbox, InboxState, Ticket
from tests.running import running
from tests.web.world import form_of, shown


def _post(port: int) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ann <ann@localhost>", "help@localhost", "Fire"
    mail["Message-ID"] = "<one@client.example>"
    mail.set_content("It burns.")
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.send_message(mail)


async def _settled(app: App, many: int) -> list[Any]:
    """All of the inbox is done, and there is so much of it."""
    query = sa.select(Inbox.state, Inbox.outcome, Inbox.reason).order_by(Inbox.id)
    async with asyncio.timeout(30):
        while True:
            rows = await app.store.read(lambda tx: list(tx.run(query)))
            if len(rows) == many and all(row.state == InboxState.DONE for row in rows):
                return rows
            await asyncio.sleep(0.02)


async def _served(app: App) -> None:
    """The pages have a port."""
    for _ in range(1_500):
        if app.pages.port:
            return
        await asyncio.sleep(0.02)
    raise TimeoutError


async def test_what_a_requester_says_on_their_page_reaches_the_ticket(tmp_path: Path) -> None:
    config = Config.model_validate(
        {
            "desk": {"data": tmp_path, "secret": "s" * 40},
            "smtp": {"port": 0},
            "web": {"port": 0},
            "workers": {"processes": 1},
        }
    )
    async with running(App(config)) as app:
        await asyncio.to_thread(_post, app.mail.door.port)
        await _settled(app, 1)
        (ticket,) = await app.store.read(
            lambda tx: list(tx.run(sa.select(Ticket.id, Ticket.requester_id, Ticket.opened_at)))
        )
        link = Link(Purpose.STATUS, ticket.id, ticket.requester_id, ticket.opened_at.replace(year=2100))
        path = f"/status/{app.desk.links.token(link)}"
        await _served(app)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{app.pages.port}") as client:
            page = await client.get(path)
            assert "It burns." in shown(page)
            form = {"verb": "add", "text": "And smokes.", "form": form_of(page)}
            noted = await client.post(path, data=form, follow_redirects=True)
            assert "Your message has been noted" in shown(noted)
            await _settled(app, 2)
            assert "And smokes." in shown(await client.get(path))
            await client.post(path, data={"verb": "close"})
            rows = await _settled(app, 3)
            assert "This request is closed." in shown(await client.get(path))
        assert [(row.outcome, row.reason) for row in rows[1:]] == [
            ("appended", "reference"),
            ("commanded", "closed-by-requester"),
        ]
