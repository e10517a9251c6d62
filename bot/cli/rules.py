"""``deskbot rules``: how requests are read, tried on a mail before people are."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import click

from bot import clock
from bot.cli.output import on_line, print_json, print_table
from bot.config import Config

_NOBODY: Final = b"no key is needed to read rules, but a desk has one"


@click.group("rules")
def command() -> None:
    """Try how requests are read."""


@command.command("list")
@click.pass_obj
def list_(config: Config) -> None:
    """The table, from the top."""
    rows = []
    for rule in config.rules:
        said = rule.model_dump(exclude_defaults=True, exclude={"name"})
        then = ("category", "impact", "urgency", "team", "language", "major", "override", "stop")
        rows.append(
            {
                "RULE": rule.name,
                "WHEN": _words({k: v for k, v in said.items() if k not in then}) or "always",
                "THEN": _words({k: said[k] for k in then if k in said}),
            }
        )
    print_table(rows, empty="There are no rules; docs/rules.md has a table to begin with.")


def _words(values: dict[str, Any]) -> str:
    return ", ".join(f"{k} {', '.join(v) if isinstance(v, tuple) else v}" for k, v in values.items())


@command.command("test")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True))
@click.option("--proved", is_flag=True, help="As if its sender were proved.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def test(config: Config, file: Path, proved: bool, as_json: bool) -> None:  # noqa: FBT001  # click's
    """Tell how the mail in FILE ("-": standard input) would be read, and why. Changes and sends nothing.

    Whether its sender is proved cannot be told from a file: without --proved it counts as not proved.
    """
    with click.open_file(str(file), "rb") as stream:
        raw = stream.read(config.smtp.max_size)
    told = explain(config, raw, clock.now(), proved=proved)
    if as_json:
        print_json(told)
        return
    for one in told["rules"]:
        click.echo(f"{'+' if one['holds'] else '-'} {on_line(one['rule'])}: {on_line(one['because'], 200)}")
    if told["rules"]:
        click.echo()
    for step in told["steps"]:
        click.echo(on_line(step, 300))
    click.echo()
    for name in ("category", "impact", "urgency", "priority", "team", "language", "major"):
        click.echo(f"{name:9} {on_line(told[name] or '-', 200)}")
    click.echo("asked     " + ("; ".join(told["questions"]) or "-"))


def explain(config: Config, raw: bytes, now: datetime, *, proved: bool = False) -> dict[str, Any]:
    """Each decision about a mail, with its reason. Raises ``HeldError`` when the mail cannot be read."""
    from bot.desk import questions, rules, tickets
    from bot.desk.desk import Desk
    from bot.desk.reasons import english
    from bot.mail.addresses import canonical
    from bot.mail.parse import parse_mail
    from bot.message import Payload, Verdict
    from bot.store.people import KnownPerson

    desk = Desk.from_config(config, _NOBODY)
    message = parse_mail(Payload(config.smtp.name, "", raw, now))
    if proved:
        message = replace(message, authentication=replace(message.authentication, verdict=Verdict.PASS))
    sender = canonical(message.sender.address) if message.sender.address else ""
    decision = rules.decide(message, sender, desk, now)
    nobody = KnownPerson(0, "", None, None)
    locale = decision.locale or tickets.language_of(message, nobody, desk)
    asked = questions.missing(message, decision.category, desk)
    fields = asdict(decision)
    return {
        "rules": [
            {"rule": one.rule.name, "holds": one.holds, "because": one.because}
            for one in rules.findings(message, sender, desk, now)
        ],
        "steps": [english(step) for step in decision.steps],
        **{name: fields[name] for name in ("category", "impact", "urgency", "priority", "major")},
        "team": decision.queue,
        "language": locale,
        "questions": [config.questions[key].text(locale) for key in asked],
    }
