"""What only a whole desk can promise, between every door in which agents work and every door in which people ask."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.store.models import Ticket
from tests.doors.running import ROOMS, a_ben, running

REQUEST = "The printer on the third floor is on fire, and nobody is there to put it out"
_PAIRS = [(agent, requester) for agent in ROOMS for requester in ("mail", "slack", "telegram")]


@pytest.mark.parametrize(("agent", "requester"), _PAIRS)
async def test_words_that_are_taken_back_in_time_reach_nobody_and_later_the_answer_is_honest(
    agent: str, requester: str, tmp_path: Path
) -> None:
    async with running(tmp_path, agent, requester) as at:
        await at.asks(REQUEST)
        await at.button("Take")
        await at.settled()
        await at.agent_says("This was meant for somebody else.")
        undo = await at.button("Undo")
        await at.presses(undo, stranger=True)
        await at.settled()
        assert (at.told("Taken back"), at.heard("somebody else")) == (0, 0)
        await at.presses(undo)
        await at.until(lambda: at.told("Taken back"), "the agent is not told that it is taken back")
        at.keeper.desk.clock.forward(minutes=5)
        await at.settled()
        assert at.heard("somebody else") == 0, "it was taken back, and sent"

        await at.agent_says("Somebody is on the way with water.")
        await at.until(lambda: at.told("You can take it back") == 2, "the agent gets no receipt")
        late = await at.button("Undo")
        await at.settled()
        assert at.heard("with water") == 0, "it went out before its time was over"
        at.keeper.desk.clock.forward(seconds=21)
        await at.settled()
        assert at.heard("with water") == 1
        await at.presses(late)
        await at.until(lambda: at.told("It is too late"), "nobody says that it is too late")
        await at.settled()
        assert (at.heard("with water"), at.told("Taken back")) == (1, 1)


@pytest.mark.parametrize("agent", ROOMS)
async def test_rights_are_looked_at_when_a_button_is_pressed_and_not_when_it_was_shown(
    agent: str, tmp_path: Path
) -> None:
    async with running(tmp_path, agent, "mail") as at:
        await at.asks(REQUEST)
        take = await at.button("Take")
        await at.settled()
        await at.start(agents={"ben": a_ben(active=False)})
        await at.presses(take)
        await at.settled()
        assert [row.owner_id for row in at.keeper.desk.rows(Ticket)] == [None], "who has left has taken it"
        await at.start()
        await at.presses(take)
        await at.settled()
        (ticket,) = at.keeper.desk.rows(Ticket)
        assert ticket.owner_id is not None
        await at.presses(take)
        await at.settled()
        assert at.keeper.desk.rows(Ticket) == [ticket], "a second press has changed something"
