"""From the outbox to the world: what is tried again, what is given up, and that nobody blocks anybody."""

from __future__ import annotations

import math
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.delivery import Fuse
from bot.errors import ChannelError, HeldError, TemplateError, WorkerFailed
from bot.message import Kind, OutgoingMessage
from bot.store import outbox
from bot.store.models import Event, Outbox
from tests.delivery_rig import Rig, a_rig, refuse
from tests.desks import MONDAY, a_message, an_outgoing, open_desk


async def test_what_is_due_is_sent_once_and_recorded(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        made = rig.queue()
        assert [await rig.round(), await rig.round()] == [1, 0]
        (row,) = rig.rows()
        assert rig.sink.taken == [made]
        assert (row.state, row.result, row.attempts, row.finished_at) == ("sent", "250 ok", 1, MONDAY)


async def test_x7_a_relay_that_is_away_for_hours_gets_the_message_once_it_is_back(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        made = rig.queue()
        rig.sink.obey = refuse(ChannelError("451 4.3.0 later"))
        for _ in range(12 * 60):
            await rig.round()
            rig.clock.forward(minutes=1)
        assert len(rig.sink.given) < 20
        assert (rig.states(), rig.rows()[0].result) == (["queued"], "451 4.3.0 later")
        rig.sink.obey = lambda _: None
        rig.clock.forward(hours=1)
        await rig.round()
        assert rig.sink.taken == [made]
        assert {m.token for m in rig.sink.given} == {made.token}, "each attempt bears the same Message-ID"


POISON = [
    UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"),
    ChannelError("550 5.1.1 \x00\ud800\r\nno such user", permanent=True),
    ChannelError("4" * 100_000),
    ChannelError("429", retry_after=math.inf),
    HeldError("too-big", "limit 512 MB"),
    WorkerFailed("died", "exit status 9"),
    TemplateError("broken"),
    RecursionError(),
    MemoryError(),
    KeyError("x"),
]


@pytest.mark.parametrize("error", POISON, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", [Kind.REPLY, Kind.ACKNOWLEDGEMENT])
async def test_f6_a_message_that_fails_in_any_way_blocks_nobody(
    tmp_path: Path, error: Exception, kind: Kind
) -> None:
    async with a_rig(tmp_path) as rig:

        def obey(message: OutgoingMessage) -> object:
            if message.to.address == "poison@localhost":
                raise error
            return None

        rig.sink.obey = obey
        rig.queue(kind, "poison@localhost")
        for number in range(9):
            rig.queue(kind, f"p{number}@localhost")
        await rig.round()
        assert Counter(rig.states()[1:]) == {"sent": 9}
        assert rig.states()[0] in {"queued", "failed", "unknown"}
        assert rig.rows()[0].result
        assert len(rig.rows()[0].result) <= 500


async def test_f6_what_fails_for_good_is_told_in_its_ticket(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.store.open()
        rig = Rig(desk.store, desk.clock)
        rig.sink.obey = refuse(ChannelError("550 5.1.1 no such user", permanent=True))
        await rig.round()
        event = rig.rows(Event)[-1]
        assert (rig.states(), event.ticket_id, event.action) == (["failed"], 1, "delivery.ended")
        assert event.after == {
            "kind": "acknowledgement",
            "state": "failed",
            "result": "550 5.1.1 no such user",
        }


async def test_x21_an_automatic_message_that_is_too_old_is_not_sent_but_a_persons_is(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.ACKNOWLEDGEMENT, "a@localhost")
        reply = rig.queue(Kind.REPLY, "b@localhost")
        rig.clock.forward(hours=25)
        await rig.round()
        assert rig.states() == ["stale", "sent"]
        assert rig.sink.given == [reply]


async def test_x21_an_automatic_message_of_yesterday_is_still_sent(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.ACKNOWLEDGEMENT)
        rig.clock.forward(hours=23, minutes=59)
        await rig.round()
        assert rig.states() == ["sent"]


@pytest.mark.parametrize(("kind", "sent"), [(Kind.PROGRESS, []), (Kind.REPLY, [1]), (Kind.NOTICE, [1])])
async def test_what_waited_while_the_desk_was_down_by_day_does_not_come_at_night(
    tmp_path: Path, kind: Kind, sent: list[int]
) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(kind)
        rig.clock.moment = MONDAY.replace(hour=23)
        await rig.round()
        assert [1 for _ in rig.sink.taken] == sent
        rig.clock.moment = MONDAY.replace(hour=7, minute=59) + timedelta(days=1)
        await rig.round()
        assert [1 for _ in rig.sink.taken] == sent
        rig.clock.forward(minutes=1)
        await rig.round()
        assert [row.state for row in rig.rows()] == ["sent"]


async def test_e3_when_the_fuse_blows_automatic_messages_wait_and_replies_go(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_rig(tmp_path, all_per_hour=5) as rig:
        for number in range(5):
            rig.queue(Kind.ACKNOWLEDGEMENT, f"a{number}@localhost")
        await rig.round()
        rig.queue(Kind.ACKNOWLEDGEMENT, "late@localhost")
        rig.queue(Kind.REPLY, "person@localhost")
        for _ in range(3):
            await rig.round()
        assert rig.states() == ["sent"] * 5 + ["queued", "sent"]
        actions = [getattr(record, "action", "") for record in caplog.records]
        assert actions.count("delivery.fuse-blown") == 1, "once, and not each second"


def test_the_fuse_counts_what_was_sent_in_the_last_hour() -> None:
    fuse = Fuse(2)
    fuse.count()
    assert not fuse.blown
    fuse.count()
    assert fuse.blown
    fuse._sent[0] = fuse._sent[1] = time.monotonic() - 3601
    assert not fuse.blown


async def test_a_message_whose_channel_was_renamed_waits_for_it(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        for kind in (Kind.ACKNOWLEDGEMENT, Kind.REPLY):
            rig.queue(kind, f"{kind}@localhost", channel="old-mail")
        await rig.round()
        assert rig.states() == ["queued", "queued"]
        assert "old-mail" in rig.rows()[0].result


async def test_the_order_within_a_ticket_is_kept_while_the_first_message_waits(tmp_path: Path) -> None:
    with open_desk(tmp_path) as desk:
        desk.receive(a_message())
        desk.store.open()
        rig = Rig(desk.store, desk.clock)
        desk.store.write_now(lambda tx: tx.run(sa.delete(Outbox)))
        first, second = (rig.queue(Kind.REPLY, ticket=1) for _ in range(2))
        rig.sink.obey = refuse(ChannelError("451"))
        await rig.round()
        rig.sink.obey = lambda _: None
        assert await rig.round() == 0
        rig.clock.forward(minutes=1)
        await rig.round()
        await rig.round()
        assert rig.sink.taken == [first, second]


async def test_the_time_from_acceptance_to_acknowledgement_is_measured(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        made = an_outgoing(kind=Kind.ACKNOWLEDGEMENT)
        await rig.store.write(lambda tx: outbox.queue(tx, made, "ann@localhost", MONDAY))
        rig.clock.forward(seconds=3)
        await rig.round()
        assert b"deskbot_acknowledged_seconds_sum 3.0" in rig.delivery._metrics.render()


async def test_a_message_without_a_ticket_can_fail_too(tmp_path: Path) -> None:
    async with a_rig(tmp_path) as rig:
        rig.queue(Kind.NOTICE)
        rig.sink.obey = refuse(ChannelError("550", permanent=True))
        await rig.round()
        assert (rig.states(), rig.rows(Event)) == (["failed"], [])


async def test_h4_a_message_for_which_there_are_no_words_waits_because_it_has_surely_not_gone_out(
    tmp_path: Path,
) -> None:
    async with a_rig(tmp_path) as rig:
        rig.sink.obey = refuse(TemplateError("received: no template can speak"))
        rig.queue(Kind.ACKNOWLEDGEMENT)
        await rig.round()
        assert (rig.states(), rig.rows()[0].result) == (["queued"], "received: no template can speak")
