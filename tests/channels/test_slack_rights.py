"""Who may do what in Slack, and how often it is done, through the running bot (I6, I12, I13)."""

from __future__ import annotations

import asyncio
from pathlib import Path

import sqlalchemy as sa

from bot.store.models import Entry, Inbox
from tests.channels.test_slack_conversations import ANN, BO, CARLA, PRINTER, Office, office


async def all_is_done(at: Office, before: int) -> None:
    """What has come since is dealt with."""
    await at.until(
        lambda: len(rows := at.rows(sa.select(Inbox.outcome))) > before and all(row.outcome for row in rows)
    )


async def test_i12_who_takes_an_agents_name_and_address_for_a_profile_has_no_rights(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        at.house.workspace.add_user(CARLA, "Bo Lund", email="bo@desk.example")
        await at.house.says(ANN, at.ann, PRINTER)
        card = await at.card()
        before, state = at.actions(), at.ticket()
        kept = len(at.rows(sa.select(Inbox.id)))
        await at.house.presses(CARLA, at.room, card, "take:")
        await at.house.reacts(CARLA, at.room, card, "white_check_mark")
        await at.house.types(CARLA, at.room, "/ticket", "close HD-1")
        await at.house.says(CARLA, at.room, "!resolve It works now.", thread=card.ts)
        await all_is_done(at, kept + 3)
        assert (at.ticket().owner_id, at.ticket().state) == (state.owner_id, state.state)
        assert {"resolved", "closed", "assigned"}.isdisjoint(at.actions()[len(before) :])
        assert "It works now" not in at.bot_says(at.ann)
        await at.house.presses(BO, at.room, card, "take:")
        await at.until(lambda: at.ticket().owner_id)


async def test_i13_two_clicks_on_close_at_once_close_once_and_the_second_is_told_so(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.house.says(ANN, at.ann, PRINTER)
        hello = await at.until(lambda: at.last_with(at.ann, "close:"))
        press = (at.house.presses(ANN, at.ann, hello, "close:") for _ in range(2))
        await asyncio.gather(*press)
        await at.until(lambda: at.house.responses)
        await at.until(lambda: not hello.buttons())
        assert at.actions().count("closed") == 1
        (told,) = at.house.responses
        assert "settled already" in told["text"]
        assert "✓ Ann: Close it" in hello.words()


async def test_i13_who_has_not_asked_presses_in_vain_and_the_buttons_stay(tmp_path: Path) -> None:
    async with office(tmp_path) as at:
        await at.house.mentions(ANN, at.room, PRINTER)
        hello = await at.until(lambda: at.last_with(at.room, "close:"))
        await at.house.presses(CARLA, at.room, hello, "close:")
        await at.until(lambda: at.house.responses)
        assert "Only the person" in at.house.responses[0]["text"]
        assert (at.ticket().state, "close:" in hello.buttons(), hello.edits) == ("new", True, 0)
        assert at.rows(sa.select(Entry.id).where(Entry.kind == "closed")) == []
