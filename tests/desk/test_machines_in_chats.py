"""Another bot in a channel that answers whatever we say there (I6)."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.store.models import Ticket
from tests.desk.by_chat import chats


@pytest.mark.parametrize("below", [True, False])
def test_i6_two_bots_in_one_channel_answer_each_other_once_at_the_most(
    tmp_path: Path,
    below: bool,  # noqa: FBT001  # where the other one answers
) -> None:
    with chats(tmp_path) as life:
        first = life.says("B9", "The disk of db-3 is full", at="C0HELP")
        answered = 0
        for number in range(30):
            if len(life.to("acme/B9")) == answered and number:
                break  # we are silent, so it is
            answered = len(life.to("acme/B9"))
            life.pass_time(seconds=3)
            life.says("B9", f"I have not understood ({number})", at="C0HELP", thread=first if below else "")
        assert len(life.to("acme/B9")) == 1
        assert len(life.desk.rows(Ticket)) == 1
