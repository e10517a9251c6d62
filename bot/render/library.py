"""Where templates lie, and which one speaks: an administrator's own, else the built-in one.

``<folder>/<locale>/<event>.md.j2`` is a text, its first line the subject; ``<folder>/mail.html.j2`` is the
layout around the HTML form. An own template that cannot be used is passed over with a warning, so that a
broken one never holds up a message (H4).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Template

from bot.errors import TemplateError
from bot.render.environment import MAX_SOURCE, Sandbox

BUILT_IN: Final = Path(__file__).parent.parent / "templates"
LAYOUT: Final = "mail.html.j2"
FALLBACK: Final = "en"
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
_LOCALE: Final = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,8})?")

TEXTS: Final = Sandbox(markdown=True)
LAYOUTS: Final = Sandbox(markdown=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A template that can be run."""

    path: Path
    template: Template
    stamp: tuple[str, int]
    """Changes with the file: what is kept for a template is kept under this."""
    own: bool
    """From the administrator's folder."""

    @property
    def language(self) -> str:
        return self.path.parent.name


@dataclass(frozen=True, slots=True)
class Broken:
    """A template that cannot be used."""

    path: Path
    problem: str

    def __str__(self) -> str:
        return f"{self.path}: {self.problem}"


@lru_cache(maxsize=256)
def _compile(path: Path, mtime: int, *, own: bool, layout: bool) -> Found | Broken:
    try:
        with path.open(encoding="utf-8") as file:
            source = file.read(MAX_SOURCE + 1)
        template = (LAYOUTS if layout else TEXTS).make(source)
    except TemplateError as error:
        return Broken(path, str(error))
    except (OSError, UnicodeDecodeError) as error:
        return Broken(path, f"cannot be read: {error}")
    return Found(path, template, (str(path), mtime), own)


@lru_cache(maxsize=256)
def _built_in(name: str) -> Found | Broken | None:
    path = BUILT_IN / name
    return _compile(path, 0, own=False, layout=name == LAYOUT) if path.is_file() else None


class Library:
    """The templates of one folder, over the built-in ones."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def candidates(self, event: str, locale: str) -> Iterator[Found | Broken]:
        """What may speak for an event in a language, best first.

        Raises ``TemplateError`` for names that no file can have.
        """
        if not _NAME.fullmatch(event) or not _LOCALE.fullmatch(locale):
            raise TemplateError(f"no template can be named {event[:40]!r} in the language {locale[:20]!r}")
        for language in dict.fromkeys((locale, re.split("[-_]", locale)[0], FALLBACK)):
            yield from self._named(f"{language}/{event}.md.j2")

    def layouts(self) -> Iterator[Found | Broken]:
        """The layouts that may surround the HTML form, best first."""
        return self._named(LAYOUT)

    def _named(self, name: str) -> Iterator[Found | Broken]:
        if self.folder is not None:
            path = self.folder / name
            try:
                mtime = path.stat().st_mtime_ns
            except OSError:
                pass
            else:
                yield _compile(path, mtime, own=True, layout=name == LAYOUT)
        if (found := _built_in(name)) is not None:
            yield found


def events() -> tuple[str, ...]:
    """The events that Deskbot has words for."""
    return tuple(sorted(path.name.removesuffix(".md.j2") for path in (BUILT_IN / FALLBACK).glob("*.md.j2")))
