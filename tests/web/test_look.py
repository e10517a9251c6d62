"""How the pages look and sound: contrast, structure, languages."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter
from typing import Final

import pytest

from bot.config import LOCALES
from bot.desk.links import Purpose
from bot.desk.states import State
from bot.web.look import STYLE_PATH
from bot.web.words import BY_LOCALE
from tests.web.world import World, browser

STYLE: Final = (Path(__file__).parents[2] / "bot/web/templates/page.css").read_text()
PAIRS: Final = [
    *[(front, back, 4.5) for front in ("text", "muted", "link") for back in ("card", "soft")],
    ("on-main", "main", 4.5),
    ("on-good", "good", 4.5),
    ("on-wrong", "wrong", 4.5),
    ("on-ask", "ask", 4.5),
    ("muted", "page", 4.5),
    # What is no text: the edge of a field, a focus, a chosen rating (WCAG 1.4.11).
    ("field", "card", 3.0),
    ("field", "ask", 3.0),
    ("link", "ask", 3.0),
    ("link", "page", 3.0),
    ("main", "card", 3.0),
]


def colours(*, dark: bool) -> dict[str, str]:
    """The named colours of the style sheet in one mode."""
    light, _, rest = STYLE.partition("@media (prefers-color-scheme: dark)")
    named = r"--([a-z-]+): (#[0-9a-f]{6});"
    return dict(re.findall(named, light)) | (dict(re.findall(named, rest)) if dark else {})


def luminance(colour: str) -> float:
    """WCAG 2.2, relative luminance."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, contrast ratio."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_every_text_stands_out_from_its_ground(front: str, back: str, least: float, *, dark: bool) -> None:
    named = colours(dark=dark)
    assert contrast(named[front], named[back]) >= least


def test_every_colour_has_a_name_and_both_modes() -> None:
    light, dark = colours(dark=False), colours(dark=True)
    _, _, rest = STYLE.partition("@media (prefers-color-scheme: dark)")
    assert set(light) == set(re.findall(r"--([a-z-]+): #", rest))
    assert light != dark
    assert not re.search(r"(?<!: )#[0-9a-f]{3,6}", re.sub(r"--[a-z-]+: #[0-9a-f]{6};", "", STYLE))
    assert abs(contrast("#000000", "#ffffff") - 21) < 0.01


def test_the_style_sheet_loads_nothing() -> None:
    assert "url(" not in STYLE
    assert "@import" not in STYLE


def test_every_word_is_there_in_every_language_with_the_same_holes() -> None:
    def holes(text: str) -> set[str | None]:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}

    codes = set(BY_LOCALE["en"])
    assert set(BY_LOCALE) == set(LOCALES)
    for locale in LOCALES:
        assert set(BY_LOCALE[locale]) == codes
        for code in codes:
            assert BY_LOCALE[locale][code].strip(), (locale, code)
            assert holes(BY_LOCALE[locale][code]) == holes(BY_LOCALE["en"][code]), (locale, code)
    for state in State:
        assert {f"badge-{state}", f"state-{state}"} <= codes


class Structure(HTMLParser):
    """What somebody meets who hears a page, or goes through it by keyboard."""

    def __init__(self) -> None:
        super().__init__()
        self.language = ""
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.fields: list[str] = []
        self.referred: list[str] = []
        self.tags: set[str] = set()
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.tags.add(tag)
        self.handlers += [name for name in given if name.startswith("on") or name == "style"]
        self.ids += [given["id"]] if "id" in given else []
        self.referred += [given["aria-labelledby"]] if "aria-labelledby" in given else []
        if tag == "html":
            self.language = given.get("lang", "")
        elif re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        elif tag == "label":
            self.labelled.add(given.get("for", ""))
        elif tag in {"input", "textarea", "select"} and given.get("type") != "hidden":
            self.fields.append(given.get("id", "?"))


@pytest.mark.parametrize("locale", LOCALES)
async def test_each_page_can_be_heard_and_gone_through_by_keyboard(locale: str, world: World) -> None:
    world.change(locale=locale)
    world.ask_rating()
    anna = world.agent("anna")
    async with browser(world) as client:
        for state in State:
            world.change(state=state, owner_id=anna, closed_at=world.desk.clock(), waiting_for="supplier")
            for path in (
                world.path(Purpose.STATUS),
                world.path(Purpose.STATUS) + "?noted=add",
                world.path(Purpose.RATE, extra="3"),
                *(world.path(Purpose.ANSWER, extra=one) for one in ("confirm-yes", "confirm-no", "reopen-")),
                *(
                    world.path(Purpose.ANSWER, person=anna, extra=f"update-{one}")
                    for one in ("still", "supplier", "fix", "need")
                ),
                "/status/x",
            ):
                page = await client.get(path)
                seen = Structure()
                seen.feed(page.text)
                known = locale if "update" not in path and path != "/status/x" else "en"
                assert seen.language == known
                assert page.headers["content-language"] == known
                assert seen.headings[0] == 1
                assert seen.headings.count(1) == 1
                assert set(seen.headings) <= {1, 2}
                assert len(set(seen.ids)) == len(seen.ids)
                assert set(seen.fields) <= seen.labelled
                assert set(seen.referred) <= set(seen.ids)
                assert seen.handlers == []
                assert {"main", "title"} <= seen.tags
                assert not seen.tags & {"script", "iframe", "img", "object", "base", "style", "svg"}
                assert "{" not in page.text


async def test_the_style_sheet_is_ours_and_its_name_changes_with_it(world: World) -> None:
    async with browser(world) as client:
        page = await client.get(world.path(Purpose.STATUS))
        assert f'href="..{STYLE_PATH}"' in page.text
        style = await client.get(STYLE_PATH)
    assert (style.status_code, style.text) == (200, STYLE)
    assert style.headers["content-type"].startswith("text/css")
    assert "max-age" in style.headers["cache-control"]
