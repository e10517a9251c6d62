"""``deskbot templates``: what the desk writes, looked at before people do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from bot.config import LOCALES, Config
from bot.errors import TemplateError
from bot.mail.compose import subject_line
from bot.mail.references import References
from bot.message import EMAIL, Kind, Notice, OutgoingMessage, Party
from bot.render.check import FORMS, NOW, offered, sample
from bot.render.check import faults as find_faults
from bot.render.events import KINDS
from bot.render.library import Broken, Library, events
from bot.render.mail import MailJob, compose_mail
from bot.render.renderer import FormName, Rendered, Renderer


@click.group("templates")
def command() -> None:
    """Look at what the desk writes."""


templates = command


def faults(config: Config, only: Sequence[str] = ()) -> list[str]:
    """What is wrong with the templates that this configuration uses, a line for each fault; ``only``: the
    events to try."""
    return find_faults(config.templates.folder, LOCALES, config.desk.time_zone, only)


@command.command("list")
@click.pass_obj
def list_(config: Config) -> None:
    """List events and languages, and whose template speaks."""
    library = Library(config.templates.folder)
    for event in events():
        for locale in LOCALES:
            click.echo(f"{event:16} {locale:4} {_speaker(library, event, locale)}")


def _speaker(library: Library, event: str, locale: str) -> str:
    broken = ""
    for found in library.candidates(event, locale):
        if isinstance(found, Broken):
            broken += f", not usable: {found}"
        elif found.language == locale:
            return (str(found.path) if found.own else "built in") + broken
    return "missing" + broken


@command.command("check")
@click.argument("only", nargs=-1, metavar="[EVENT]...")
@click.pass_obj
def check(config: Config, only: tuple[str, ...]) -> None:
    """Try every event, or those that are named, in every language. Exit status 1 when something needs doing."""
    found = faults(config, only)
    for fault in found:
        click.echo(fault)
    if found:
        raise SystemExit(1)
    click.echo(f"{len(only or events())} events in {len(LOCALES)} languages: nothing to do")


@command.command("preview")
@click.argument("event")
@click.option("--locale", type=click.Choice(LOCALES), help="Default: the desk's.")
@click.option("--channel", type=click.Choice(FORMS), default="email", show_default=True)
@click.option("--sample", "name", default="usual", show_default=True, help="Which sample data to use.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write FILE.html or FILE.eml as well."
)
@click.pass_obj
def preview(
    config: Config, event: str, locale: str | None, channel: FormName, name: str, out: Path | None
) -> None:
    """Show what a person would read."""
    locale = locale or config.desk.locale
    desk = {"desk_name": config.desk.name, "desk_address": config.desk.address}
    notice = Notice(event, locale, config.desk.time_zone, {**sample(event, name), **desk})
    said = Renderer(config.templates.folder).render(
        notice, now=NOW, form=channel, desk_time_zone=config.desk.time_zone, choices=offered(notice)
    )
    for warning in said.warnings:
        click.echo(f"not usable: {warning}", err=True)
    # As a mail has it when the request has no subject of its own: only then these words are seen.
    subject = subject_line(str(notice.values.get("reference") or ""), "", said.subject, answers=False)
    click.echo(f"{subject}\n\n{said.text}", nl=False)
    if out is not None:
        _write(out, said, _letter(config, notice))


def _letter(config: Config, notice: Notice) -> MailJob:
    """The notice as a mail to nobody, with a token that no desk believes."""
    address = "anna@example.com"
    message = OutgoingMessage(
        channel="preview",
        to=Party(EMAIL, address, "Anna Rossi"),
        ticket=42,
        kind=KINDS.get(notice.event, Kind.NOTICE),
        token=References(b"preview").issue(42, address),
        notice=notice,
        created_at=NOW,
        choices=offered(notice),
    )
    folder = config.templates.folder
    desk = config.desk
    return MailJob(
        message, desk.name, desk.address, desk.domain, str(folder) if folder else None, desk.time_zone
    )


def _write(out: Path, said: Rendered, letter: MailJob) -> None:
    if out.suffix == ".eml":
        data = compose_mail(letter).raw
    elif out.suffix == ".html" and said.html is not None:
        data = said.html.encode()
    else:
        raise TemplateError(f"{out}: write to a file that ends in .html (for the channel email) or .eml")
    try:
        out.write_bytes(data)
    except OSError as error:
        raise TemplateError(f"{out}: {error.strerror}") from None
    click.echo(f"\nwritten to {out}", err=True)
