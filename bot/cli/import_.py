"""``deskbot import``: bring in a history."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

import click

from bot.cli.mail_source import Found, MailSource, opened_source
from bot.cli.output import opened
from bot.config import Config
from bot.desk.desk import Desk
from bot.desk.outcome import Outcome, Reason, Result
from bot.errors import HeldError
from bot.message import IncomingMessage, Payload

if TYPE_CHECKING:
    from bot.store.blobs import Blobs
    from bot.store.engine import Store
    from bot.workers import Workers

_BATCH: Final = 50
_TOLD: Final = {
    "opened": "tickets, closed, with their own dates",
    "appended": "answers, joined to them",
    "known": "were known already",
    "own": "are our own mail",
    "bounce": "are delivery reports",
    "erased": "were erased, or are of people who were, and were left out",
    "large": "are larger than may be, and were left out",
    "unreadable": "could not be read, and were left out",
}


@click.command("import")
@click.argument("source")
@click.pass_obj
def command(config: Config, source: str) -> None:
    """Bring in the mail of SOURCE: an mbox file, a Maildir, or a mailbox of the configuration by its name.

    Every conversation becomes a closed ticket with its own dates. Nobody is told: no acknowledgement, no
    notification, no reminder. SOURCE itself stays as it is. What was brought in before is passed by, so an
    import that was broken off can simply be run again.
    """
    with opened(config) as store, opened_source(config, source) as mails:
        counts = asyncio.run(_Import(config, store).run(mails))
    for kind, words in _TOLD.items():
        if counts[kind]:
            click.echo(f"{counts[kind]:8} {words}")
    if not counts:
        click.echo("There is no mail.")


class _Import:
    def __init__(self, config: Config, store: Store) -> None:
        from bot.premises import signing_key
        from bot.store.blobs import open_blobs

        self._store = store
        self._workers_section = config.workers
        self._desk = Desk.from_config(config, signing_key(config, embedded=store.embedded))
        self._blobs: Blobs = open_blobs(config.store.blobs or str(config.desk.data / "blobs"))
        self._threads: dict[str, int] = {}

    async def run(self, mails: MailSource) -> Counter[str]:
        from bot.workers import Workers

        counts: Counter[str] = Counter()
        workers = Workers(self._workers_section, preload=("bot.mail.parse",))
        await workers.start()
        try:
            with click.progressbar(length=mails.total, label="Importing") as bar:
                for batch in _batches(iter(mails)):
                    counts += await self._take(workers, batch, mails.channel)
                    bar.update(sum(found.step for found in batch))
        finally:
            await workers.close()
        return counts

    async def _take(self, workers: Workers, batch: Sequence[Found], channel: str) -> Counter[str]:
        counts = Counter(large=sum(found.raw is None for found in batch))
        payloads = [f.payload(channel, history=True) for f in batch if f.raw is not None]
        read = await asyncio.gather(*(_read(workers, payload) for payload in payloads))
        pairs = [(p, m) for p, m in zip(payloads, read, strict=True) if m is not None]
        counts["unreadable"] += len(payloads) - len(pairs)
        for _, message in pairs:
            for file in message.attachments:
                self._blobs.put(file.content)
        for outcome in await asyncio.to_thread(self._keep, pairs):
            counts[_kind(outcome)] += 1
        return +counts

    def _keep(self, pairs: Sequence[tuple[Payload, IncomingMessage]]) -> list[Outcome]:
        """All of a batch in one transaction. The threads of a batch that fails would name tickets that are not."""
        from bot.desk import history

        threads = dict(self._threads)
        outcomes = self._store.write_now(
            lambda tx: [history.receive(tx, p, m, self._desk, threads) for p, m in pairs]
        )
        self._threads = threads
        return outcomes


async def _read(workers: Workers, payload: Payload) -> IncomingMessage | None:
    from bot.mail.parse import parse_mail

    try:
        return await workers.run(parse_mail, payload)
    except HeldError:
        return None


def _batches(mails: Iterator[Found]) -> Iterator[list[Found]]:
    while batch := list(islice(mails, _BATCH)):
        yield batch


def _kind(outcome: Outcome) -> str:
    if outcome.result is Result.IGNORED:
        kinds = {Reason.OWN_MAIL: "own", Reason.BOUNCE: "bounce", Reason.ERASED: "erased"}
        return kinds.get(outcome.reason, "known")
    return str(outcome.result)
