"""What can be said is said, in words of its own, and whoever reads it knows what to do."""

from __future__ import annotations

import re

import pytest

from bot.config import LOCALES
from bot.desk import commands, progress, states
from bot.render.events import TO_REQUESTERS
from bot.render.mail import compose_mail
from tests.render.jobs import job
from tests.render.test_customers_copy import sent
from tests.render.test_mail_job import words

ASKS_FOR_AN_ANSWER = {
    "link_code",
    "survey",
    "sorry",
    "confirm_reminder",
    "reply",
    "link_failed",
    "greeted",
    "which_ticket",
    "which_one",
    "question",
}


@pytest.mark.parametrize(
    ("locale", "nothing"),
    [("en", "here is nothing you need to do"), ("it", "on deve fare nulla"), ("zh", "无需做任何事")],
)
def test_a_requester_always_knows_whether_they_must_do_something(locale: str, nothing: str) -> None:
    for event in sorted(TO_REQUESTERS - ASKS_FOR_AN_ANSWER - {"status"}):
        assert nothing in words(compose_mail(job(sent(event, locale))), "plain"), event


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "event", ["received", "progress", "still_open", "delayed", "late", "closed", "survey", "sorry"]
)
def test_the_page_of_a_request_is_linked_where_there_is_one(event: str, locale: str) -> None:
    url = "https://desk.example/status/42.7.1.x"
    mail = compose_mail(job(sent(event, locale, values={"status_url": url})))
    assert f": {url}\n" in words(mail, "plain")
    assert f'href="{url}"' in words(mail, "html")
    without = compose_mail(job(sent(event, locale, values={"status_url": None})))
    assert "/status/" not in words(without, "plain")


WAYS: list[tuple[str, str, list[str]]] = [
    ("progress", "what", [str(what) for what in progress.What]),
    ("closed", "how", [str(how) for how in states.Ended if how is not states.Ended.SPAM]),
    ("link_failed", "reason", ["wrong", "expired", "used", "unknown-address", "too-many"]),
    ("delayed", "target", ["first-response", "resolution"]),
    ("late", "target", ["first-response", "resolution"]),
    ("warning", "target", ["first-response", "resolution"]),
    ("breached", "target", ["first-response", "resolution"]),
    (
        "requester_wrote",
        "standing",
        ["not-fixed", "closed-by-requester", "answered", "thanks", "urgent", "reference"],
    ),
]


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("event", "name", "ways"), WAYS, ids=[f"{one[0]}-{one[1]}" for one in WAYS])
def test_each_thing_that_can_be_said_is_said_in_its_own_words(
    event: str, name: str, ways: list[str], locale: str
) -> None:
    later = "2026-03-11T09:40:00+00:00"
    texts = {
        words(compose_mail(job(sent(event, locale, values={name: way, "at": later}))), "plain")
        for way in ways
    }
    assert len(texts) == len(ways)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "event", ["warning", "breached", "update_due", "low_rating", "major", "handed_over", "escalated"]
)
def test_agents_are_told_what_to_do(event: str, locale: str) -> None:
    text = words(compose_mail(job(sent(event, locale))), "plain")
    assert re.search(
        "What to do:|Che cosa fare:|请这样做：|How does it stand|A che punto è|进展如何|#update still", text
    )
    assert "#" in text


@pytest.mark.parametrize("locale", LOCALES)
def test_the_examples_in_the_help_are_commands(locale: str) -> None:
    """What is shown to be copied works when it is copied."""
    helped = {"done": [{"code": "help", "verb": "help", "verbs": []}], "problems": []}
    page = words(compose_mail(job(sent("commands", locale, values=helped))), "html")
    shown = re.findall(r"<code[^>]*>(#[^<]+)</code>", page)
    assert len(shown) > 25
    for line in shown:
        read = commands.parse(line, "HD")
        assert not read.misunderstood, line
        assert len(read.commands) == 1, line
