"""Reading, stripping and judging under damage: never raise, under a second, under 256 MB, always UTF-8 JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.mail import describe
from bot.mail.automation import classify
from bot.mail.parse import find_sender
from bot.mail.parts import Mail
from bot.mail.quotes import read_reply
from bot.message import Automation
from tests.mail.letters import letter

ROOT = Path(__file__).parents[2]


def _damage(seed: int, count: int) -> None:
    child = subprocess.run(
        [sys.executable, "-m", "tests.mail.fuzz", str(seed), str(count)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1_800,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-4_000:]
    found = json.loads(child.stdout)
    assert found["mails"] == count
    assert found["seconds"] < 1
    assert found["kilobytes"] < 256_000


def test_damaged_mails_of_the_corpus_are_read_within_limits() -> None:
    _damage(seed=1, count=400)


@pytest.mark.fuzz
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", range(2, 6))
def test_many_damaged_mails_of_the_corpus_are_read_within_limits(seed: int) -> None:
    _damage(seed, count=4_000)


LINES = st.sampled_from(
    ["> old words", ">> older", "On Mon, 2 Nov 2026 at 09:15, Ann <ann@x.example> wrote:", "Am 2.11.26 um 9:15 schrieb Ann:", "On", "wrote:",
     "<ann@x.example>", "-----Original Message-----", "---------- Forwarded message ---------", "From: Ann <ann@x.example>", "Sent: Monday",
     "To: Bob", "Subject: fire", "发件人：安", "主题：火", "________________________________", "-- ", "--", "Sent from my iPhone", "发自我的iPhone",
     "2026年11月2日(月) 9:15 Ann <ann@x.example>:", "| From | Ann |", "\u202bבתאריך 2 בנוב׳ 2026 ב-9:15 מאת <a@x.example>:\u202c", "",
     "see my answers below", "Begin forwarded message:", "#resolve", "* one", "a: b", "12:30", "http://x.example/", "users@lists.example"]
)  # fmt: skip
TEXTS = st.lists(LINES | st.text(max_size=40), max_size=40).map("\n".join)


def _strip(text: str, *, passed_on: bool) -> None:
    begin = time.process_time()
    reply = read_reply(text, passed_on=passed_on)
    assert time.process_time() - begin < 1
    assert set(reply.text) <= set(text)
    assert all(line in text for line in reply.text.split("\n"))
    assert -1 <= reply.start <= text.count("\n") + 1


@given(TEXTS, st.booleans())
def test_stripping_any_lines_keeps_lines_of_the_text_alone(text: str, passed_on: bool) -> None:  # noqa: FBT001  # drawn by hypothesis
    _strip(text, passed_on=passed_on)


@pytest.mark.fuzz
@settings(max_examples=30_000, deadline=None)
@given(TEXTS, st.booleans(), st.sampled_from([1, 1, 1, 50, 1_000]))
def test_stripping_many_lines_keeps_lines_of_the_text_alone(text: str, passed_on: bool, times: int) -> None:  # noqa: FBT001  # drawn by hypothesis
    _strip("\n".join([text] * times), passed_on=passed_on)


WORDS = st.sampled_from(
    [
        "a words line",
        "It burns.",
        "the printer",
        "Thanks, Bob",
        "which floor?",
        "äöü",
        "打印机",
        "look there",
        "1. first",
        "a > b",
        "(c)",
        "x@y.example",
    ]
)


@given(st.lists(WORDS, min_size=1, max_size=12), st.sampled_from(["\n", "\n\n"]))
def test_what_a_person_writes_above_a_quote_or_a_forward_is_the_reply(words: list[str], between: str) -> None:
    own = between.join(words)
    for rest in (
        "On Mon, 2 Nov 2026 at 09:15, Ann <ann@x.example> wrote:\n> old",
        "---------- Forwarded message ---------\nFrom: Ann <ann@x.example>\nSubject: fire\n\nold",
        "________________________________\nFrom: Ann <ann@x.example>\nSent: Monday\nTo: Bob\nSubject: fire\n\nold",
    ):
        assert read_reply(f"{own}\n\n{rest}").text == own


NAMES = st.sampled_from(
    ["Auto-Submitted", "Precedence", "X-Precedence", "X-Autoreply", "X-Loop", "X-Auto-Response-Suppress", "List-Id", "Return-Path", "Subject",
     "Content-Type", "X-Failed-Recipients", "X-Deskbot-Loop", "From", "Sender", "X-OTRS-Loop", "X-MS-Exchange-Inbox-Rules-Loop"]
)  # fmt: skip
VALUES = st.sampled_from(
    ["no", "auto-replied", "bulk", "<>", "All", "multipart/report; report-type=delivery-status", "Undeliverable: x", "MAILER-DAEMON@x.example",
     "Automatic reply: x", "multipart/report", ""]
) | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=60)  # fmt: skip


def _judge(fields: list[tuple[str, str]], body: str, mail_from: str | None) -> None:
    raw = letter(*(f"{name}: {value}" for name, value in fields), body=body)
    mail = Mail(raw)
    envelope = {} if mail_from is None else {"mail_from": mail_from}
    begin = time.process_time()
    kind, sign = classify(mail, find_sender(mail), envelope)
    assert time.process_time() - begin < 1
    assert (kind is Automation.NONE) == (sign == "")
    assert len(sign) < 120
    json.dumps(describe(raw), ensure_ascii=False).encode("utf-8")


FIELDS = st.lists(st.tuples(NAMES, VALUES), max_size=6)
BODIES = st.sampled_from(
    ["550 5.1.1 <b@x.example>", "could not be delivered to the following recipients:\n\nbob", "words", ""]
) | st.text(max_size=80)


@given(FIELDS, BODIES, st.none() | st.sampled_from(["", "<>", "a@x.example"]))
def test_judging_any_header_gives_a_kind_with_its_sign(
    fields: list[tuple[str, str]], body: str, mail_from: str | None
) -> None:
    _judge(fields, body, mail_from)


@pytest.mark.fuzz
@settings(max_examples=30_000, deadline=None)
@given(FIELDS, BODIES, st.none() | st.sampled_from(["", "<>", "a@x.example"]))
def test_judging_many_headers_gives_a_kind_with_its_sign(
    fields: list[tuple[str, str]], body: str, mail_from: str | None
) -> None:
    _judge(fields, body, mail_from)
