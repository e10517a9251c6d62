"""Which connections the relay sender opens, keeps, gives up and shares."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.channels.relay_world import failure, outgoing, section_for, sender_to
from tests.peers.smarthost import OK, Deed, Smarthost, Step


@pytest.fixture
async def host() -> AsyncIterator[Smarthost]:
    async with Smarthost() as smarthost:
        yield smarthost
    assert smarthost.violations == []


async def test_mails_in_turn_use_one_connection(host: Smarthost) -> None:
    sender = sender_to(section_for(host))
    for _ in range(5):
        await sender.send(outgoing())
    await sender.close()
    assert host.connections == 1
    assert host.verbs(1) == ["EHLO", *["MAIL", "RCPT", "DATA"] * 5, "QUIT"]


async def test_mails_at_once_use_as_many_connections_as_allowed_and_no_more(host: Smarthost) -> None:
    sender = sender_to(section_for(host, connections=3))
    await asyncio.gather(*(sender.send(outgoing(str(number))) for number in range(30)))
    await sender.close()
    assert host.connections == 3
    assert len(host.taken) == 30


async def test_a_failed_connection_gives_its_turn_back(host: Smarthost) -> None:
    sender = sender_to(section_for(host, connections=1))
    host.will("CONNECT", *["421 4.3.2 busy"] * 3)
    for _ in range(3):
        await failure(sender)
    await sender.send(outgoing())
    await sender.close()
    assert len(host.taken) == 1


async def test_a_worn_connection_is_left_with_a_goodbye(host: Smarthost) -> None:
    sender = sender_to(section_for(host), mails_per_connection=2)
    for _ in range(4):
        await sender.send(outgoing())
    await sender.close()
    assert [host.verbs(number).count("MAIL") for number in (1, 2)] == [2, 2]
    assert host.verbs(1)[-1] == host.verbs(2)[-1] == "QUIT"


async def test_an_idle_connection_is_closed_with_a_goodbye(host: Smarthost) -> None:
    sender = sender_to(section_for(host), keep_seconds=0.01)
    await sender.send(outgoing())
    await host.all_gone()
    assert host.verbs(1)[-1] == "QUIT"
    await sender.send(outgoing())
    assert host.connections == 2
    await sender.close()


async def test_a_kept_connection_that_the_relay_has_closed_is_no_error(host: Smarthost) -> None:
    sender = sender_to(section_for(host))
    await sender.send(outgoing())
    host.drop_all()
    await sender.send(outgoing())
    await sender.close()
    assert len(host.taken) == 2


@pytest.mark.parametrize("step", [Deed.DROP_BEFORE, Deed.DROP_AFTER, "421 4.4.2 idle too long"])
async def test_a_kept_connection_that_dies_before_mail_is_accepted_is_tried_once_more(
    host: Smarthost, step: Step
) -> None:
    sender = sender_to(section_for(host))
    await sender.send(outgoing())
    host.will("MAIL", step)
    await sender.send(outgoing())
    await sender.close()
    assert (host.connections, len(host.taken)) == (2, 2)


async def test_when_all_kept_connections_are_dead_the_second_try_is_on_a_fresh_one(host: Smarthost) -> None:
    sender = sender_to(section_for(host, connections=3))
    await asyncio.gather(*(sender.send(outgoing()) for _ in range(3)))
    host.will("MAIL", Deed.DROP_BEFORE)
    host.drop_all()
    await failure(sender)
    assert host.connections == 4
    await sender.close()


async def test_a_kept_connection_that_dies_twice_is_an_error(host: Smarthost) -> None:
    sender = sender_to(section_for(host))
    await sender.send(outgoing())
    host.will("MAIL", Deed.DROP_BEFORE, Deed.DROP_BEFORE)
    error = await failure(sender)
    assert (error.permanent, error.ambiguous) == (False, False)
    assert (host.connections, len(host.taken)) == (2, 1)
    await sender.close()


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "DOT"])
async def test_a_kept_connection_that_dies_later_is_an_error_at_once(host: Smarthost, verb: str) -> None:
    sender = sender_to(section_for(host))
    await sender.send(outgoing())
    host.will(verb, Deed.DROP_BEFORE)
    error = await failure(sender)
    assert error.ambiguous is (verb == "DOT")
    assert host.connections == 1
    await sender.close()


async def test_a_relay_that_closes_after_its_last_answer_has_taken_the_mail(host: Smarthost) -> None:
    sender = sender_to(section_for(host))
    host.will("DOT", Deed.ANSWER_AND_DROP, OK)
    await sender.send(outgoing())
    await sender.send(outgoing())
    await sender.close()
    assert (host.connections, len(host.taken)) == (2, 2)


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "DOT"])
async def test_a_sending_that_is_cancelled_leaves_no_half_conversation_to_the_next(
    host: Smarthost, verb: str
) -> None:
    sender = sender_to(section_for(host, connections=1))
    host.will(verb, Deed.HANG)
    sending = asyncio.create_task(sender.send(outgoing()))
    await host.reached.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    host.released.set()
    await sender.send(outgoing())
    assert host.connections == 2
    await sender.close()


async def test_a_mail_under_way_ends_although_the_sender_closes_and_its_connection_is_not_kept(
    host: Smarthost,
) -> None:
    sender = sender_to(section_for(host))
    host.will("DOT", Deed.HANG)
    sending = asyncio.create_task(sender.send(outgoing()))
    await host.reached.wait()
    await sender.close()
    host.released.set()
    await sending
    await host.all_gone()
    assert host.verbs(1)[-1] == "QUIT"


async def test_a_relay_that_does_not_answer_quit_does_not_hold_up_the_stop(host: Smarthost) -> None:
    sender = sender_to(section_for(host, timeout="1s"))
    await sender.send(outgoing())
    host.will("QUIT", Deed.HANG)
    async with asyncio.timeout(4):
        await sender.close()
    await host.all_gone()


async def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next(host: Smarthost) -> None:
    sender = sender_to(section_for(host))
    host.will("DOT", "250 2.0.0 queued\r\n250 2.0.0 and a word too much")
    await sender.send(outgoing())
    host.will("RCPT", "550 5.1.1 no such user")
    await failure(sender)
    assert len(host.taken) == 1, "the refused mail must not count as sent"
    await sender.close()
