"""What is written for people is true: the example configuration, the README, the pins, the unit file."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version
from pydantic import BaseModel, SecretStr

from bot.cli.main import cli
from bot.config import Config, Contact, Rule, load
from bot.metrics import Metrics

ROOT: Final = Path(__file__).parent.parent
EXAMPLE: Final = ROOT / "config.example.toml"
COMMENTED_KEY: Final = re.compile(r"^# (?=[a-z_]+ = |\[[a-z_]+\.[a-z_-]+\]|\[\[[a-z_.]+\]\])")
PAGES: Final = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
MADE: Final = ("bench/out/", "bench/results/DATE")
"""What a run writes: not there before it."""
CODE: Final = re.compile(r"```sh\n(.*?)```|`([^`\n]+)`", re.DOTALL)
PIN: Final = re.compile(r"^([A-Za-z0-9._-]+)==(\S+) \\$", re.MULTILINE)


def _with_commented_keys() -> dict[str, Any]:
    """The example with each ``# key = value`` made real."""
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    return tomllib.loads("\n".join(COMMENTED_KEY.sub("", line) for line in lines))


def _keys_of_tables(data: dict[str, Any], model: type[BaseModel], at: str = "") -> set[str]:
    """Every dotted key of ``data``; what stands in a dictionary of the model is a value, not a key."""
    keys: set[str] = set()
    for name, value in data.items():
        field = model.model_fields.get(name)
        section = _section(field.annotation) if field else None
        keys |= _keys_of_tables(value, section, f"{at}{name}.") if section else {f"{at}{name}"}
    return keys


def _keys_of_model(model: type[BaseModel], at: str = "") -> set[str]:
    keys: set[str] = set()
    for name, field in model.model_fields.items():
        section = _section(field.annotation)
        keys |= _keys_of_model(section, f"{at}{name}.") if section else {f"{at}{name}"}
    return keys


def _secret_files(model: type[BaseModel], at: str = "") -> set[str]:
    keys: set[str] = set()
    for name, field in model.model_fields.items():
        if section := _section(field.annotation):
            keys |= _secret_files(section, f"{at}{name}.")
        elif field.annotation is SecretStr:
            keys.add(f"{at}{name}_file")
    return keys


def _section(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return None


def test_the_example_configuration_says_exactly_the_defaults() -> None:
    assert load(EXAMPLE, environment={}) == Config()


def test_the_example_configuration_names_every_key_and_no_other() -> None:
    assert _keys_of_tables(_with_commented_keys(), Config) == _keys_of_model(Config) | _secret_files(Config)


def test_every_named_section_of_the_example_shows_all_its_keys() -> None:
    data = _with_commented_keys()
    for name, field in Config.model_fields.items():
        if get_origin(field.annotation) is dict and (section := _section(get_args(field.annotation)[1])):
            keys = _keys_of_model(section) | _secret_files(section)
            assert data[name], name
            assert all(_keys_of_tables(table, section) == keys for table in data[name].values()), name


def test_every_row_of_a_table_in_the_example_shows_all_its_keys() -> None:
    data = _with_commented_keys()
    assert all(set(row) == _keys_of_model(Rule) for row in data["rules"])
    assert all(set(row) == _keys_of_model(Contact) for row in data["major"]["contacts"])


def test_what_the_example_shows_commented_out_would_be_understood() -> None:
    data = _with_commented_keys()
    for table in [
        *filter(lambda one: isinstance(one, dict), data.values()),
        *(section for kind in ("imap", "slack", "telegram") for section in data[kind].values()),
    ]:
        for key in [key for key in table if key.endswith("_file") and key.removesuffix("_file") in table]:
            del table[key]  # there is no such file on this machine
    assert Config.model_validate(data).smtp.accounts.keys() == {"scanner"}


def test_each_key_of_the_example_has_a_word_of_meaning() -> None:
    table = ""
    for line in EXAMPLE.read_text(encoding="utf-8").splitlines():
        if opened := re.match(r"(?:# )?\[([\w.-]+)\]", line):
            table = opened[1]
        elif key := re.match(r"(?:# )?([a-z_]+) = ", line):
            told_above = table in {"smtp.accounts", "calendar.hours"} or table.startswith("priorities.")
            assert told_above or key[1].endswith("_file") or "#" in line[len(key[0]) :], f"{table}.{key[1]}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    links = {link for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text) if "://" not in link}
    named = set(re.findall(r"`((?:bot|tests|setup|deploy|docs|bench)/[A-Za-z0-9_./-]+)`", text))
    missing = {link for link in links if not (page.parent / link).exists()}
    missing |= {name for name in named if not name.startswith(MADE) and not (ROOT / name).exists()}
    assert missing == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_key_that_a_page_shows_in_toml_exists(page: Path) -> None:
    known = _keys_of_model(Config) | _secret_files(Config)
    for block in re.findall(r"```toml\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
        assert _keys_of_tables(tomllib.loads(block), Config) <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_that_a_page_names_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", page.read_text(encoding="utf-8"))) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_option_that_a_page_shows_exists(page: Path) -> None:
    code = "\n".join(block or span for block, span in CODE.findall(page.read_text(encoding="utf-8")))
    for line in re.findall(r"^(?:\S+/)?deskbot ([a-z][^#\n]*)", code, re.MULTILINE):
        command: click.Command = cli
        words = line.split()
        while isinstance(command, click.Group) and words:
            found = command.get_command(click.Context(command), words.pop(0))
            assert found is not None, f"deskbot {line}"
            command = found
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known, f"deskbot {line}"


def test_every_metric_that_the_operating_guide_shows_exists() -> None:
    known = Metrics().render().decode()
    shown = re.findall(r"\bdeskbot_[a-z_]+", (ROOT / "docs" / "operate.md").read_text(encoding="utf-8"))
    assert [name for name in shown if f"# TYPE {name.removesuffix('_bucket')} " not in known] == []


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_what_pyproject_asks_for_is_pinned_and_fits(name: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["build-system"]["requires"]
    if name == "requirements-dev.txt":
        wanted = wanted + project["project"]["optional-dependencies"]["dev"]
    pins = {canonicalize_name(pin): Version(version) for pin, version in _pins(ROOT / name)}
    for requirement in map(Requirement, wanted):
        assert pins[canonicalize_name(requirement.name)] in requirement.specifier, (
            f"run `make lock`: {requirement}"
        )


@pytest.mark.parametrize("path", sorted(ROOT.glob("requirements*.txt")), ids=lambda path: path.name)
def test_l7_every_pin_has_hashes_and_no_host_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    assert [line for line in text.splitlines() if re.search(r"://|--(index|extra|find|trusted)", line)] == []


def test_what_runs_and_what_tests_have_the_same_versions() -> None:
    tools = dict(_pins(ROOT / "requirements-dev.txt"))
    assert dict(_pins(ROOT / "requirements.txt")).items() <= tools.items()


def test_l9_systemd_gives_the_program_the_time_it_needs_to_stop() -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # systemd's keys have capitals
    unit.read(ROOT / "deploy" / "deskbot.service", encoding="utf-8")
    service = unit["Service"]
    assert int(service["TimeoutStopSec"].removesuffix("s")) > 10
    assert service["Restart"] == "on-failure"
    assert service["Type"] == "exec"


def _pins(path: Path) -> list[tuple[str, str]]:
    return PIN.findall(path.read_text(encoding="utf-8"))


def test_every_room_of_the_desk_is_named_on_its_page() -> None:
    page = (ROOT / "docs" / "desk.md").read_text(encoding="utf-8")
    rooms = {path.name for path in (ROOT / "bot" / "desk").glob("*.py")}
    alike = {"__init__.py", "desk.py"}
    alike |= {name for name in rooms if name.startswith("verbs_")}
    named = set(re.findall(r"`(\w+\.py)`", page))
    assert (rooms - alike - named, named - rooms) == (set(), set())
