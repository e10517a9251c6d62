"""Everything that the desk holds of a person, as a zip that can be handed over to them.

What others said is in it where they said it to the person: the conversation is shared. What agents wrote for each
other is left out unless it is asked for, and so are names and addresses of others in the history.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, BinaryIO, Final
from zipfile import ZIP_DEFLATED, ZipFile

from bot.config import Config
from bot.desk.cases import NOTE, REPLY
from bot.desk.tickets import AUTOMATIC, MESSAGE, UNVERIFIED
from bot.errors import DeskbotError, StoreError
from bot.store import erasure, people, personal_copy
from bot.store.blobs import Blobs
from bot.store.engine import AnyRow, Store
from bot.store.erasure import Whose
from bot.store.gone_files import GONE

_ROWS: Final = 200
_TICKET: Final = (
    "subject", "state", "priority", "queue", "category", "impact", "urgency", "major", "channel", "locale",
    "opened_at", "first_response_due", "first_response_at", "resolution_due", "promised_at", "fix_expected_at",
    "told_at", "resolved_at", "closed_at", "closed_as", "waiting_for", "fields", "resolution",
)  # fmt: skip
_SAID_OF_STEPS: Final = frozenset({"state", "priority", "queue", "category", "waiting_for", "closed_as"})
"""What the history may say of a step: nothing that names anybody else."""

_README: Final = """\
What {desk} holds of one person, as of {at} (UTC). Everything is UTF-8; times are ISO 8601 in UTC.

person.json        name, addresses, language, time zone, department, phone; tickets of others that are followed
tickets/{prefix}-N.json  one request: its state and dates, "fields" (answers to questions), "resolution", "rating",
                   "conversation" (who said what and when, and which files came with it) and "history"
elsewhere.json     what the person said in requests of other people
letters.json       which messages the desk sent to the person, when, and about which request
attachments/       the files of the conversations; "file" in a conversation names them
raw/               the mails of the person exactly as they came, while they are kept
{missing}
"""


@dataclass(slots=True)
class Held:
    """What is in a copy, in figures."""

    tickets: int = 0
    files: int = 0
    mails: int = 0
    missing: int = 0


class PersonalCopy:
    """Makes copies."""

    def __init__(self, store: Store, blobs: Blobs, config: Config, *, notes: bool = False) -> None:
        """``notes``: with what agents wrote for each other."""
        self._store = store
        self._blobs = blobs
        self._config = config
        self._kinds = (MESSAGE, AUTOMATIC, REPLY, *((NOTE,) if notes else ()))
        self._missing: list[str] = []
        self._held = Held()
        self._mails: set[int] = set()

    def write(self, person: int, stream: BinaryIO, now: datetime) -> Held:
        """Write the zip of a person. Raises ``DeskbotError`` when there is none."""
        row = self._store.read_now(partial(people.one, person=person))
        if row is None or row.merged_into_id is not None:
            part = f"; that person is part of {row.merged_into_id}" if row else ""
            raise DeskbotError(f"{person}: the desk knows nobody by that number{part}")
        who = self._store.read_now(partial(erasure.whose, person=person))
        with ZipFile(stream, "w", ZIP_DEFLATED) as to:
            _put(to, "person.json", self._person(row, who))
            self._tickets(to, who)
            _put(to, "elsewhere.json", list(self._elsewhere(to, who)))
            _put(to, "letters.json", list(self._letters(who)))
            home = self._config.desk
            missing = "\nFiles that could not be read, and are not here:\n" + "\n".join(self._missing)
            at = now.isoformat(timespec="minutes")
            words = _README.format(
                desk=home.name, prefix=home.prefix, at=at, missing=missing if self._missing else ""
            )
            to.writestr("README.txt", words)
        self._held.missing = len(self._missing)
        return self._held

    def _person(self, row: AnyRow, who: Whose) -> dict[str, Any]:
        follows = self._store.read_now(partial(personal_copy.takes_part, persons=who.persons))
        return {
            **_some(row, ("name", "locale", "time_zone", "department", "phone", "created_at")),
            "addresses": [{"medium": medium, "address": shown} for medium, _, shown in who.addresses],
            "takes_part_in": [
                {"reference": self._name(one.ticket_id), "role": one.role, "since": _plain(one.created_at)}
                for one in follows
            ],
        }

    def _tickets(self, to: ZipFile, who: Whose) -> None:
        last = 0
        while numbers := self._store.read_now(
            partial(erasure.tickets_of, persons=who.persons, after=last, limit=_ROWS)
        ):
            for number in numbers:
                _put(to, f"tickets/{self._name(number)}.json", self._ticket(to, number, who))
                self._held.tickets += 1
            last = numbers[-1]

    def _ticket(self, to: ZipFile, number: int, who: Whose) -> dict[str, Any]:
        row = self._store.read_now(partial(personal_copy.ticket, number=number))
        said = self._store.read_now(
            partial(personal_copy.entries, number=number, kinds=(*self._kinds, UNVERIFIED))
        )
        said = [one for one in said if one.kind != UNVERIFIED or one.author_id in who.persons]
        steps = self._store.read_now(partial(personal_copy.steps, number=number))
        if any(step.action == "opened.for" for step in steps):
            # An agent wrote that mail, with remarks and commands that are not the person's.
            self._mails |= {one.inbox_id for one in said[:1] if one.inbox_id is not None}
        return {
            "reference": self._name(number),
            **_some(row, _TICKET),
            "rating": _some(row, ("asked_at", "rated_at", "rating", "comment")) if row.asked_at else None,
            "conversation": [self._entry(to, one, who, one.author or "") for one in said],
            "history": [
                {
                    "at": _plain(step.at),
                    "what": step.action,
                    **{name: value for name, value in (step.after or {}).items() if name in _SAID_OF_STEPS},
                }
                for step in steps
                if step.action != "delivery.suppressed"
            ],
        }

    def _entry(self, to: ZipFile, one: AnyRow, who: Whose, author: str) -> dict[str, Any]:
        theirs = one.author_id in who.persons
        if theirs and one.inbox_id is not None:
            self._mail(to, one.inbox_id)
        return {
            **_some(one, ("created_at", "kind", "channel", "text")),
            **({"quoted": one.quoted, "message_id": one.external_id} if theirs else {}),
            "by": "you" if theirs else author,
            "files": self._files(to, one),
        }

    def _files(self, to: ZipFile, entry: AnyRow) -> list[dict[str, Any]]:
        rows = self._store.read_now(partial(personal_copy.files, ids=[entry.id]))
        told = []
        for row in rows:
            if row.sha256 == GONE:
                told.append({"removed": True, "size": row.size})
                continue
            path = f"attachments/{self._name(entry.ticket_id)}-{row.id}-{_safe(row.name)}"
            try:
                to.writestr(path, self._blobs.get(row.sha256))
                self._held.files += 1
            except StoreError:
                self._missing.append(path)
            told.append({**_some(row, ("name", "media_type", "size")), "file": path})
        return told

    def _mail(self, to: ZipFile, inbox_id: int) -> None:
        raw = self._store.read_now(partial(personal_copy.raw, inbox_id=inbox_id))
        if raw is not None and inbox_id not in self._mails:
            self._mails.add(inbox_id)
            to.writestr(f"raw/{inbox_id}.eml", raw)
            self._held.mails += 1

    def _elsewhere(self, to: ZipFile, who: Whose) -> Iterable[dict[str, Any]]:
        last = 0
        while rows := self._store.read_now(
            partial(personal_copy.entries_elsewhere, persons=who.persons, after=last, limit=_ROWS)
        ):
            for row in rows:
                if row.kind != NOTE or NOTE in self._kinds:
                    yield {"reference": self._name(row.ticket_id), **self._entry(to, row, who, "")}
            last = rows[-1].id

    def _letters(self, who: Whose) -> Iterable[dict[str, Any]]:
        for medium, canonical, shown in who.addresses:
            last = 0
            look = partial(personal_copy.letters, medium=medium, recipient=canonical, limit=_ROWS)
            while rows := self._store.read_now(partial(look, after=last)):
                for row in rows:
                    about = self._name(row.ticket_id) if row.ticket_id else None
                    sent = _some(row, ("created_at", "kind", "event", "state"))
                    yield {"to": shown, "reference": about, **sent}
                last = rows[-1].id

    def _name(self, ticket: int) -> str:
        return f"{self._config.desk.prefix}-{ticket}"


def _put(to: ZipFile, path: str, data: Any) -> None:
    to.writestr(path, json.dumps(data, ensure_ascii=False, indent=2))


def _some(row: AnyRow, names: Iterable[str]) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _safe(name: str) -> str:
    """Part of a path in a zip, whatever program opens it."""
    return re.sub(r"[^\w.-]+", "_", name).strip("._")[-100:] or "file"
