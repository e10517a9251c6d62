"""What a link shows to whom, and for how long (SECURITY.md, rows D4, D12, D15, K2 and K5)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.desk.links import Purpose
from bot.message import EMAIL, Party
from bot.store import conversation, people
from bot.store.models import Participant, Person
from tests.web.world import World, browser, shown


@pytest.fixture
def dora(world: World) -> int:
    """Dora was in Cc, and an agent has let her follow the ticket an hour later; between these an agent has
    answered."""
    clock, store = world.desk.clock, world.desk.store
    party = Party(EMAIL, "dora@localhost", "Dora")
    person = store.write_now(lambda tx: people.add(tx, party, "dora@localhost", clock()).id)
    store.write_now(lambda tx: conversation.propose(tx, 1, person, clock()))
    anna = world.agent("anna")
    clock.forward(minutes=30)
    world.attach(world.say(1, "reply", anna, "An old answer."), "old.txt", b"old")
    clock.forward(minutes=30)
    store.write_now(lambda tx: conversation.follow(tx, 1, person, clock()))
    clock.forward(minutes=1)
    world.attach(world.say(1, "reply", anna, "A new answer."), "new.txt", b"new")
    world.say(1, "message", world.desk.ticket(1).requester_id, "Words for the desk.")
    world.say(1, "message", person, "Me too.")
    world.say(1, "note", anna, "Among us.")
    world.change(state="open", owner_id=anna)
    return person


async def test_d4_who_follows_sees_the_answers_since_they_do_and_their_own_words(
    world: World, dora: int
) -> None:
    async with browser(world) as client:
        page = await client.get(world.path(Purpose.STATUS, person=dora))
        own = await client.get(world.path(Purpose.STATUS))
    words = shown(page)
    assert page.status_code == 200
    for there in (
        "The request is being worked on.",
        "You follow this request",
        "Anna Rossi",
        "A new answer.",
    ):
        assert there in words
    assert "Me too." in words
    assert "new.txt" in words
    for hidden in ("It burns.", "An old answer.", "old.txt", "Words for the desk.", "Among us."):
        assert hidden not in words
    for there in ("It burns.", "An old answer.", "A new answer.", "Me too.", "Words for the desk."):
        assert there in shown(own)
    assert "You follow" not in shown(own)


@pytest.mark.parametrize("state", ["new", "open", "waiting", "resolved", "closed"])
async def test_who_follows_can_say_more_and_nothing_else(world: World, dora: int, state: str) -> None:
    now = world.desk.clock()
    done, over = state in {"resolved", "closed"}, state == "closed"
    world.change(state=state, resolved_at=now if done else None, closed_at=now if over else None)
    path = world.path(Purpose.STATUS, person=dora)
    async with browser(world) as client:
        page = await client.get(path)
        assert ('value="add"' in page.text) is (state != "closed")
        for verb in ("close", "confirm", "reopen", "rate"):
            assert f'value="{verb}"' not in page.text
            for value in ("yes", "no", "5"):
                refused = await client.post(path, data={"verb": verb, "value": value, "text": "x"})
                assert refused.status_code == 422
    assert world.accepted == []


async def test_what_who_follows_says_is_theirs(world: World, dora: int) -> None:
    path = world.path(Purpose.STATUS, person=dora)
    async with browser(world) as client:
        assert (await client.post(path, data={"verb": "add", "text": "It smells."})).status_code == 303
        (outcome,) = await world.handle()
        assert outcome.ticket == 1
        assert "It smells." in shown(await client.get(path))
        assert "It smells." in shown(await client.get(world.path(Purpose.STATUS)))
    assert world.desk.ticket(1).state == "open"


async def test_d12_the_desk_refuses_what_a_forged_form_of_a_follower_asks(world: World, dora: int) -> None:
    """Were the page to take it, the desk would not."""
    from bot.web.door import Form, payload  # what the page itself uses

    path = world.path(Purpose.STATUS, person=dora)
    form = Form("status", path.rpartition("/")[2], "close", Party(EMAIL, "dora@localhost", "Dora"))
    await world.accept(payload(form, "once", world.desk.clock()))
    (outcome,) = await world.handle()
    assert str(outcome.reason) == "not-allowed"
    assert world.desk.ticket(1).state == "open"


async def test_d12_who_follows_rates_nothing_answers_nothing_and_has_no_page_once_they_do_not(
    world: World, dora: int
) -> None:
    world.ask_rating()
    path = world.path(Purpose.STATUS, person=dora)
    async with browser(world) as client:
        for purpose, extra in ((Purpose.RATE, ""), (Purpose.ANSWER, "close-"), (Purpose.ANSWER, "add-")):
            page = await client.get(world.path(purpose, person=dora, extra=extra))
            assert page.status_code == 404
        assert (await client.get(path)).status_code == 200
        role = sa.update(Participant).where(Participant.person_id == dora).values(role="proposed")
        world.desk.store.write_now(lambda tx: tx.run(role))
        assert (await client.get(path)).status_code == 404
        world.desk.store.write_now(lambda tx: tx.run(sa.delete(Participant)))
        assert (await client.get(path)).status_code == 404


async def test_k5_who_follows_gets_the_files_of_what_they_see(world: World, dora: int) -> None:
    async with browser(world) as client:
        for number, status in ((1, 404), (2, 200)):
            link = world.path(Purpose.FILE, person=dora, extra=str(number))
            assert (await client.get(link)).status_code == status


async def test_k2_some_time_after_the_end_a_link_shows_how_it_stands_and_nothing_else(
    world: World, dora: int
) -> None:
    closed_at, anna = world.desk.clock(), world.agent("anna")
    world.change(state="closed", closed_at=closed_at, closed_as="agent", owner_id=anna)
    world.ask_rating()
    window = world.desk.desk.config.tickets.reopen_within
    persons = (world.desk.ticket(1).requester_id, dora)
    private = ("Fire", "burns", "answer", "Me too", "Anna", "new.txt", "Words")
    async with browser(world) as client:
        for person in persons:
            assert "A new answer." in shown(await client.get(world.path(Purpose.STATUS, person=person)))
        world.desk.clock.forward(hours=window / timedelta(hours=1) + 1)
        for person in persons:
            page = await client.get(world.path(Purpose.STATUS, person=person))
            assert page.status_code == 200
            assert "Closed" in shown(page)
            assert "write a new mail" in shown(page)
            assert world.desk.desk.config.desk.address in shown(page)
            assert [word for word in private if word in page.text] == []
            assert "<form" not in page.text
            file = world.path(Purpose.FILE, person=person, extra="2")
            assert (await client.get(file)).status_code == 404
        rate = await client.get(world.path(Purpose.RATE))
        assert (rate.status_code, "Fire" in rate.text) == (200, False)
        assert "<form" in rate.text


async def test_d12_of_somebody_who_was_erased_or_whose_request_is_anothers_nothing_is_shown(
    world: World, dora: int
) -> None:
    ann = world.desk.ticket(1).requester_id
    path, follows = world.path(Purpose.STATUS), world.path(Purpose.STATUS, person=dora)
    async with browser(world) as client:
        world.change(requester_id=world.agent("anna"))
        assert (await client.get(path)).status_code == 404
        assert (await client.get(follows)).status_code == 200
        world.change(requester_id=ann)
        for person in (ann, dora):
            gone = sa.update(Person).where(Person.id == person).values(erased_at=world.desk.clock())
            world.desk.store.write_now(lambda tx, gone=gone: tx.run(gone))  # type: ignore[misc]  # a default binds the loop's value
        assert (await client.get(path)).status_code == 404
        assert (await client.get(follows)).status_code == 404
