"""``deskbot try``: be a requester, by real SMTP."""

from __future__ import annotations

import smtplib
import time
from email.message import EmailMessage
from email.utils import make_msgid
from typing import TYPE_CHECKING, Final

import click

from bot.cli.output import in_lines, opened
from bot.config import Config
from bot.errors import DeskbotError

if TYPE_CHECKING:
    from bot.store.engine import Store
    from bot.store.stories import Answer

_PATIENCE: Final = 30.0
_LOOK_EVERY: Final = 0.05


@click.command("try")
@click.argument("words")
@click.option("--from", "sender", help="Whose mail it is. Default: you@ the desk's own domain.")
@click.pass_obj
def command(config: Config, words: str, sender: str | None) -> None:
    """Send WORDS to the running desk by mail, and show what it answers."""
    started = time.monotonic()
    mail = _mail(config, words, sender or f"you@{config.desk.domain}")
    _send(config, mail)
    click.echo(f"Sent to {config.desk.address} through {config.smtp.host}:{config.smtp.port}.")
    with opened(config) as store:
        answer = _wait(store, str(mail["Message-ID"]).strip("<>"))
    reference = f"{config.desk.prefix}-{answer.ticket}"
    click.echo(f"It is ticket {reference} ({time.monotonic() - started:.2f} s).\n")
    _show(config, answer)
    click.echo(f"\nSee it with: deskbot tickets show {reference}    deskbot tickets why {reference}")


def _mail(config: Config, words: str, sender: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = config.desk.address
    mail["Subject"] = words[:120].replace("\n", " ")
    mail["Message-ID"] = make_msgid(domain="try.invalid")
    mail.set_content(words)
    return mail


def _send(config: Config, mail: EmailMessage) -> None:
    smtp = config.smtp
    try:
        client = smtplib.LMTP if smtp.protocol == "lmtp" else smtplib.SMTP
        with client(smtp.host, smtp.port) as connection:
            if smtp.tls == "required":
                connection.starttls()
            connection.send_message(mail)
    except (OSError, smtplib.SMTPException) as error:
        raise DeskbotError(
            f"{smtp.host}:{smtp.port} does not take the mail ({error}): is `deskbot run` running with this configuration?"
        ) from None


def _wait(store: Store, message_id: str) -> Answer:
    from bot.store.models import OutboxState
    from bot.store.stories import answer_to

    until = time.monotonic() + _PATIENCE
    answer = None
    while time.monotonic() < until:
        answer = store.read_now(lambda tx: answer_to(tx, message_id))
        if answer and answer.state not in {OutboxState.QUEUED, OutboxState.SENDING}:
            return answer
        time.sleep(_LOOK_EVERY)
    if answer:
        return answer
    raise DeskbotError("the mail was taken, but it is no ticket yet: see `deskbot inbox list`")


def _show(config: Config, answer: Answer) -> None:
    if answer.state is None:
        click.echo("There is no acknowledgement: `deskbot tickets why` tells the reason.")
        return
    path = (config.relay.maildir or config.desk.data / "outbox") / "new" / (answer.result or "")
    if answer.state != "sent":
        click.echo(f"The acknowledgement is {answer.state}: {answer.result or 'no relay has taken it yet'}")
    elif config.relay.host:
        click.echo(f"The acknowledgement was taken by {config.relay.host}: {answer.result}")
    elif path.is_file():
        click.echo(f"The acknowledgement ({path}):\n")
        click.echo(in_lines(_readable(path.read_bytes())))


def _readable(raw: bytes) -> str:
    """Our own mail as a person's program shows it."""
    from email import message_from_bytes, policy

    mail = message_from_bytes(raw, policy=policy.default)
    head = "\n".join(f"    {name}: {mail[name]}" for name in ("From", "To", "Subject"))
    body = mail.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    return head + "\n\n" + "\n".join(f"    {line}".rstrip() for line in text.splitlines())
