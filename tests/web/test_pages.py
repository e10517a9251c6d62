"""The page of a request (SECURITY.md, rows C10, D12, D15, G2, G5, K1, K2, K4, K6, K8, K10 and K11)."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa

from bot.desk.links import Purpose
from bot.desk.outcome import Reason
from bot.desk.states import Ended
from bot.errors import StoreUnavailable
from bot.message import EMAIL, Party, Payload
from bot.store import conversation, people
from bot.store.models import Entry, Inbox, Person
from bot.web.forms import LARGEST, LONGEST
from bot.web.guard import FORMS, GUESSES
from tests.desk.by_mail import ANNA, EVE, asks
from tests.web.world import BASE, World, browser, form_of, shown


def another(world: World, address: str, name: str = "") -> int:
    """Somebody else: their number."""
    party = Party(EMAIL, address, name)
    return world.desk.store.write_now(lambda tx: people.add(tx, party, address, world.desk.clock()).id)


async def test_the_page_tells_how_a_request_stands_with_whom_and_until_when(world: World) -> None:
    anna = world.agent("anna")
    later = world.desk.clock() + timedelta(hours=2)
    world.change(state="open", owner_id=anna, fix_expected_at=later)
    world.say(1, "reply", anna, "I am on my way.")
    async with browser(world) as client:
        page = await client.get(world.path(Purpose.STATUS))
    words = shown(page)
    assert page.status_code == 200
    for told in (
        "HD-1",
        "Fire",
        "In progress",
        "With Anna Rossi",
        "before 13:30",
        "today at 11:30",
        "It burns.",
    ):
        assert told in words
    assert "Anna Rossi today at 09:30 (UTC) I am on my way." in words


async def test_d15_the_page_shows_nothing_but_what_was_meant_for_the_requester(world: World) -> None:
    eve, carl = another(world, EVE, "Eve"), another(world, "carl@localhost", "Carl")
    world.desk.store.write_now(lambda tx: conversation.follow(tx, 1, carl, world.desk.clock()))
    ann = world.desk.ticket(1).requester_id
    hidden = {
        "note": "between us",
        "unverified": "your sign-up code is 4711",
        "automatic": "I am away",
        "card": "some kind that comes later",
    }
    for kind, text in hidden.items():
        for author in (ann, eve, None):
            world.say(1, kind, author, text)
    world.say(1, "message", eve, "words of a stranger")
    world.say(1, "message", None, "words of nobody")
    world.say(1, "message", carl, "I follow this")
    world.say(1, "reply", eve, "an answer to all")
    async with browser(world) as client:
        words = shown(await client.get(world.path(Purpose.STATUS)))
    for text in (*hidden.values(), "words of a stranger", "words of nobody"):
        assert text not in words
    assert "I follow this" in words
    assert "an answer to all" in words


async def test_d15_no_agents_address_stands_on_the_page(world: World) -> None:
    anna = world.agent("anna")
    world.change(owner_id=anna)
    world.say(1, "reply", anna, "Hello.")
    async with browser(world) as client:
        assert ANNA not in (await client.get(world.path(Purpose.STATUS))).text


async def test_k11_the_page_of_one_person_shows_nothing_of_anothers(world: World) -> None:
    asks(world.desk, "A secret.", sender="carl@localhost", subject="Secret")
    async with browser(world) as client:
        assert "ecret" not in (await client.get(world.path(Purpose.STATUS))).text
        ann = world.desk.ticket(1).requester_id
        assert (await client.get(world.path(Purpose.STATUS, 2, person=ann))).status_code == 404


async def test_k1_looking_changes_nothing_however_often_and_however_it_is_asked(world: World) -> None:
    world.change(state="resolved", resolved_at=world.desk.clock())
    world.ask_rating()
    paths = [
        world.path(Purpose.STATUS),
        world.path(Purpose.STATUS) + "?noted=close&verb=close",
        world.path(Purpose.RATE, extra="5") + "?value=5",
        *(world.path(Purpose.ANSWER, extra=choice) for choice in ("confirm-yes", "confirm-no", "reopen-")),
    ]
    before = world.snapshot()
    async with browser(world, **{"sec-purpose": "prefetch", "sec-fetch-mode": "navigate"}) as client:
        for path in paths:
            for _ in range(5):
                assert (await client.get(path)).status_code == 200
                assert (await client.head(path)).status_code == 200
    assert world.snapshot() == before
    assert world.accepted == []


async def test_words_from_the_page_are_kept_in_the_ticket_and_the_owner_is_told(world: World) -> None:
    async with browser(world) as client:
        path = world.path(Purpose.STATUS)
        form = {
            "verb": "add",
            "text": "It\r\nstill\x00 burns\u202e.",
            "form": form_of(await client.get(path)),
        }
        answer = await client.post(path, data=form)
        assert answer.status_code == 303
        (outcome,) = await world.handle()
        assert outcome.reason is Reason.REFERENCE
        page = await client.get(httpx.URL(path).join(answer.headers["location"]))
    assert "Your message has been noted" in shown(page)
    assert "It still burns." in shown(page)
    assert [row.text for row in world.desk.rows(Entry)] == ["It burns.", "It\nstill burns."]
    assert world.desk.rows(Entry)[-1].channel == "web"


async def test_k1_a_double_click_is_one_message_and_the_same_words_again_are_another(world: World) -> None:
    path = world.path(Purpose.STATUS)
    async with browser(world) as client:
        for _ in range(2):
            form = {"verb": "add", "text": "Hello?", "form": form_of(await client.get(path))}
            for _ in range(2):
                assert (await client.post(path, data=form)).status_code == 303
                world.desk.clock.forward(minutes=2)
    assert len(world.accepted) == 2
    await world.handle()
    assert [row.text for row in world.desk.rows(Entry)] == ["It burns.", "Hello?", "Hello?"]


async def test_who_needs_nothing_more_closes_the_request(world: World) -> None:
    path = world.path(Purpose.STATUS)
    async with browser(world) as client:
        assert (await client.post(path, data={"verb": "close"})).status_code == 303
        await world.handle()
        page = await client.get(path)
        assert "This request is closed." in shown(page)
        assert world.desk.ticket(1).closed_as == Ended.SELF
        assert (await client.post(path, data={"verb": "close"})).status_code == 422
        assert (await client.post(path, data={"verb": "reopen", "text": "No!"})).status_code == 303
        await world.handle()
        assert "No!" in shown(await client.get(path))
        assert world.desk.ticket(1).state == "open"
        world.change(state="closed", closed_at=world.desk.clock() - timedelta(days=15))
        assert "please write a new mail" in shown(await client.get(path))
        assert (await client.post(path, data={"verb": "reopen"})).status_code == 422


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"verb": "add", "text": " \x00 "}, "Please write something first"),
        ({"verb": "add", "text": "x" * (LONGEST + 1)}, "too long"),
        ({"verb": "erase"}, "no longer possible"),
        ({"verb": "confirm", "value": "yes"}, "no longer possible"),
        ({}, "no longer possible"),
    ],
)
async def test_a_form_that_cannot_be_taken_is_shown_again_with_its_words(
    form: dict[str, str], told: str, world: World
) -> None:
    async with browser(world) as client:
        page = await client.post(world.path(Purpose.STATUS), data={**form, "note": "x"})
    assert page.status_code == 422
    assert told in shown(page)
    assert form.get("text", "")[:LONGEST] in page.text.replace("&#0;", "\0")
    assert world.accepted == []


async def test_k2_every_wrong_link_gets_the_same_page_and_guessing_is_stopped(world: World) -> None:
    good = world.path(Purpose.STATUS)
    token = good.rpartition("/")[2]
    wrong = [
        "/status/x",
        f"/status/{token[:-1]}{'a' if token[-1] != 'a' else 'b'}",
        f"/status/{token.replace('1.', '2.', 1)}",
        f"/rate/{token}",
        f"/answer/{token}",
        f"/file/{token}",
        world.path(Purpose.RATE).replace("/rate/", "/status/"),
        world.path(Purpose.STATUS, hours=-1),
        world.path(Purpose.STATUS, person=9_999),
        "/status/" + "9" * 5_000,
    ]
    async with browser(world) as client:
        pages = [await client.get(path) for path in wrong]
        assert {page.status_code for page in pages} == {404}
        assert len({page.text for page in pages}) == 1
        assert (await client.post(wrong[1], data={"verb": "close"})).text == pages[0].text
    async with browser(world) as client:
        guesses = [(await client.get(f"/status/1.1.{n:x}..{'a' * 26}")).status_code for n in range(1_000)]
        assert guesses == [404] * GUESSES + [429] * (1_000 - GUESSES)
        # Behind a proxy everybody has one address: who has a link is let in all the same.
        assert (await client.get(good)).status_code == 200


async def test_k2_no_page_is_kept_indexed_or_named_to_others(world: World) -> None:
    world.ask_rating()
    async with browser(world) as client:
        pages = [
            await client.get(world.path(Purpose.STATUS)),
            await client.get(world.path(Purpose.RATE)),
            await client.get(world.path(Purpose.ANSWER, extra="close-")),
            await client.get("/status/x"),
            await client.post(world.path(Purpose.STATUS), data={"verb": "close"}),
        ]
    for page in pages:
        assert page.headers["referrer-policy"] == "no-referrer"
        assert page.headers["cache-control"] == "no-store"
        assert "set-cookie" not in page.headers
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        assert page.headers["x-frame-options"] == "DENY"
    for page in pages[:4]:
        assert "noindex" in page.headers["x-robots-tag"]
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert "unsafe" not in policy


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1:8081"},
        {"origin": "http://127.0.0.1.evil.example:8080"},
        {"origin": "http://[bad", "sec-fetch-site": "same-origin"},
        {"content-type": "text/plain"},
        {"content-type": "application/json"},
        {"content-type": "multipart/form-data; boundary=x"},
    ],
)
async def test_k4_a_form_from_elsewhere_is_refused(headers: dict[str, str], world: World) -> None:
    async with browser(world) as client:
        form = {"content-type": "application/x-www-form-urlencoded", **headers}
        page = await client.post(world.path(Purpose.STATUS), content=b"verb=close", headers=form)
    assert page.status_code == 403
    assert world.accepted == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"sec-fetch-site": "same-origin", "origin": "null"},
        {"origin": "null"},
        {"origin": BASE},
        {"origin": BASE.upper(), "sec-fetch-site": "same-origin"},
    ],
)
async def test_k4_a_form_of_our_own_page_is_taken(headers: dict[str, str], world: World) -> None:
    async with browser(world) as client:
        page = await client.post(world.path(Purpose.STATUS), data={"verb": "close"}, headers=headers)
    assert page.status_code == 303


async def test_k6_k8_no_link_and_no_redirect_is_made_from_what_a_request_says_of_its_host(
    world: World,
) -> None:
    evil = {"host": "evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"}
    path = world.path(Purpose.STATUS)
    async with browser(world) as client:
        page = await client.get(path + "?noted=//evil.example", headers=evil)
        assert "evil" not in page.text
        assert 'href="http' not in page.text
        answer = await client.post(path, data={"verb": "close"}, headers=evil)
        location = re.escape(path.rpartition("/")[2] + "?noted=close&as=web-") + "[0-9a-f]{60}"
        assert re.fullmatch(location, answer.headers["location"])
        for strange in (f"{path}/", f"/{path}", "//evil.example/%2e%2e", "/status//evil.example"):
            answer = await client.get(strange, headers=evil)
            assert answer.status_code == 404
            assert "evil" not in str(answer.headers)


async def test_k10_a_form_is_bounded_in_bytes_fields_and_number(world: World) -> None:
    path = world.path(Purpose.STATUS)
    async with browser(world) as client:
        emoji = {"verb": "add", "text": "\U0001f525" * LONGEST}
        assert (await client.post(path, data=emoji)).status_code == 303
        assert (await client.post(path, data={"text": "x" * LARGEST})).status_code == 413
        many = {f"f{n}": "x" for n in range(100)}
        assert (await client.post(path, data=many)).status_code == 403
        answers = [
            (await client.post(path, data={"verb": "add", "text": str(n)})).status_code
            for n in range(FORMS + 5)
        ]
    assert answers == [303] * (FORMS - 1) + [429] * 6


async def test_what_cannot_be_kept_is_not_called_noted(world: World) -> None:
    async def away(payload: Payload) -> bool:
        raise StoreUnavailable("host=db password=canary")

    world.accept = away  # type: ignore[method-assign]  # the store is away only for what is accepted
    async with browser(world) as client:
        page = await client.post(world.path(Purpose.STATUS), data={"verb": "close"})
    assert page.status_code == 503
    assert "Nothing was changed" in shown(page)
    assert "canary" not in page.text


async def test_d12_what_somebody_may_see_is_looked_at_now(world: World) -> None:
    path, ann = world.path(Purpose.STATUS), world.desk.ticket(1).requester_id
    carl = another(world, "carl@localhost")

    def person(**values: object) -> None:
        change = sa.update(Person).where(Person.id == ann).values(**values)
        world.desk.store.write_now(lambda tx: tx.run(change))

    async with browser(world) as client:
        world.change(requester_id=carl)
        assert (await client.get(path)).status_code == 404
        person(merged_into_id=carl)  # they proved to be one: what was Ann's is Carl's
        assert (await client.get(path)).status_code == 200
        person(merged_into_id=ann)
        assert (await client.get(path)).status_code == 404
        person(merged_into_id=None)
        world.change(requester_id=ann)
        assert (await client.get(path)).status_code == 200
        person(erased_at=world.desk.clock())
        assert (await client.get(path)).status_code == 404


async def test_a_merged_request_shows_the_one_that_lives(world: World) -> None:
    asks(world.desk, "It burns more.", subject="Fire again")
    world.change(1, merged_into_id=2, state="closed")
    async with browser(world) as client:
        assert "HD-2" in shown(await client.get(world.path(Purpose.STATUS)))
        asks(world.desk, "Mine.", sender="carl@localhost", subject="Other")
        world.change(1, merged_into_id=3)
        assert (await client.get(world.path(Purpose.STATUS))).status_code == 404


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}"


async def test_g2_whatever_people_wrote_is_text_wherever_it_stands(world: World) -> None:
    asks(world.desk, HOSTILE, sender="carl@localhost", subject=HOSTILE, name=HOSTILE)
    entry = world.say(2, "reply", another(world, "x@y.example", HOSTILE), HOSTILE)
    world.attach(entry, HOSTILE, b"x")
    async with browser(world) as client:
        page = await client.get(world.path(Purpose.STATUS, 2))
        wrong = await client.post(world.path(Purpose.STATUS, 2), data={"verb": "x", "text": HOSTILE})
    for one in (page, wrong):
        assert "<script" not in one.text
        assert "<img" not in one.text
        assert "&lt;script&gt;" in one.text
        assert "49" not in shown(one)


async def test_g5_a_link_in_what_people_wrote_leads_nowhere_and_shows_where_it_would(world: World) -> None:
    world.say(
        1, "message", world.desk.ticket(1).requester_id, "Go to https://bank.example@evil.example/x now"
    )
    async with browser(world) as client:
        page = await client.get(world.path(Purpose.STATUS))
    assert "https://bank.example@evil.example/x" in shown(page)
    assert "<a href" not in page.text


async def test_g6_what_a_form_says_never_begins_a_line_of_a_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async with browser(world) as client:
        await client.post(world.path(Purpose.STATUS), data={"verb": "x\n2026 ERROR fake", "text": "a\nb"})
        await client.get("/status/x%0a2026%20ERROR%20fake")
    assert "fake" not in caplog.text


@pytest.mark.parametrize(
    ("accepts", "language"),
    [
        ("it-IT,it;q=0.9,en;q=0.5", "it"),
        ("fr, zh-CN;q=0.4", "zh"),
        ("en;q=0.1, zh;q=0.9", "zh"),
        ("xx", "en"),
        ("", "en"),
        ("it;q=broken, zh;q=0", "en"),
    ],
)
async def test_only_who_is_not_known_is_answered_in_the_browsers_language(
    accepts: str, language: str, world: World
) -> None:
    async with browser(world, **{"accept-language": accepts}) as client:
        assert f'<html lang="{language}">' in (await client.get("/status/x")).text
        assert '<html lang="en">' in (await client.get(world.path(Purpose.STATUS))).text


async def test_the_inbox_has_the_form_before_the_page_says_so(world: World) -> None:
    async with browser(world) as client:
        await client.post(world.path(Purpose.STATUS), data={"verb": "close"})
    (row,) = world.desk.rows(Inbox)
    assert (row.channel, row.state) == ("web", "waiting")
