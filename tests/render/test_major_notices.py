"""What is said of a major incident, and of a missed target, fits whoever reads it."""

from __future__ import annotations

import pytest

from bot.config import LOCALES
from bot.render.mail import compose_mail
from tests.render.jobs import job
from tests.render.test_customers_copy import sent
from tests.render.test_mail_job import words


def said(event: str, locale: str, **values: object) -> str:
    return words(compose_mail(job(sent(event, locale, values=values))), "plain")


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("owner", ["", "Ada Lovelace"])
def test_a_contact_who_is_no_agent_reads_of_no_commands_and_no_answer(locale: str, owner: str) -> None:
    text = said("major", locale, agent=False, owner=owner, text="It burns.")
    assert "#" not in text
    for words_of_agents in ("-- ", "To answer", "Per rispondere", "如需答复"):
        assert words_of_agents not in text
    assert "#note" in said("major", locale, owner=owner)


@pytest.mark.parametrize("locale", LOCALES)
def test_the_reason_of_the_desk_is_in_the_readers_language_and_an_agents_as_it_is(locale: str) -> None:
    english = 'the word "fire" stands in it'
    texts = {
        said("major", locale, because=because, sign="fire", reason=english, by="")
        for because in ("word", "sender", "rule")
    }
    assert len(texts) == 3
    assert all("fire" in text and english not in text for text in texts)
    assert "It spreads." in said("major", locale, by="Ada", reason="It spreads.")


@pytest.mark.parametrize("locale", LOCALES)
def test_an_owner_is_not_told_to_ask_themselves(locale: str) -> None:
    theirs = said("breached", locale, yours=True, owner="Ada Lovelace", story=[])
    others = said("breached", locale, yours=False, owner="Ada Lovelace", story=[])
    assert (theirs.count("Ada Lovelace"), others.count("Ada Lovelace")) == (1, 2)
