"""Mails of many programs, languages and servers, each with what must be read in it: tests/corpus.

A mail that was read wrongly is added there as NAME.eml with NAME.toml; see ``FACTS`` for what a TOML file may say.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.message import Bounce, Forwarded, IncomingMessage, Party
from tests.mail.letters import read

CORPUS = Path(__file__).parents[1] / "corpus"
NOTHING = Bounce(recipients=(), permanent=False)
NOBODY = Forwarded(Party("", ""), "", "")


def _bounce(message: IncomingMessage) -> Bounce:
    return message.bounce or NOTHING


def _forwarded(message: IncomingMessage) -> Forwarded:
    return message.forwarded or NOBODY


FACTS: dict[str, Callable[[IncomingMessage], Any]] = {
    "sender": lambda message: message.sender.address,
    "name": lambda message: message.sender.name,
    "subject": lambda message: message.subject,
    "reply": lambda message: message.reply_text,
    "automation": lambda message: str(message.automation),
    "attachments": lambda message: [file.name for file in message.attachments],
    "failed": lambda message: sorted(_bounce(message).recipients),
    "permanent": lambda message: _bounce(message).permanent,
    "status": lambda message: _bounce(message).status,
    "originals": lambda message: list(_bounce(message).originals),
    "forwarded": lambda message: _forwarded(message).sender.address,
    "forwarded_name": lambda message: _forwarded(message).sender.name,
    "forwarded_subject": lambda message: _forwarded(message).subject,
    "forwarded_text": lambda message: _forwarded(message).text,
}
"""What a TOML file may say; besides, ``text``: phrases that the whole text must hold."""


@pytest.mark.parametrize("name", sorted(path.stem for path in CORPUS.glob("*.eml")))
def test_a_mail_of_the_corpus_is_read_as_it_says(name: str) -> None:
    wanted = tomllib.loads((CORPUS / f"{name}.toml").read_text(encoding="utf-8"))
    message = read((CORPUS / f"{name}.eml").read_bytes())
    phrases = wanted.pop("text", [])
    found = {fact: FACTS[fact](message) for fact in wanted}
    if "failed" in wanted:
        wanted["failed"].sort()
    assert found == wanted
    assert [phrase for phrase in phrases if phrase not in message.text] == []
    assert "forwarded" in wanted or message.forwarded is None
    assert message.reply_text.strip() or not message.text.strip()


def test_every_mail_of_the_corpus_has_its_expectations() -> None:
    mails = {path.stem for path in CORPUS.glob("*.eml")}
    assert mails == {path.stem for path in CORPUS.glob("*.toml")}
    assert len(mails) >= 60
