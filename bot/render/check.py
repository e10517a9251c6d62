"""Every event in every language for every form, tried with sample data before people see it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, get_args

from jinja2 import meta

from bot.errors import TemplateError
from bot.message import Choice, Notice
from bot.render.environment import FUNCTIONS
from bot.render.events import OPTIONAL
from bot.render.library import LAYOUT, LAYOUTS, TEXTS, Found, Library, events
from bot.render.renderer import FormName, Rendered, Renderer
from bot.render.samples import CHOICES, SAMPLES
from bot.render.slack import BUTTONS

FORMS: Final[tuple[FormName, ...]] = get_args(FormName)
MAX_SUBJECT: Final = 150
"""Characters of a subject that a mail program still shows somewhere; with the tag before it."""
MAX_TEXT: Final[dict[str, int]] = {"email": 10_000, "plain": 10_000, "slack": 10_000, "telegram": 10_000}
NOW: Final = datetime.fromisoformat("2026-03-10T11:40:00+00:00")
"""When samples are read."""


def sample(event: str, name: str = "usual") -> dict[str, Any]:
    """The values of one sample. Raises ``TemplateError`` when there is none of that name."""
    for known, values in SAMPLES.get(event, ()):
        if known == name:
            return values
    known_names = ", ".join(known for known, _ in SAMPLES.get(event, ()))
    raise TemplateError(f"there is no sample {name!r} for {event!r}; there are: {known_names or 'none'}")


def faults(
    folder: Path | None, locales: Sequence[str], time_zone: str = "UTC", only: Sequence[str] = ()
) -> list[str]:
    """What is wrong with the templates, a line for each fault with what to do; empty when all is well.
    ``only``: the events to try, none for all."""
    if strangers := set(only) - set(events()):
        raise TemplateError(
            f"no such event: {', '.join(sorted(strangers))}; there are: {', '.join(events())}"
        )
    return list(dict.fromkeys(_faults(folder, locales, time_zone, only or events())))


def _faults(
    folder: Path | None, locales: Sequence[str], time_zone: str, tried: Sequence[str]
) -> Iterator[str]:
    if folder is not None:
        if not folder.is_dir():
            yield f"templates.folder: there is no folder {folder}; make it, or leave the key out"
        yield from _strangers(folder, locales)
    renderer = Renderer(folder)
    yield from _left_out(renderer.library)
    for event in tried:
        for locale in locales:
            yield from _unknown_names(renderer.library, event, locale)
            for name, values in SAMPLES.get(event, ()):
                yield from _tried(renderer, Notice(event, locale, time_zone, values), name, time_zone)


def _strangers(folder: Path, locales: Sequence[str]) -> Iterator[str]:
    """Files that look like templates and replace nothing: a misspelt name would never be missed."""
    for path in sorted(folder.rglob("*.j2")):
        event, locale = path.name.removesuffix(".md.j2"), path.parent.name
        replaces = event in events() and locale in locales and path.parent.parent == folder
        if not replaces and path != folder / LAYOUT:
            yield f"{path}: replaces nothing; the name is LOCALE/EVENT.md.j2 with {', '.join(events())}, or {LAYOUT}"


def _left_out(library: Library) -> Iterator[str]:
    """A layout without these would show the text and keep silent about the rest, or let an agent's answer
    carry the notification along."""
    found = next(library.layouts(), None)
    if isinstance(found, Found):
        said = meta.find_undeclared_variables(LAYOUTS.parse(found.path.read_text(encoding="utf-8")))
        for name in sorted({"answer_line", "body", "foot"} - said):
            yield f"{found.path}: the layout leaves out {name!r}; write {{{{ {name} }}}} where it shall stand"


def _unknown_names(library: Library, event: str, locale: str) -> Iterator[str]:
    """Names that no notice of the event carries, also on ways through the template that no sample takes."""
    known = {*OPTIONAL, *FUNCTIONS, *(key for _, values in SAMPLES.get(event, ()) for key in values)}
    for found in library.candidates(event, locale):
        if isinstance(found, Found) and found.language == locale:
            tree = TEXTS.parse(found.path.read_text(encoding="utf-8"))
            for name in sorted(meta.find_undeclared_variables(tree) - known):
                yield f"{found.path}: there is no value {name!r}; there are: {', '.join(sorted(known))}"


def _tried(renderer: Renderer, notice: Notice, name: str, time_zone: str) -> Iterator[str]:
    for form, choices in ((form, choices) for form in FORMS for choices in _offers(notice)):
        what = f"{notice.locale}/{notice.event} ({name}, {form})"
        try:
            said = renderer.render(notice, now=NOW, form=form, desk_time_zone=time_zone, choices=choices)
        except TemplateError as error:
            yield f"{what}: {error}; repair the template"
            continue
        for warning in said.warnings:
            yield f"{warning}; repair it, the built-in one speaks until then"
        if said.locale != notice.locale:
            yield f"{what}: there are no words in this language; write {notice.locale}/{notice.event}.md.j2"
        if choices and not _shows(said, form, choices):
            yield f"{what}: the answers that it offers are left out; write {{{{ choices | buttons }}}}"
        yield from (
            f"{what}: {problem}" for problem in _problems(said, form, hostile=name.startswith("hostile"))
        )


def _shows(said: Rendered, form: FormName, choices: tuple[Choice, ...]) -> bool:
    """Whether the answers stand in a text. Telegram has them below it, whatever the template says."""
    if form == "slack":
        return BUTTONS in said.blocks
    return form == "telegram" or all(one.url in said.text for one in choices)


def offered(notice: Notice) -> tuple[Choice, ...]:
    """The answers that a message offers its reader."""
    asks = notice.event != "resolved" or notice.values.get("asks")
    return CHOICES.get(notice.event, ()) if asks else ()


def _offers(notice: Notice) -> list[tuple[Choice, ...]]:
    """With and without answers: who only follows a request has nothing to choose."""
    return list(dict.fromkeys((offered(notice), ())))


def _problems(said: Rendered, form: FormName, *, hostile: bool) -> Iterator[str]:
    if len(said.subject) > MAX_SUBJECT:
        yield f"the subject has {len(said.subject)} characters; keep it under {MAX_SUBJECT}, with truncate"
    if len(said.text) > MAX_TEXT[form]:
        yield f"the text has {len(said.text)} characters; keep it under {MAX_TEXT[form]}"
    if not hostile and ("**" in said.text or "](" in said.text):
        yield "Markdown is left in the text; ** must touch a letter on its inner side and none on its outer"
