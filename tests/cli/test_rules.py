"""``deskbot rules``: each decision about a mail, with its reason."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.commands import deskbot

CONFIG = """
[[rules]]
name = "payroll"
words = ["salary"]
category = "data"
urgency = "high"
[[rules]]
name = "boss"
sender = ["boss@localhost"]
impact = "high"
"""
MAIL = "From: Ann <ann@localhost>\nTo: help@localhost\nSubject: My salary\n\nHelp!\n"


def test_a_mail_is_explained_rule_by_rule(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "a.eml").write_text(MAIL)
    done = deskbot(tmp_path, "rules", "test", "a.eml")
    assert done.status == 0, done.err
    assert '+ payroll: the word "salary" stands in it' in done.out
    assert "- boss: it comes from somebody else" in done.out
    assert "priority  P2" in done.out
    assert not (tmp_path / "var").exists()


def test_programs_get_it_as_json_and_a_mail_may_come_by_standard_input(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    done = deskbot(tmp_path, "rules", "test", "-", "--json", typed=MAIL)
    told = json.loads(done.out)
    assert (told["category"], told["urgency"], told["priority"], told["team"]) == (
        "data",
        "high",
        "P2",
        "first-line",
    )
    assert told["questions"][0] == "What happens?"


def test_the_table_is_listed_from_the_top(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    out = deskbot(tmp_path, "rules", "list").out
    assert out.index("payroll") < out.index("boss")
    assert "sender boss@localhost" in out


def test_what_only_a_proved_sender_may_do_can_be_tried(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[major]\nsenders = ["ann@localhost"]\n')
    (tmp_path / "a.eml").write_text(MAIL)
    told = [deskbot(tmp_path, "rules", "test", "a.eml", *more).out for more in ((), ("--proved",))]
    assert ["priority  P1" in out for out in told] == [False, True]
