from __future__ import annotations

import json
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.mail import describe
from tests.mail.hostile import CASES

ROOT = Path(__file__).parents[2]


@cache
def _facts() -> dict[str, dict[str, Any]]:
    """Every hostile mail read by one child process with little memory; one after another, so what one breaks shows."""
    child = subprocess.run(
        [sys.executable, "-m", "tests.mail.hostile", *CASES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert child.returncode == 0, child.stderr[-2_000:]
    return {facts["name"]: facts for facts in map(json.loads, child.stdout.splitlines())}


def _read(name: str) -> dict[str, Any]:
    facts = _facts()[name]
    assert facts["seconds"] < 1
    assert facts["kilobytes"] < 300_000  # the octets of the largest mails stand three times in the child
    return facts


@pytest.mark.parametrize("levels", ["1,000", "10,000"])
def test_c1_nested_multiparts_are_cut_and_noted(levels: str) -> None:
    assert "more than 20 levels deep" in _read(f"{levels} nested multiparts")["oddities"]


def test_c1_nested_messages_are_one_file() -> None:
    assert _read("2,000 nested messages")["sender"] == "a@example.com"


@pytest.mark.parametrize("name", ["a million parts", "boundaries that are none"])
def test_c2_a_million_parts_are_cut_and_noted(name: str) -> None:
    assert "more than 500 parts" in _read(name)["oddities"]


@pytest.mark.parametrize("name", ["100,000 header fields", "a million Received fields"])
def test_c3_too_many_fields_are_cut_and_noted(name: str) -> None:
    facts = _read(name)
    assert facts["oddities"] == ["more than 500 header fields"]
    assert facts["sender"] == "ann@example.com"


@pytest.mark.parametrize(
    "name",
    ["18 MB Received", "1 MB Subject of encoded words", "8 kB of quotes in To", "32 kB of commas in To", "parentheses in To",
     "10,000 addresses in To", "20,000 parameters", "20,000 unclosed parameters", "a long international domain"],
)  # fmt: skip
def test_c3_a_huge_field_takes_little_time_and_memory(name: str) -> None:
    _read(name)


@pytest.mark.parametrize("name", ["utf-32 rubbish", "punycode 100 kB", "idna 100 kB", "zlib"])
def test_c5_a_malicious_charset_takes_little_time_and_memory(name: str) -> None:
    _read(name)


@pytest.mark.parametrize("name", [name for name in CASES if " MB" in name or "spaces" in name])
def test_c14_c15_huge_bodies_take_little_time_and_memory(name: str) -> None:
    _read(name)


def test_c14_a_delivery_status_that_is_one_endless_line_is_read_at_once() -> None:
    head = b"From: mailer-daemon@x.example\r\nContent-Type: message/delivery-status\r\n\r\n"
    begin = time.process_time()
    describe(head + b"a " * 32_000 + b"\r\n\r\n" + b"b" * 60_000)
    assert time.process_time() - begin < 0.5
