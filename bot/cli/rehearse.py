"""``deskbot rehearse``: what would become of mail, without changing or sending anything."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click
import sqlalchemy as sa

from bot import clock
from bot.cli.mail_source import Found, MailSource, opened_source
from bot.cli.output import moment, on_line, print_json, print_table
from bot.config import Config
from bot.desk.outcome import Reason
from bot.errors import DeskbotError

if TYPE_CHECKING:
    from bot.app import App
    from bot.message import Payload
    from bot.store.engine import Tx

_LOOK_EVERY: Final = 0.005
_PATIENCE: Final = 60.0
_MACHINES: Final = frozenset({Reason.AUTOMATIC, Reason.BOUNCE, Reason.LIST, Reason.OWN_MAIL})


@dataclass(frozen=True, slots=True)
class Written:
    """A message that would have gone out."""

    kind: str
    to: str
    subject: str
    promised_at: str | None


@dataclass(frozen=True, slots=True)
class Became:
    """What would have become of one mail."""

    received_at: datetime
    sender: str
    subject: str
    result: str
    reason: str
    ticket: str | None = None
    quiet: str | None = None
    """Why nothing would have gone out to the sender."""
    sent: tuple[Written, ...] = field(default=())


@click.command("rehearse")
@click.argument("source")
@click.option(
    "--limit", default=200, show_default=True, type=click.IntRange(min=1), help="The newest of a mailbox."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_obj
def command(config: Config, source: str, limit: int, as_json: bool) -> None:  # noqa: FBT001  # click's
    """Tell what would have become of the mail of SOURCE: an mbox file, a Maildir, or a mailbox of the
    configuration by its name.

    The real parser and the real desk work on a copy of the database in a temporary folder, at the time at which
    each mail came. A mailbox is opened read-only; nothing is marked, moved or sent.
    """
    with (
        opened_source(config, source, limit) as mails,
        tempfile.TemporaryDirectory(prefix="deskbot-") as folder,
    ):
        rehearsed = asyncio.run(_rehearse(_stage(config, Path(folder)), mails))
    if as_json:
        print_json(
            [{**asdict(became), "received_at": became.received_at.isoformat()} for became in rehearsed]
        )
        return
    _show(config, rehearsed)


def _stage(config: Config, folder: Path) -> Config:
    """The same desk in another place: a copy of its embedded database and its key, no doors, no relay."""
    data = config.desk.data
    if not config.store.url.get_secret_value() and (data / "deskbot.db").exists():
        with (
            closing(sqlite3.connect(f"file:{data / 'deskbot.db'}?mode=ro", uri=True)) as live,
            closing(sqlite3.connect(folder / "deskbot.db")) as copy,
        ):
            live.backup(copy)
    elif config.store.url.get_secret_value():
        click.echo(
            "The database is a shared one and is not copied: answers to its tickets open new ones here.",
            err=True,
        )
    if (data / "secret.key").exists():
        shutil.copy(data / "secret.key", folder / "secret.key")
    off = {"enabled": False}
    return config.model_copy(
        update={
            "desk": config.desk.model_copy(update={"data": folder}),
            "store": type(config.store)(),
            "smtp": config.smtp.model_copy(update=off),
            "web": config.web.model_copy(update=off),
            "relay": type(config.relay)(),
        }
    )


class _Time:
    """The desk's clock: when the mail in hand came. It never goes back."""

    def __init__(self) -> None:
        self._now: datetime | None = None

    def go_to(self, when: datetime) -> None:
        """Time passes."""
        self._now = max(when, self._now or when)

    def __call__(self) -> datetime:
        return self._now or clock.now()


async def _rehearse(config: Config, mails: MailSource) -> list[Became]:
    from bot.app import App

    time = _Time()
    app = App(config, ("intake",), now=time)
    await app.open()
    stop = asyncio.Event()
    running = asyncio.create_task(app.run(stop))
    rehearsed: list[Became] = []
    try:
        with click.progressbar(length=mails.total, label="Rehearsing", file=sys.stderr) as bar:
            for found in mails:
                time.go_to(found.arrived)
                rehearsed.append(await _one(app, found, mails.channel))
                bar.update(found.step)
    finally:
        stop.set()
        await running
        await app.close()
    return rehearsed


async def _one(app: App, found: Found, channel: str) -> Became:
    if found.raw is None:
        return Became(found.arrived, "", "", "left out", "larger than may be")
    payload = found.payload(channel)
    before = await app.store.read(_last_sent)
    if not await app.intake.accept(payload):
        return Became(found.arrived, *_head(found.raw), "known", "it is in the database already")
    row = await _outcome(app, payload)
    sent = [await _written(app, text) for text in await app.store.read(lambda tx: _sent_after(tx, before))]
    reference = app.desk.name_of(row.ticket_id) if row.ticket_id else None
    return Became(
        found.arrived, *_head(found.raw), row.outcome, row.reason, reference, row.detail or None, tuple(sent)
    )


async def _outcome(app: App, payload: Payload) -> Any:
    """The payload's row, once the desk has dealt with it."""
    from bot.store.models import Inbox, InboxState

    query = sa.select(Inbox.state, Inbox.outcome, Inbox.reason, Inbox.detail, Inbox.ticket_id)
    query = query.where(Inbox.key == payload.key)
    async with asyncio.timeout(_PATIENCE):
        while True:
            row: Any = await app.store.read(lambda tx: tx.run(query).one())
            if row.state not in {InboxState.WAITING, InboxState.CLAIMED}:
                return row
            await asyncio.sleep(_LOOK_EVERY)


def _last_sent(tx: Tx) -> int:
    from bot.store.models import Outbox

    return int(tx.run(sa.select(sa.func.coalesce(sa.func.max(Outbox.id), 0))).scalar_one())


def _sent_after(tx: Tx, number: int) -> list[str]:
    from bot.store.models import Outbox

    return [
        row.message for row in tx.run(sa.select(Outbox.message).where(Outbox.id > number).order_by(Outbox.id))
    ]


async def _written(app: App, text: str) -> Written:
    """The message with its words, as it would have been sent."""
    import msgspec

    from bot.message import OutgoingMessage

    message = msgspec.json.decode(text, type=OutgoingMessage)
    subject = ""
    with suppress(DeskbotError):
        subject = _subject((await app.mail.compose(message)).raw)
    promised = message.notice.values.get("promised_at")
    return Written(str(message.kind), message.to.address, subject, str(promised) if promised else None)


def _head(raw: bytes) -> tuple[str, str]:
    """Whom a mail is from, and its subject, for people."""
    from bot.mail.parse import find_sender
    from bot.mail.parts import Mail

    mail = Mail(raw)
    return find_sender(mail).address, mail.fields.text("subject")


def _subject(raw: bytes) -> str:
    from bot.mail.parts import Mail

    return Mail(raw).fields.text("subject")


def _show(config: Config, rehearsed: list[Became]) -> None:
    zone = ZoneInfo(config.desk.time_zone)
    print_table(
        [
            {
                "RECEIVED": moment(became.received_at, zone),
                "FROM": on_line(became.sender, 30),
                "SUBJECT": on_line(became.subject, 40),
                "BECOMES": f"{became.result} {became.ticket or ''}".strip(),
                "BECAUSE": "" if became.reason == Reason.NEW else became.reason,
                "NO ANSWER BECAUSE": became.quiet or "",
            }
            for became in rehearsed
        ],
        empty="There is no mail.",
    )
    click.echo("\nWhat would go out:")
    print_table(
        [
            {
                "FOR": became.ticket or "",
                "KIND": written.kind,
                "TO": on_line(written.to, 40),
                "SUBJECT": on_line(written.subject, 50),
                "PROMISES": moment(datetime.fromisoformat(written.promised_at), zone)
                if written.promised_at
                else "",
            }
            for became in rehearsed
            for written in became.sent
        ],
        empty="nothing.",
    )
    click.echo(f"\n{_summary(rehearsed)}\nNothing was changed, and nothing was sent.")


def _summary(rehearsed: list[Became]) -> str:
    results = Counter(became.result for became in rehearsed)
    kinds = Counter(written.kind for became in rehearsed for written in became.sent)
    machines = sum(became.quiet in _MACHINES or became.reason in _MACHINES for became in rehearsed)
    told = [
        f"{len(rehearsed)} mails",
        f"{results['opened']} would open a ticket",
        f"{results['appended']} would join one",
        f"{machines} are automatic and get no answer",
        f"{results['held']} would be held",
        f"{results['ignored']} would be ignored",
        f"{results['known']} are known already",
    ]
    out = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items())) or "no mail"
    return "; ".join(told) + f". Going out: {out}."
