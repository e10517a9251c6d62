"""What a request leaves open is asked back, and the answers become fields of the ticket.

When a request says too little, the acknowledgement asks the questions of its category. The signs are few and
plain, so that everybody can foresee them: ``docs/rules.md`` has them. Nothing waits for the answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.config.patterns import Pattern
from bot.desk.desk import Desk
from bot.desk.wording import UNIT, fold
from bot.message import Automation, IncomingMessage

MOST: Final = 5
"""Questions in one acknowledgement."""
ENOUGH_WORDS: Final = 8
ENOUGH_CHARACTERS: Final = 25
"""A request with so many words, or Chinese characters, says what it is about; courtesies do not count."""
WITHOUT_CATEGORY: Final = ("what", "since", "doing", "error")
A_PICTURE: Final = 20_000
"""Octets from which on a picture inside the text is one that shows something, and no logo."""
LONGEST_ANSWER: Final = 1_000
_LOOKED_AT: Final = 4_000
"""Characters of a request; a longer one says enough."""
_LONGEST_REPLY: Final = 65_536
_MOST_LINES: Final = 2_000
_MOST_WRAPPED: Final = 3
"""Lines over which a mail program may have broken a question."""

_COURTESIES: Final = re.compile(
    r"\b(?:hello|hi|hey|dear|good (?:morning|afternoon|evening|day)|please|help|thanks|thank you|thank|regards|best|"
    r"kind|many|greetings|sirs?|madam|team|support|everyone|urgent|asap|i|me|need|can|could|would|you|"
    r"buongiorno|buonasera|salve|ciao|gentil[ei]|cortes[ei]|cordiali|distinti|saluti|grazie|mille|per favore|"
    r"per cortesia|aiuto|aiutatemi|urgente|prego|ho bisogno di)\b"
    r"|您好|你好|谢谢|请问|请|帮忙|帮助|帮|麻烦|各位|老师|早上好|上午好|下午好|晚上好|紧急|急|救命",
    re.IGNORECASE,
)
_COURTEOUS: Final = frozenset(UNIT.findall(_COURTESIES.pattern.replace(r"\b", " "))) | {
    "gentile", "gentili", "cortese", "cortesi", "sir",
}  # fmt: skip
"""Every word and character that a courtesy may be made of."""
_BEGINNING: Final = 400
"""Characters in which most requests have said enough."""
_MARK: Final = re.compile(r"[\s>|*_•·-]*")
"""What may stand before a line's own words: marks of quotes, of lists, of bold letters."""
_NUMBER: Final = re.compile(r"[(（]?(\d{1,2})\s*[.)）、:：\uff0e](?!\d)[)*_]*\s*")
_INLINE: Final = re.compile(r"(?:(?<=[\s。\uff1b;，,])|^)[(（]?(\d{1,2})[.)）、:：\uff0e](?!\d)")
_CLOSES: Final = re.compile(r"[\s*_]*(?:[?？:：–—-][\s*_>?？:：–—-]*|$)")
"""What ends the words of a question, before its answer."""


def missing(message: IncomingMessage, category: str | None, desk: Desk) -> tuple[str, ...]:
    """The keys of the questions that the request does not answer by itself."""
    if message.automation is not Automation.NONE or _shows_something(message):
        return ()
    section = desk.config.categories.get(category or "")
    if section and (section.complaint or not section.ask):
        return ()
    written = message.text if message.forwarded else message.reply_text or message.text
    if len(written) > _LOOKED_AT or _begins_well(written):
        return ()
    said = _COURTESIES.sub(" ", f"{message.subject}\n{written}")
    if _says_enough(said):
        return ()
    known = desk.config.questions
    wanted = (key for key in (section.ask if section else WITHOUT_CATEGORY) if key in known)
    said = said.encode("utf-8", "ignore").decode()
    return tuple(key for key in wanted if not _is_known(known[key].known_by, said))[:MOST]


def _shows_something(message: IncomingMessage) -> bool:
    return any(not file.inline or file.size >= A_PICTURE for file in message.attachments)


def _begins_well(written: str) -> bool:
    """Whether the beginning of a request says enough already by what is part of no courtesy. Most do, and every
    mail asks: to take out the courtesies costs twenty times as much."""
    folded = fold(written[:_BEGINNING])
    whole = (found[0] for found in UNIT.finditer(folded) if found.end() < len(folded))  # the last may be cut
    return _is_enough(unit for unit in whole if unit not in _COURTEOUS)


def _says_enough(said: str) -> bool:
    return _is_enough(UNIT.findall(fold(said)))


def _is_enough(units: Iterable[str]) -> bool:
    """A word counts twice at the most, a character four times: "help help help" says one thing."""
    times: dict[str, int] = {}
    left = ENOUGH_WORDS * ENOUGH_CHARACTERS
    for unit in units:
        known = times.get(unit, 0)
        times[unit] = known + 1
        if len(unit) == 1 and unit > "\u0e00":
            left -= ENOUGH_WORDS if known < 4 else 0
        else:
            left -= ENOUGH_CHARACTERS if known < 2 else 0
        if left <= 0:  # most have said enough after a few words
            return True
    return False


def _is_known(pattern: str, said: str) -> bool:
    return bool(pattern) and Pattern.of(pattern).found_in(said)


# Answers


@dataclass(slots=True)
class _Part:
    """What stands below one question."""

    key: str
    lines: list[str]
    by_words: bool
    """The question's own words stand above it, not its number alone."""
    gap: bool = False
    """An empty line stands between the question and its answer."""

    @property
    def answer(self) -> str:
        text = "\n".join(self.lines).strip().lstrip("-–—>:：* \t").strip()
        return text[:LONGEST_ANSWER] if any(c.isalnum() for c in text) else ""


def answers(text: str, asked: tuple[str, ...], desk: Desk) -> dict[str, str]:
    """What an answer says to the questions that were asked: by number, or below the question's own words.

    ``asked``: all of them, in the order in which they were asked, because people answer by their numbers. What
    belongs to no question is words like any other.
    """
    lines = _in_lines(text[:_LONGEST_REPLY], len(asked))[:_MOST_LINES]
    found: dict[str, str] = {}
    gaps: list[bool] = []
    for part, last in _parts(lines, asked, _wordings(asked, desk), found):
        _close(part, found, gaps, last=last)
    return found


def _close(part: _Part, found: dict[str, str], gaps: list[bool], *, last: bool) -> None:
    """Keep an answer. The last one ends with its paragraph; and when the others stand directly below their
    questions, what is apart from the last question is no answer to it."""
    if last and part.gap and gaps and not any(gaps):
        return
    if last:
        part.lines = _first_paragraph(part.lines)
    if part.answer:
        gaps.append(part.gap)
        found.setdefault(part.key, part.answer)


def _parts(
    lines: list[str], asked: tuple[str, ...], wordings: list[tuple[str, list[str]]], found: dict[str, str]
) -> Iterator[tuple[_Part, bool]]:
    """Each question that is answered, with the lines of the answer, and whether it is the last one. ``found``
    is what the caller has kept so far."""
    part: _Part | None = None
    at = 0
    while at < len(lines):
        begun = _begins(lines, at, asked, wordings)
        if begun is None or (not begun[2] and _is_in_a_list(begun[0], asked, part, found)):
            _go_on(part, lines[at])
            at += 1
            continue
        if part:
            yield part, False
        key, rest, by_words, at = begun
        part = _Part(key, [rest], by_words)
    if part:
        yield part, True


def _is_in_a_list(key: str, asked: tuple[str, ...], part: _Part | None, found: dict[str, str]) -> bool:
    """Whether a number is part of an answer, as in a list of what was tried: its question has been answered
    already, or comes before the one that is being answered by its number."""
    before = part is not None and not part.by_words and asked.index(key) <= asked.index(part.key)
    return before or key in found or (part is not None and part.key == key)


def _go_on(part: _Part | None, line: str) -> None:
    if part is None or line.lstrip().startswith(">"):
        return
    if not line.strip() and not any(one.strip() for one in part.lines):
        part.gap = True
    part.lines.append(line.strip())


def _first_paragraph(lines: list[str]) -> list[str]:
    begin = next((i for i, line in enumerate(lines) if line.strip()), len(lines))
    end = next((i for i in range(begin, len(lines)) if not lines[i].strip()), len(lines))
    return lines[begin:end]


def _begins(
    lines: list[str], at: int, asked: tuple[str, ...], wordings: list[tuple[str, list[str]]]
) -> tuple[str, str, bool, int] | None:
    """Whether an answer begins at a line: its key, what stands on the line behind the question, whether the
    question's own words stand there, and the line after them."""
    line = lines[at]
    start = _mark_end(line)
    number = _NUMBER.match(line, start)
    for key, words in wordings:
        if end := _spoken(lines, at, number.end() if number else start, words):
            return key, lines[end[0]][end[1] :], True, end[0] + 1
    if number and not line.lstrip().startswith(">") and 1 <= int(number[1]) <= len(asked):
        return asked[int(number[1]) - 1], line[number.end() :], False, at + 1
    return None


def _mark_end(line: str) -> int:
    mark = _MARK.match(line)
    return mark.end() if mark else 0


def _spoken(lines: list[str], at: int, start: int, words: list[str]) -> tuple[int, int] | None:
    """Where the words of a question end that begin here, perhaps over a few lines: line and place in it."""
    position = 0
    for row in range(at, min(at + _MOST_WRAPPED, len(lines))):
        end = start if row == at else _mark_end(lines[row])
        for unit in UNIT.finditer(lines[row], end):
            if unit[0].casefold() != words[position]:
                return None
            position += 1
            if position == len(words):
                closes = _CLOSES.match(lines[row], unit.end())
                return (row, closes.end()) if closes else None
        if position == 0:
            return None
    return None


def _wordings(asked: tuple[str, ...], desk: Desk) -> list[tuple[str, list[str]]]:
    """The questions in every language, as units; the longest first, since one may begin like another."""
    known = desk.config.questions
    texts = {(key, known[key].text(locale)) for key in asked if key in known for locale in desk.locales}
    found = [(key, UNIT.findall(text.casefold())) for key, text in sorted(texts)]
    return sorted((one for one in found if one[1]), key=lambda one: -len(one[1]))


def _in_lines(text: str, number: int) -> list[str]:
    """The lines; one that holds all answers by their numbers becomes as many as there are questions."""
    lines = text.splitlines()
    if number < 2:
        return lines
    out: list[str] = []
    for line in lines:
        places = _places(line, number)
        if len(places) == number and not line[: places[0]].strip():
            out += [line[a:b] for a, b in zip(places, [*places[1:], len(line)], strict=True)]
        else:
            out.append(line)
    return out


def _places(line: str, number: int) -> list[int]:
    """Where the numbers 1, 2, 3 … stand in a line, in this order."""
    places: list[int] = []
    for found in _INLINE.finditer(line):
        if len(places) < number and int(found[1]) == len(places) + 1:
            places.append(found.start())
    return places
