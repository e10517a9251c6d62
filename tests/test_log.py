"""Logs: one line of JSON for each thing, and nothing in it that must not be there."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import aiosmtpd.smtp  # noqa: F401 (its loggers must exist, with the levels that it gives them)
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot import log
from bot.config import Config
from bot.errors import TemplateError

LOGGER = logging.getLogger("deskbot.test")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged at DEBUG, with logging as it was afterwards."""
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.logThreads, logging.logProcesses)
    stream = io.StringIO()
    handler = log.configure("debug", stream)
    yield stream
    root.removeHandler(handler)
    root.handlers[:], logging.logThreads, logging.logProcesses = before[0], before[2], before[3]
    root.setLevel(before[1])
    logging.captureWarnings(capture=False)


def last(stream: io.StringIO) -> dict[str, Any]:
    line = stream.getvalue().splitlines()[-1]
    loaded: dict[str, Any] = json.loads(line)
    return loaded


def test_a_record_is_one_line_with_time_level_action_and_its_fields(lines: io.StringIO) -> None:
    LOGGER.info("received %s", "it", extra={"action": "message.opened", "ticket": 7})
    line = last(lines)
    assert line["time"].endswith("+00:00")
    assert {k: line[k] for k in ("level", "action", "message", "ticket")} == {
        "level": "info",
        "action": "message.opened",
        "message": "received it",
        "ticket": 7,
    }


def test_an_event_may_have_fields_of_any_name(lines: io.StringIO) -> None:
    log.event(LOGGER, "x.happened", level=logging.WARNING, name="n", args=1, module="m", time="never")
    line = last(lines)
    assert (line["action"], line["level"], line["name"], line["args"]) == ("x.happened", "warning", "n", 1)
    assert line["time"] != "never"


def test_below_the_level_nothing_is_written() -> None:
    stream = io.StringIO()
    handler = log.configure("error", stream)
    log.event(LOGGER, "x.happened")
    logging.getLogger().removeHandler(handler)
    LOGGER.setLevel(logging.NOTSET)
    assert stream.getvalue() == ""


@pytest.mark.parametrize(
    "hostile",
    [
        "User\n2026 ERROR fake",
        "a\r\nb",
        "\x1b[2Jgone",
        "\x9b2J",
        "a\u2028b",
        "\u202eevil",
        "\u200bnothing",
        "\x00",
    ],
)
def test_g6_nobody_can_forge_a_line_or_command_a_terminal(lines: io.StringIO, hostile: str) -> None:
    LOGGER.warning("%s", hostile, extra={"action": "x", "subject": hostile})
    text = lines.getvalue()
    assert text.count("\n") == 1
    assert all(c.isprintable() for c in text.rstrip("\n"))
    assert last(lines)["subject"] == hostile


@given(st.text(alphabet=st.characters(), max_size=300), st.integers(), st.binary(max_size=50))
def test_g6_any_text_makes_one_printable_line_of_json(text: str, number: int, data: bytes) -> None:
    record = logging.makeLogRecord(
        {"name": "x", "msg": text, "fields": {"text": text, "n": number, "data": data}}
    )
    line = log.JsonLine().format(record)
    assert "\n" not in line
    assert not any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 for c in line)
    assert set(json.loads(line)) >= {"time", "level", "action", "message", "text", "n", "data"}


def test_a_long_field_is_cut_and_so_is_their_number(lines: io.StringIO) -> None:
    LOGGER.warning("m" * 10_000, extra={"action": "x", "long": "f" * 10_000})
    line = last(lines)
    assert len(line["message"]) == log.LONGEST_MESSAGE + 1
    assert len(line["long"]) == log.LONGEST_FIELD + 1
    log.event(LOGGER, "x", **{f"field{n}": n for n in range(1000)})
    assert len(last(lines)) == log.MOST_FIELDS


def test_a_record_that_cannot_be_written_is_written_all_the_same() -> None:
    class Mean:
        def __str__(self) -> str:
            raise RuntimeError

    fields = {"mean": Mean(), "lone": "\ud800", "big": 10**100}
    record = logging.makeLogRecord({"msg": "%d", "args": ("no number",), "fields": fields})
    line = json.loads(log.JsonLine().format(record))
    assert (line["message"], line["mean"]) == ("%d", "Mean")


def test_an_error_is_told_by_type_and_place_without_its_words(lines: io.StringIO) -> None:
    def fail() -> None:
        secret = "canary-in-a-local"
        try:
            int("canary-in-a-text " + secret)
        except ValueError as error:
            raise KeyError("canary-in-a-key") from error

    try:
        fail()
    except KeyError:
        LOGGER.exception("failed", extra={"action": "x.failed"})
    line = last(lines)
    assert line["error"] == "KeyError < ValueError"
    assert "test_log.py" in line["trace"][-1]
    assert "canary" not in lines.getvalue()


def test_an_error_of_ours_keeps_its_words(lines: io.StringIO) -> None:
    LOGGER.warning("failed", exc_info=TemplateError("received.md.j2, line 3: no such value"))
    assert last(lines)["error"] == "TemplateError(received.md.j2, line 3: no such value)"


def test_l1_no_secret_of_the_configuration_is_logged_in_any_form(lines: io.StringIO) -> None:
    config = Config.model_validate(
        {
            "desk": {"secret": "canary/desk+secret"},
            "store": {"url": "postgresql://bot:canary%2Fdb@db/deskbot"},
            "relay": {"password": 'canary "quoted\\ relay'},
            "smtp": {"accounts": {"printer": "canary-hash-of-printer"}},
            "web": {"metrics_token": "canary-metrics"},
        }
    )
    log.register_secrets(config)
    log.register_secret(SecretStr(""))
    for said in (
        "canary/desk+secret",
        "canary%2Fdesk%2Bsecret",
        "postgresql://bot:canary%2Fdb@db/deskbot",
        "password=canary/db host=db",
        "password=canary%2Fdb",
        'canary "quoted\\ relay',
        "canary+%22quoted%5C+relay",
        "canary-hash-of-printer",
        "Bearer canary-metrics",
        "x" * (log.LONGEST_FIELD - 5) + "canary-metrics",
    ):
        LOGGER.warning("said %s", said, extra={"action": "x", "said": said, "list": [said]})
    LOGGER.warning("failed", exc_info=TemplateError("canary-metrics"))
    assert "canary" not in lines.getvalue()
    assert "***" in lines.getvalue()


async def test_j11_no_token_of_a_chat_service_is_logged(lines: io.StringIO) -> None:
    token = "123456789:AAF-abcdefghijklmnopqrstuvwxyz01234"
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as client:
        await client.get(f"https://api.telegram.org/bot{token}/getMe")
    assert lines.getvalue() == ""
    LOGGER.warning("calling https://api.telegram.org/bot%s/getMe with xoxb-1234567890-abcdef", token)
    assert token not in lines.getvalue()
    assert "xoxb-1" not in lines.getvalue()


def test_l2_libraries_that_tell_bodies_and_addresses_say_only_warnings(lines: io.StringIO) -> None:
    for name in (
        "mail.log",
        "httpx",
        "httpcore.http11",
        "asyncio",
        "aiosmtplib",
        "sqlalchemy.engine",
        "uvicorn.access",
    ):
        logging.getLogger(name).info("canary")
        logging.getLogger(name).debug("canary")
    assert lines.getvalue() == ""
    logging.getLogger("mail.log").warning("something is wrong")
    assert last(lines)["action"] == "mail.log"


def test_l2_an_address_is_shown_as_its_domain_and_a_keyed_hash() -> None:
    shown = log.address_hash("Anna.Rossi@Example.com")
    assert shown.startswith("example.com#")
    assert "anna" not in shown.lower()
    assert shown == log.address_hash("anna.rossi@example.com")
    assert shown != log.address_hash("anna.rossi2@example.com")
    assert len(log.address_hash("x" * 100_000 + "@" + "y" * 100_000)) < 150
