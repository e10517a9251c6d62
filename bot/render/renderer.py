"""One notice into words: subject, plain text and HTML."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

from markupsafe import Markup

from bot.errors import TemplateError
from bot.mail.answer_line import ANSWER_LINES
from bot.message import Choice, Notice
from bot.render import choices as answers
from bot.render import markdown, slack, telegram
from bot.render.events import FOR_AGENTS, OPTIONAL
from bot.render.library import LAYOUTS, TEXTS, Broken, Found, Library
from bot.render.moments import SETTING, Setting
from bot.render.slack_room import Block
from bot.render.values import Form, clean, in_one_line, number, numbered

FormName = Literal["email", "plain", "slack", "telegram"]
CHATS: Final = frozenset({"slack", "telegram"})
"""Forms for programs in which people talk: a text can ask for it with ``{% if chat %}``."""
MARKS: Final[dict[FormName, str]] = {"slack": "/ticket ", "telegram": "/"}
"""Before the verb of a command, where it is not "#". Slack runs no "/ticket" in threads: there it is ``IN_THREADS``."""
IN_THREADS: Final = "!"
MAX_SUBJECT: Final = 200
_KEPT: Final = 128
"""Skeletons whose forms are kept; a template has one for each way through its conditions."""
_FRAME: Final = ("reference", "desk_name", "desk_address")
"""Values that the layout shows around every text."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A notice in words."""

    subject: str
    text: str
    html: str | None
    """For Telegram: with the few tags that it knows."""
    locale: str
    """The language that was found: the one asked for, or English."""
    warnings: tuple[str, ...] = ()
    """What an administrator should repair: a template that could not be used, and why."""
    blocks: tuple[Block, ...] = ()
    """For Slack: the same words as its blocks."""


@dataclass(frozen=True, slots=True)
class _Page:
    subject: Form
    text: Form
    html: Form | None
    warnings: tuple[str, ...]
    slack: slack.Page | None = None
    telegram: Form | None = None


class Renderer:
    """Turns notices into words with the templates of one folder over the built-in ones."""

    def __init__(self, folder: Path | None = None) -> None:
        self.library = Library(folder)
        self._pages: OrderedDict[tuple[Any, ...], _Page] = OrderedDict()

    def render(
        self,
        notice: Notice,
        *,
        now: datetime,
        form: FormName = "email",
        desk_time_zone: str = "",
        choices: Sequence[Choice] = (),
        mark: str = "",
    ) -> Rendered:
        """The words for a notice, as one reads them at ``now``, and the answers that it offers. ``mark``: what stands
        before the verb of a command there, when it is not what the form has.

        Raises ``TemplateError`` when even the built-in template cannot speak.
        """
        values = {**OPTIONAL, **notice.values}
        problems: list[str] = []
        for candidate in self.library.candidates(notice.event, notice.locale):
            if isinstance(candidate, Broken):
                problems.append(str(candidate))
                continue
            values["chat"] = form in CHATS
            values["choices"] = answers.offered(choices, candidate.language)
            values[SETTING] = Setting(candidate.language, notice.time_zone, now, desk_time_zone)
            try:
                said = mark or MARKS.get(form, "") if notice.event in FOR_AGENTS else ""
                return self._speak(candidate, notice.event, values, form, said, tuple(problems))
            except TemplateError as error:
                problems.append(f"{candidate.path}: {error}")
        raise TemplateError("; ".join(problems) or f"there is no template for the event {notice.event!r}")

    def _speak(
        self,
        found: Found,
        event: str,
        values: Mapping[str, Any],
        form: FormName,
        mark: str,
        problems: tuple[str, ...],
    ) -> Rendered:
        locale = found.language
        skeleton, words = number(TEXTS.write(found.template, values))
        layouts = list(self.library.layouts()) if form == "email" else []
        frame = [clean(str(values.get(name) or "")) for name in _FRAME]
        shown = tuple(map(bool, frame))
        stamps = (x.stamp if isinstance(x, Found) else str(x) for x in layouts)
        above = ANSWER_LINES[locale] if event in FOR_AGENTS and locale in ANSWER_LINES else ""
        above = "" if form in CHATS or values.get("agent") is False else above
        key = (skeleton, locale, form, mark, above, shown, *stamps)
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = (
                _chat_page(skeleton, form, mark)
                if form in CHATS
                else self._page(skeleton, len(words), locale, layouts, shown, above)
            )
            if len(self._pages) > _KEPT:
                self._pages.popitem(last=False)
        words += frame
        return Rendered(
            subject=_short(" ".join(page.subject.text(words).split())),
            text=page.text.text(words),
            html=_html(page, words),
            locale=locale,
            warnings=problems + page.warnings,
            blocks=tuple(page.slack.fill(words)) if page.slack else (),
        )

    def _page(
        self,
        skeleton: str,
        count: int,
        locale: str,
        layouts: list[Found | Broken],
        shown: tuple[bool, ...],
        above: str,
    ) -> _Page:
        first, tree, foot = _parted(skeleton)
        text = markdown.to_text(tree)
        html: Form | None = None
        warnings: list[str] = []
        if layouts:
            frame = {
                name: numbered(count + place) if shown[place] else "" for place, name in enumerate(_FRAME)
            }
            parts = {
                "locale": locale,
                "answer_line": above,
                "subject": in_one_line(first),
                "preheader": in_one_line(" ".join(text.split("\n\n")[:2])),
                "body": Markup(markdown.to_html(tree)),  # noqa: S704  made above, values are still slots
                "foot": Markup(markdown.to_html(foot)),  # noqa: S704  likewise
                **frame,
            }
            html, warnings = _framed(layouts, parts)
        whole = "\n\n".join(filter(None, (above, text, "----" if foot else "", markdown.to_text(foot))))
        return _Page(Form.of(first), Form.of(whole + "\n"), html, tuple(warnings))


def _html(page: _Page, words: list[str]) -> str | None:
    if page.telegram:
        return page.telegram.filled(words, telegram.escaped, telegram.address).strip()
    return page.html.html(words) if page.html else None


def _parted(skeleton: str) -> tuple[str, list[markdown.Node], list[markdown.Node]]:
    """Subject, text and small print."""
    first, _, body = skeleton.strip().partition("\n")
    if not first.strip() or not body.strip():
        raise TemplateError("a template needs a subject in its first line, and a text below")
    return first.strip(), *markdown.small_print(markdown.parse(body))


def _chat_page(skeleton: str, form: FormName, mark: str) -> _Page:
    """Words for a chat program: its own form, and a plain text for notifications. Answers are its buttons."""
    first, tree, foot = _parted(skeleton)
    if mark:
        tree, foot = markdown.with_commands(tree, mark), markdown.with_commands(foot, mark)
    said = [node for node in tree if not markdown.is_buttons(node)]
    whole = "\n\n".join(filter(None, (markdown.to_text(said), markdown.to_text(foot))))
    page = _Page(Form.of(first), Form.of(whole + "\n"), None, ())
    if form == "slack":
        return replace(page, slack=slack.page(tree, foot))
    return replace(page, telegram=telegram.form(tree, foot))


def _framed(layouts: list[Found | Broken], parts: Mapping[str, Any]) -> tuple[Form, list[str]]:
    problems: list[str] = []
    for layout in layouts:
        if isinstance(layout, Broken):
            problems.append(str(layout))
            continue
        try:
            return Form.of(LAYOUTS.write(layout.template, parts)), problems
        except TemplateError as error:
            problems.append(f"{layout.path}: {error}")
    raise TemplateError("; ".join(problems))


def _short(subject: str) -> str:
    return subject if len(subject) <= MAX_SUBJECT else subject[: MAX_SUBJECT - 1].rstrip() + "…"


@lru_cache(maxsize=8)
def renderer(folder: Path | None) -> Renderer:
    """The renderer of a folder, with what it keeps."""
    return Renderer(folder)


def render_notice(
    notice: Notice,
    *,
    now: datetime,
    form: FormName = "email",
    folder: Path | None = None,
    desk_time_zone: str = "",
    choices: Sequence[Choice] = (),
) -> Rendered:
    """The words for a notice; see ``Renderer.render``."""
    return renderer(folder).render(notice, now=now, form=form, desk_time_zone=desk_time_zone, choices=choices)
