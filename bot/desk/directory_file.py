"""A list of people as a file: CSV as spreadsheets and directories write it, read a line at a time.

Whatever is wrong with a row is said with its line number and what to write instead; the rows around it stand.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final

from bot.config import LOCALES
from bot.desk.as_written import KnownAddress, read_address, read_language, read_zone
from bot.errors import DeskbotError
from bot.mail.addresses import clean_name

MOST_ROWS: Final = 500_000
MOST_ADDRESSES: Final = 20
"""Of one person."""
LONGEST: Final = {"name": 200, "department": 200, "phone": 64}
"""Characters of a field."""
_LONGEST_LINE: Final = 65_536
"""Octets."""
_TOO_LONG: Final = b"..."
"""Stands for such a line, by identity."""
_MOST_LINES: Final = 20
"""Of one row: a quotation mark that is never closed swallows no more."""

_HEADS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("name", "full name", "display name", "nome", "nome e cognome", "nominativo"), "name"),
    **dict.fromkeys(("姓名", "名字", "名称"), "name"),
    **dict.fromkeys(("address", "addresses", "email", "e-mail", "mail", "email address"), "address"),
    **dict.fromkeys(("indirizzo", "indirizzi", "indirizzo email", "posta elettronica"), "address"),
    **dict.fromkeys(("邮箱", "电子邮箱", "电子邮件", "邮件地址", "地址"), "address"),
    **dict.fromkeys(("language", "locale", "lingua", "语言"), "locale"),
    **dict.fromkeys(("time zone", "timezone", "zone", "fuso orario", "fuso", "时区"), "time_zone"),
    **dict.fromkeys(("department", "unit", "office", "reparto", "ufficio", "dipartimento"), "department"),
    **dict.fromkeys(("部门", "科室", "单位"), "department"),
    **dict.fromkeys(("phone", "telephone", "phone number", "telefono", "numero di telefono"), "phone"),
    **dict.fromkeys(("电话", "电话号码", "手机"), "phone"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One person of the file. What is empty says nothing."""

    line: int
    addresses: tuple[KnownAddress, ...]
    name: str = ""
    locale: str = ""
    time_zone: str = ""
    department: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that is left out: where it stands, and what to write."""

    line: int
    words: str


class UnreadableList(DeskbotError):
    """The file as a whole is no list of people; the text says what to do."""


class RowFault(ValueError):
    """What is wrong with one row, in words."""


class PeopleFile:
    """A list of people, read once from the front. ``unknown``: heads of columns that nobody reads."""

    def __init__(self, stream: BinaryIO) -> None:
        """Reads the heads. Raises ``UnreadableList``."""
        self._lines = _Lines(stream)
        self.octets = 0
        """Read so far."""
        heads = self._heads()
        self._width = len(heads)
        self._columns: dict[int, str] = {}
        unknown: list[str] = []
        for place, head in enumerate(heads):
            meaning = _HEADS.get(" ".join(head.replace("_", " ").casefold().split()))
            if meaning is None:
                unknown += [head] if head.strip() else []
            elif meaning in self._columns.values() and meaning != "address":
                raise UnreadableList(f'line 1: two columns hold the {meaning}; rename one of them ("{head}")')
            else:
                self._columns[place] = meaning
        self.unknown = tuple(unknown)
        if "address" not in self._columns.values():
            raise UnreadableList(
                "line 1: no column is named address; the first line names the columns: "
                "name, address, language, time zone, department, phone"
            )

    def _heads(self) -> list[str]:
        first = self._lines.peek()
        if first.startswith(("\xff\xfe", "\xfe\xff")) or "\x00" in first:
            raise UnreadableList('the file is not UTF-8: save it as "CSV UTF-8"')
        self._delimiter = max(",;\t", key=first.count)
        try:
            heads = next(csv.reader(self._lines, delimiter=self._delimiter), [])
        except (csv.Error, _Runaway, RowFault) as error:
            raise UnreadableList(
                f"line 1: {error or 'cannot be read'}: write the names of the columns"
            ) from None
        if len(heads) > 200:
            raise UnreadableList("line 1: more than 200 columns: is this a list of people?")
        return [clean_name(head) for head in heads]

    def __iter__(self) -> Iterator[Row | Fault]:
        """Every row, as what it says or what is wrong with it; blank lines are passed by."""
        count = 0
        for line, cells in self._records():
            self.octets = self._lines.octets
            if isinstance(cells, str):
                yield Fault(line, cells)
                continue
            if not any(cell.strip() for cell in cells):
                continue
            count += 1
            if count > MOST_ROWS:
                yield Fault(line, f"more than {MOST_ROWS} rows: split the file; the rest was not read")
                return
            try:
                yield self._row(line, cells)
            except RowFault as fault:
                yield Fault(line, str(fault))

    def _records(self) -> Iterator[tuple[int, list[str] | str]]:
        """Line number and cells of each row, or what is wrong with it."""
        reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)
        while True:
            self._lines.begin()
            try:
                cells = next(reader)
            except StopIteration:
                return
            except RowFault as fault:
                yield self._lines.first, str(fault)
            except (csv.Error, _Runaway):
                yield (
                    self._lines.first,
                    "a quotation mark is opened and not closed, or stands inside a word: write it twice",
                )
                self._lines.give_back()
            else:
                yield self._lines.first, cells
                continue
            reader = csv.reader(self._lines, delimiter=self._delimiter, strict=True)

    def _row(self, line: int, cells: list[str]) -> Row:
        values: dict[str, str] = {}
        for place, meaning in self._columns.items():
            cell = cells[place].strip() if place < len(cells) else ""
            if meaning == "address" and values.get("address"):
                cell = f"{values['address']} {cell}"
            values[meaning] = cell
        said = {name: _short(name, values.get(name, "")) for name in ("name", "department", "phone")}
        if any(cell.strip() for cell in cells[self._width :]):
            raise RowFault(
                "more fields than columns: put a field that holds the separator into quotation marks"
            )
        return Row(
            line,
            _addresses(values["address"]),
            locale=_one_of(read_language, values.get("locale", ""), "language", " or ".join(LOCALES)),
            time_zone=_one_of(read_zone, values.get("time_zone", ""), "time zone", "Europe/Rome"),
            **said,
        )


def _addresses(cell: str) -> tuple[KnownAddress, ...]:
    words = cell.replace("|", " ").split()
    if not words:
        raise RowFault("no address: write one, or several with a space between them")
    if len(words) > MOST_ADDRESSES:
        raise RowFault(f"more than {MOST_ADDRESSES} addresses: are these several people?")
    found: dict[tuple[str, str], KnownAddress] = {}
    for word in words:
        address = read_address(word)
        if address is None:
            raise RowFault(f'"{word[:60]}" is no address: write one like ann@example.com or slack:U0123')
        found.setdefault((address.medium, address.canonical), address)
    return tuple(found.values())


def _one_of(read: Callable[[str], str | None], cell: str, what: str, example: str) -> str:
    if not cell:
        return ""
    value = read(cell[:100])
    if value is None:
        raise RowFault(f'"{cell[:60]}" is no {what} that the desk knows: write {example}, or leave it empty')
    return value


def _short(name: str, cell: str) -> str:
    if len(cell) > LONGEST[name]:
        raise RowFault(f"the {name} has more than {LONGEST[name]} characters: shorten it")
    return unicodedata.normalize("NFC", clean_name(cell))


class _Runaway(Exception):
    """A row goes on over more lines than any does."""


class _Lines:
    """The lines of a file for the reader of CSV, a bounded number of them for each row."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._number = 0
        """Of the line that was given last."""
        self._given: list[str] = []
        self._back: list[str] = []
        self._peeked: bytes | None = None
        self.octets = 0

    @property
    def first(self) -> int:
        """The number of the first line of this row."""
        return self._number - len(self._given) + 1

    def peek(self) -> str:
        """The first line, which is given again, its octets one for one."""
        self._peeked = self._read().removeprefix(b"\xef\xbb\xbf")
        return self._peeked.decode("latin-1")

    def begin(self) -> None:
        """Another row begins."""
        self._given = []

    def give_back(self) -> None:
        """All lines of this row but the first will be read again."""
        self._back = [*self._given[1:], *self._back]
        self._number -= len(self._given) - 1
        self._given = self._given[:1]

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self._given) >= _MOST_LINES:
            raise _Runaway
        line = self._back.pop(0) if self._back else self._decoded()
        self._number += 1
        self._given.append(line)
        return line

    def _decoded(self) -> str:
        raw = self._peeked if self._peeked is not None else self._read()
        self._peeked = None
        if not raw:
            raise StopIteration
        words = f"longer than {_LONGEST_LINE} octets: is this a list of people?" if raw is _TOO_LONG else ""
        if not words:
            try:
                return raw.decode("utf-8")
            except UnicodeDecodeError:
                words = 'not UTF-8: save the file as "CSV UTF-8"'
        self._number += 1
        self._given.append("")
        raise RowFault(words)

    def _read(self) -> bytes:
        raw = self._stream.readline(_LONGEST_LINE)
        self.octets += len(raw)
        if len(raw) < _LONGEST_LINE or raw.endswith(b"\n"):
            return raw
        while (rest := self._stream.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
            self.octets += len(rest)  # no row is so long: the rest of it is passed by
        return _TOO_LONG
