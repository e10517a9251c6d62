"""The configuration: every mistake is named with what to do, and no secret is ever shown."""

from __future__ import annotations

import contextlib
import json
import logging
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.config import Config, load
from bot.errors import ConfigError

CANARY = "canary-4711-never-shown"


def loaded(folder: Path, text: str = "", **environment: str) -> Config:
    """The configuration that a file and an environment make."""
    path = folder / "config.toml"
    path.write_text(text)
    return load(path, environment)


def fault(folder: Path, text: str = "", **environment: str) -> str:
    """What is told of a configuration that cannot be used."""
    with pytest.raises(ConfigError) as caught:
        loaded(folder, text, **environment)
    return str(caught.value)


def test_an_empty_file_and_no_file_are_the_defaults(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        assert load(None, {}) == loaded(tmp_path) == Config()


def test_config_toml_is_found_where_the_program_is_started(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[desk]\nname = "Found"')
    with contextlib.chdir(tmp_path):
        assert load(None, {}).desk.name == "Found"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[desk]\nnmae = 'x'", "desk.nmae: there is no such key; config.example.toml lists all"),
        ("[dekk]\nname = 'x'", "dekk: there is no such key; config.example.toml lists all"),
        ("desk = 'x'", "desk: is a table: write [sections] and keys in it"),
        ("[desk]\nname = 5", "desk.name: write words between quotes"),
        ("[desk]\nlocale = 'fr'", "desk.locale: write one of 'en', 'zh' or 'it'"),
        ("[desk]\ntime_zone = 'Mars'", 'desk.time_zone: "Mars" is not a time zone; write one like "Europe/Rome"'),
        ("[desk]\nprefix = 'hd'", "desk.prefix: does not look as it must"),
        ("[smtp]\nport = 'x'", "smtp.port: write a whole number"),
        ("[smtp]\nport = 70000", "smtp.port: write a number that is 65535 or less"),
        ("[smtp]\nenabled = 'maybe'", "smtp.enabled: write true or false"),
        ("[smtp]\ntls = 'starttls'", "smtp.certificate and smtp.key: both are needed when smtp.tls is not off"),
        ("[relay]\ntimeout = 5", 'relay.timeout: write a duration as a number with s, m, h or d: "30m"'),
        ("[relay]\ntimeout = '0s'", "relay.timeout: write a duration"),
        ("[relay]\ntimeout = '9999999999d'", "relay.timeout: write a duration"),
        ("[relay]\ntimeout = '²s'", "relay.timeout: write a duration"),
        ("[calendar]\nclosed = ['2026-13-01']", "calendar.closed.0: write a day like 2026-12-24"),
        ("[calendar.hours]\nmonday = []", "calendar.hours.monday: write one of 'mon', 'tue'"),
        ("[tickets]\npriority = 'P9'", 'tickets.priority: "P9" is not in [priorities]'),
        ("[priorities.X]\nfirst_response = '1h'", "priorities.X.resolution: is missing and has no default"),
        ("[desk]\nsecret_file = 'nowhere'", "desk.secret_file: cannot read nowhere: No such file or directory"),
        ("[desk]\nsecret_file = '.'", "desk.secret_file: cannot read .: Is a directory"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_by_its_key_and_with_what_to_do(tmp_path: Path, text: str, expected: str) -> None:
    assert fault(tmp_path, text).startswith(expected)
    assert len(fault(tmp_path, text).splitlines()) == 1


def test_all_mistakes_are_told_at_once_a_line_for_each(tmp_path: Path) -> None:
    told = fault(tmp_path, "[desk]\nname = 5\n[smtp]\nport = 'x'\n[weeb]\n").splitlines()
    assert [line.partition(":")[0] for line in told] == ["desk.name", "smtp.port", "weeb"]


@pytest.mark.parametrize("content", [b"[desk", b"\xff\xfe", b"x", b"a = 1\na = 2"])
def test_a_file_that_is_no_toml_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"mine\.toml: not TOML: "):
        load(path, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.toml: No such file"):
        load(tmp_path / "none.toml", {})


def test_an_empty_secret_file_is_a_mistake_and_not_an_empty_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    told = fault(tmp_path, f"[relay]\npassword_file = '{tmp_path / 'secret'}'")
    assert told == f"relay.password_file: {tmp_path / 'secret'} is empty: write the secret into it"


def test_a_secret_file_that_is_no_text_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe\x00")
    told = fault(tmp_path, f"[relay]\npassword_file = '{tmp_path / 'secret'}'")
    assert told == f"relay.password_file: {tmp_path / 'secret'} is not text in UTF-8"


# The environment

ENVIRONMENT: list[tuple[str, str, Any]] = [
    ("DESK__NAME", "Tech", "Tech"),
    ("DESK__ALSO", "it@x.example, hr@x.example", ("it@x.example", "hr@x.example")),
    ("DESK__ALSO", "", ()),
    ("DESK__DATA", "/srv/desk", Path("/srv/desk")),
    ("DESK__LOCALE", "zh", "zh"),
    ("SMTP__PORT", "25", 25),
    ("SMTP__ENABLED", "false", False),
    ("SMTP__COMMAND_TIMEOUT", "90s", timedelta(seconds=90)),
    ("SMTP__CERTIFICATE", "", None),
    ("SMTP__ACCOUNTS__SCANNER", "hash", SecretStr("hash")),
    ("RELAY__PASSWORD", "secret", SecretStr("secret")),
    ("CALENDAR__TIME_ZONE", "Europe/Rome", "Europe/Rome"),
    ("CALENDAR__TIME_ZONE", "", None),
    ("CALENDAR__CLOSED", "2026-12-24,2026-12-31", (date(2026, 12, 24), date(2026, 12, 31))),
    ("CALENDAR__HOURS__MON", "09:00-12:00,14:00-18:00", ("09:00-12:00", "14:00-18:00")),
    ("PRIORITIES__P1__FIRST_RESPONSE", "10m", timedelta(minutes=10)),
    ("TEMPLATES__FOLDER", "/etc/desk", Path("/etc/desk")),
]


@pytest.mark.parametrize(
    ("name", "value", "expected"), ENVIRONMENT, ids=[f"{n}={v}" for n, v, _ in ENVIRONMENT]
)
def test_every_kind_of_key_can_come_from_the_environment(
    tmp_path: Path, name: str, value: str, expected: object
) -> None:
    found: Any = loaded(tmp_path, **{f"DESKBOT_{name}": value})
    for step in name.split("__"):
        if isinstance(found, dict):
            found = next(found[key] for key in found if key.lower() == step.lower())
        else:
            found = getattr(found, step.lower())
    assert found == expected


def test_the_environment_wins_over_the_file_and_over_the_file_of_a_secret(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file")
    text = f"[smtp]\nport = 1\n[relay]\npassword_file = '{tmp_path / 'secret'}'"
    config = loaded(tmp_path, text, DESKBOT_SMTP__PORT="2", DESKBOT_RELAY__PASSWORD="from the environment")
    assert (config.smtp.port, config.relay.password.get_secret_value()) == (2, "from the environment")


def test_a_secret_file_can_be_named_in_the_environment(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from the file\n")
    config = loaded(
        tmp_path, "[relay]\npassword = 'x'", DESKBOT_RELAY__PASSWORD_FILE=str(tmp_path / "secret")
    )
    assert config.relay.password.get_secret_value() == "from the file"


def test_names_of_the_administrators_own_are_found_whatever_their_capitals(tmp_path: Path) -> None:
    text = "[priorities.Urgent]\nfirst_response = '1h'\nresolution = '2h'\n[smtp.accounts]\nBob = 'x'"
    config = loaded(
        tmp_path, text, DESKBOT_PRIORITIES__URGENT__RESOLUTION="3h", DESKBOT_SMTP__ACCOUNTS__BOB="y"
    )
    assert config.priorities["Urgent"].resolution == timedelta(hours=3)
    assert {name: hashed.get_secret_value() for name, hashed in config.smtp.accounts.items()} == {"Bob": "y"}


def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    told = fault(tmp_path, DESKBOT_SMTP__PORT="x", DESKBOT_SMTP__PROT="1")
    assert "smtp.port: write a whole number (it stands in DESKBOT_SMTP__PORT)" in told
    assert (
        "smtp.prot: there is no such key; config.example.toml lists all (it stands in DESKBOT_SMTP__PROT)"
        in told
    )


def test_other_programs_variables_are_left_alone(tmp_path: Path) -> None:
    assert loaded(tmp_path, DESKBOT_FAIL_AT="x", DESKBOT_PORT_8080_TCP="x", HOME__X="y") == Config()


# Secrets (L1)

SECRETS = {
    "DESKBOT_DESK__SECRET": f"{CANARY}-long-enough-for-any-rule",
    "DESKBOT_STORE__URL": f"postgresql://bot:{CANARY}@db/desk",
    "DESKBOT_RELAY__PASSWORD": CANARY,
    "DESKBOT_WEB__METRICS_TOKEN": CANARY,
    "DESKBOT_SMTP__ACCOUNTS__SCANNER": CANARY,
}


def test_l1_no_secret_stands_in_any_form_of_the_configuration(tmp_path: Path) -> None:
    config = loaded(tmp_path, **SECRETS)
    for shown in (
        repr(config),
        str(config),
        config.model_dump_json(),
        json.dumps(config.model_dump(), default=str),
    ):
        assert CANARY not in shown
    assert CANARY in config.store_url


@pytest.mark.parametrize(
    "other", ["DESKBOT_SMTP__PORT", "DESKBOT_RELAY__NONSENSE", "DESKBOT_TICKETS__PRIORITY"]
)
def test_l1_no_secret_stands_in_what_is_told_of_other_mistakes(
    tmp_path: Path, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert CANARY not in fault(tmp_path, **SECRETS, **{other: "x"})
    assert CANARY not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        f"[relay]\npassword = ['{CANARY}']",
        f"[relay]\npassword = {{ a = '{CANARY}' }}",
        f"[store]\nurl = ['{CANARY}']",
        f"[relay]\npassword = '{CANARY}",
        f"[relay]\npassword = {CANARY}",
        f"[relay]\npassword = '{CANARY}'\npassword = '{CANARY}'",
        f"[smtp]\naccounts = '{CANARY}'",
        f"[smtp.accounts]\nx = ['{CANARY}']",
        f"relay = '{CANARY}'",
    ],
)
def test_l1_no_secret_stands_in_what_is_told_of_a_mistake_in_it(tmp_path: Path, text: str) -> None:
    assert CANARY not in fault(tmp_path, text)


def test_a_configuration_cannot_be_changed_once_it_is_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Config().desk.name = "other"  # type: ignore[misc]  # that it is frozen is what is tested


@given(st.text(max_size=30))
def test_a_duration_is_read_or_refused_and_never_anything_else(text: str) -> None:
    try:
        config = Config.model_validate({"relay": {"timeout": text}})
    except ValueError:
        return
    assert config.relay.timeout > timedelta(0)
    assert text.strip()[-1] in "smhd"


@given(st.integers(1, 9_999_999), st.sampled_from("smhd"))
def test_a_duration_is_a_number_and_a_unit(number: int, unit: str) -> None:
    seconds = number * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit]
    config = Config.model_validate({"relay": {"timeout": f"{number}{unit}"}})
    assert config.relay.timeout == timedelta(seconds=seconds)


def test_a_priority_that_is_named_in_part_keeps_its_other_defaults(tmp_path: Path) -> None:
    config = loaded(tmp_path, "[priorities.P1]\nfirst_response = '5m'")
    default = Config().priorities["P1"]
    assert config.priorities["P1"].first_response == timedelta(minutes=5)
    assert config.priorities["P1"].resolution == default.resolution
    assert set(config.priorities) == {"P1", "P2", "P3", "P4"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("postgres://u:p@h/d", "postgresql+psycopg://u:p@h/d"),
        ("", "sqlite:///var/deskbot.db"),
    ],
)
def test_the_database_is_named_as_administrators_name_it(url: str, expected: str) -> None:
    assert Config.model_validate({"store": {"url": url}}).store_url == expected


def test_two_agents_cannot_have_one_address_and_none_has_the_desks(tmp_path: Path) -> None:
    anna = '[agents.anna]\nname = "Anna"\naddresses = ["anna@example.org"]\n'
    bob = '[agents.bob]\nname = "Bob"\naddresses = ["Anna@example.org"]\n'
    assert "agents.bob.addresses: Anna@example.org belongs to agents.anna already" in fault(
        tmp_path, anna + bob
    )
    desk = bob.replace("Anna@example.org", "help@localhost")
    assert "agents.bob.addresses: help@localhost belongs to desk already" in fault(tmp_path, desk)
