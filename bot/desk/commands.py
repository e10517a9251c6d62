"""The words that agents use, in every door: ``#verb …`` first lines of a mail, ``!verb …`` in a thread.

Parsing is pure and knows no ticket. Commands stand in the first lines only, before any other word; below them
is what the agent writes to the requester. Running them is ``verbs.py``'s business.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Takes(StrEnum):
    """What may stand behind a verb."""

    NOTHING = "nothing"
    PERSON = "person"
    """Who takes it: an agent's name, or a team's."""
    WORD = "word"
    OPTIONAL_WORD = "optional-word"
    TEXT = "text"
    """Up to the first empty line, or, when nothing stands on the verb's own line, all that follows."""
    OPTIONAL_TEXT = "optional-text"
    """Up to the first empty line, when anything stands on the verb's own line."""
    TICKET = "ticket"
    TICKET_OR_ADDRESS = "ticket-or-address"
    ADDRESS = "address"


VERBS: Final[dict[str, Takes]] = {
    "new": Takes.ADDRESS,
    "show": Takes.NOTHING,
    "list": Takes.OPTIONAL_WORD,
    "mine": Takes.NOTHING,
    "take": Takes.NOTHING,
    "assign": Takes.PERSON,
    "reply": Takes.TEXT,
    "note": Takes.TEXT,
    "priority": Takes.WORD,
    "impact": Takes.WORD,
    "urgency": Takes.WORD,
    "category": Takes.WORD,
    "major": Takes.TEXT,
    "wait": Takes.OPTIONAL_TEXT,
    "update": Takes.TEXT,
    "escalate": Takes.TEXT,
    "resolve": Takes.OPTIONAL_TEXT,
    "close": Takes.OPTIONAL_TEXT,
    "spam": Takes.OPTIONAL_TEXT,
    "reopen": Takes.OPTIONAL_TEXT,
    "merge": Takes.TICKET,
    "link": Takes.TICKET_OR_ADDRESS,
    "status": Takes.NOTHING,
    "why": Takes.NOTHING,
    "help": Takes.NOTHING,
    "for": Takes.ADDRESS,
}
"""Every verb and what it takes."""

_NAMES_A_TICKET: Final = frozenset({Takes.TICKET, Takes.TICKET_OR_ADDRESS})
_NAMES_AN_ADDRESS: Final = frozenset({Takes.ADDRESS, Takes.TICKET_OR_ADDRESS})

WITHOUT_TICKET: Final = frozenset({"new", "list", "mine", "help"})
"""Verbs that are about no ticket: a number before their words means nothing."""

KEPT_INSIDE: Final = frozenset({"note", "escalate", "wait", "close", "spam", "reopen", "major"})
"""Verbs whose words are a note: only agents may read them."""

_GOES_ON: Final = frozenset({Takes.TEXT, Takes.OPTIONAL_TEXT})
"""What may be longer than a line: mail programs break lines, and the rest of a note is a note."""

MOST_COMMANDS: Final = 20

_NEAR_ENOUGH: Final = 0.7
"""How much of an unknown verb must be like a known one to be taken for a slip of the fingers."""


class Problem(StrEnum):
    """Why a command was not understood."""

    UNKNOWN_VERB = "unknown-verb"
    MISSING = "missing"
    """Something must stand behind the verb."""
    TOO_MUCH = "too-much"
    """Nothing may stand behind the verb."""
    NO_TICKET = "no-ticket"
    """What stands there is no ticket's number."""
    NO_ADDRESS = "no-address"
    """What stands there is no address."""
    TOO_MANY = "too-many"


@dataclass(frozen=True, slots=True)
class Command:
    """One command. ``ticket``: the number it names, None for the ticket of the thread."""

    verb: str
    words: str = ""
    ticket: int | None = None


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """A line that was meant as a command and is none."""

    line: str
    problem: Problem
    verb: str = ""
    near: str = ""
    """The verb that was probably meant."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """What stands in a text. When anything was misunderstood, nothing of it may be done or sent."""

    commands: tuple[Command, ...] = ()
    text: str = ""
    """What is left: the words to the requester."""
    misunderstood: tuple[Misunderstood, ...] = ()


_LINE: Final = re.compile(r"([#!])\s?([A-Za-z][A-Za-z-]{0,30})(?:[:：]|\b)\s*(.*)", re.DOTALL)
_ADDRESS: Final = re.compile(
    r"<?([^\s<>,;:@\"'()\[\]\\]{1,64}@[^\s<>,;:@\"'()\\]{1,255}?)>?(?:\s*[<\[]mailto:[^\s<>\[\]]{1,400}[>\]])?",
    re.IGNORECASE,
)
"""Seen in practice: programs write the address of a link once more behind it."""
_TYPED: Final = str.maketrans("\uff03\uff01", "#!")
"""The marks as a Chinese or Japanese keyboard has them."""
_UNSEEN: Final = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
"""Programs put them before a first line; a command that hides behind them must not be sent as words."""


def parse(text: str, prefix: str, marks: str = "#") -> Parsed:
    """Read the commands at the top of ``text``. ``prefix``: of ticket numbers, "HD".

    A first line without a mark ends the commands: from there on, a line that looks like one is text (D10).
    Lines directly below the words of a command are its words too; only an empty line ends them.
    """
    lines = text.splitlines()
    commands: list[Command] = []
    wrong: list[Misunderstood] = []
    at = 0
    while at < len(lines):
        line = _bare(lines[at])
        if line and line[0] not in marks:
            break
        at += 1
        if not line:
            continue
        if len(commands) + len(wrong) >= MOST_COMMANDS:
            wrong.append(Misunderstood(_shown(line), Problem.TOO_MANY))
            break
        found = _command(line, prefix)
        if isinstance(found, Command) and VERBS[found.verb] is Takes.TEXT and not found.words:
            rest = "\n".join(lines[at:]).strip()
            if rest and _bare(rest)[:1] not in marks:
                found, at = Command(found.verb, rest, found.ticket), len(lines)
            else:
                found = Misunderstood(_shown(line), Problem.MISSING, found.verb)
        elif isinstance(found, Command) and VERBS[found.verb] in _GOES_ON and found.words:
            end = _end_of_words(lines, at, marks)
            words = "\n".join([found.words, *(below.strip() for below in lines[at:end])])
            found, at = Command(found.verb, words, found.ticket), end
        if isinstance(found, Command):
            commands.append(found)
        else:
            wrong.append(found)
    return Parsed(tuple(commands), "\n".join(lines[at:]).strip(), tuple(wrong))


_NOTE: Final = re.compile(
    r"[\s*_~`>]{0,20}(?:notes?|nota|note interne|备注|備註|注)[\s*_~`]{0,5}[:：][\s*_~`]{0,5}(.*)",
    re.IGNORECASE | re.DOTALL,
)
"""The beginning of a note in a chat, bold or not."""


def parse_said(text: str, prefix: str) -> Parsed:
    """Read what an agent says in a chat: a note, or commands behind "!" or "#", or words for the requester.

    Commands and words never stand in one message there: nothing that begins as a command reaches anybody. What
    follows a command that takes words belongs to it, empty lines and all.
    """
    bare = text.lstrip(_UNSEEN + " \t\r\n")
    if found := _NOTE.fullmatch(bare):
        words = found[1].strip()
        if words:
            return Parsed((Command("note", words),))
        return Parsed((), "", (Misunderstood(_shown(bare), Problem.MISSING, "note"),))
    parsed = parse(bare, prefix, "#!")
    if not parsed.text or parsed.misunderstood or not parsed.commands:
        return parsed
    if any(command.verb == "new" for command in parsed.commands):
        return parsed  # the words are the request
    *others, last = parsed.commands
    if VERBS[last.verb] in _GOES_ON:
        words = f"{last.words}\n\n{parsed.text}".strip()
        return Parsed((*others, Command(last.verb, words, last.ticket)))
    wrong = Misunderstood(_shown(parsed.text), Problem.TOO_MUCH, last.verb)
    return Parsed(parsed.commands, "", (wrong,))


def _end_of_words(lines: list[str], at: int, marks: str) -> int:
    """Where the words end that a command's own line began. The next line may be the next command; but once
    the words go on, only an empty line ends them, because what was pasted into a note may look like a command
    (D10)."""
    if at < len(lines) and _bare(lines[at])[:1] in {"", *marks}:
        return at
    while at < len(lines) and _bare(lines[at]):
        at += 1
    return at


def _bare(line: str) -> str:
    """A line as a person sees it, its mark in the form that the grammar has."""
    line = line.strip().lstrip(_UNSEEN).lstrip()
    return line[:1].translate(_TYPED) + line[1:]


def read(verb: str, words: str, prefix: str, *, ticket: int | None = None) -> Command | Misunderstood:
    """One command that is structured already, as a button or a form gives it. ``ticket``: the number that its
    door names; then nothing is taken from the words."""
    line = f"{verb} {words}".strip()
    if verb not in VERBS:
        return Misunderstood(_shown(line), Problem.UNKNOWN_VERB, verb[:31], near(verb))
    found = _read(verb, words.strip(), line, prefix, ticket)
    if isinstance(found, Command) and VERBS[verb] is Takes.TEXT and not found.words:
        return Misunderstood(_shown(line), Problem.MISSING, verb)
    return found


def near(verb: str) -> str:
    """The verb that somebody probably meant, or nothing."""
    found = difflib.get_close_matches(verb[:31].lower(), VERBS, 1, _NEAR_ENOUGH)
    return found[0] if found else ""


def _command(line: str, prefix: str) -> Command | Misunderstood:
    match = _LINE.match(line)
    verb = match[2].lower() if match else ""
    if match is None or verb not in VERBS:
        return Misunderstood(_shown(line), Problem.UNKNOWN_VERB, verb, near(verb))
    return _read(verb, match[3].strip(), line, prefix, None)


def _read(verb: str, words: str, line: str, prefix: str, ticket: int | None) -> Command | Misunderstood:
    takes = VERBS[verb]
    if takes in _NAMES_A_TICKET and (target := _target(words, prefix)):
        return Command(verb, target[0], ticket if target[1] is None else target[1])
    number = re.match(rf"{prefix}-([0-9]{{1,15}})\b[\s:,]*", words, re.IGNORECASE)
    if number and ticket is None and verb not in WITHOUT_TICKET:
        ticket, words = int(number[1]), words[number.end() :]
    if problem := _problem(takes, words):
        return Misunderstood(_shown(line), problem, verb)
    if address := takes in _NAMES_AN_ADDRESS and _ADDRESS.fullmatch(words):
        words = address[1]
    return Command(verb, words, None if verb in WITHOUT_TICKET else ticket)


def _target(words: str, prefix: str) -> tuple[str, int | None] | None:
    """``merge HD-7`` puts this ticket into HD-7; ``merge HD-3 HD-7`` puts HD-3 into it. None: neither."""
    name = rf"{prefix}-([0-9]{{1,15}})"
    found = re.fullmatch(rf"{name}(?:[\s,]+(?:into |to )?{name})?", words[:100], re.IGNORECASE)
    if found is None or len(words) > 100:
        return None
    first, second = found.groups()
    return (str(int(second)), int(first)) if second else (str(int(first)), None)


def _problem(takes: Takes, words: str) -> Problem | None:
    address = len(words) <= 800 and words.isprintable() and _ADDRESS.fullmatch(words) is not None
    if takes in _NAMES_A_TICKET:
        return None if takes in _NAMES_AN_ADDRESS and address else Problem.NO_TICKET
    if takes is Takes.NOTHING:
        return Problem.TOO_MUCH if words else None
    if takes is Takes.ADDRESS and not address:
        return Problem.NO_ADDRESS
    if takes in {Takes.PERSON, Takes.WORD} and not words:
        return Problem.MISSING
    return None


def _shown(line: str) -> str:
    return line if len(line) <= 120 else line[:119] + "…"
