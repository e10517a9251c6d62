"""How the pages look: one small style sheet, plain templates, every value escaped (G1, G2).

Nothing on a page runs, and nothing comes from elsewhere: the policy allows our style sheet and our forms.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from babel.numbers import format_decimal
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.config import Config
from bot.render import moments
from bot.render.values import clean, clean_lines
from bot.web.words import BY_LOCALE, preferred

_FOLDER: Final = Path(__file__).parent / "templates"
_STYLE: Final = (_FOLDER / "page.css").read_bytes()
STYLE_PATH: Final = f"/page-{hashlib.sha256(_STYLE).hexdigest()[:12]}.css"
_POLICY: Final = (
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_HEADERS: Final = {"content-security-policy": _POLICY, "x-robots-tag": "noindex, nofollow, noarchive"}
_LONGEST: Final = 20_000


def _lines(text: str) -> str:
    return str(clean_lines(text, _LONGEST))


def _size(octets: int, locale: str) -> str:
    """ "120 kB", "3.4 MB"."""
    unit, amount = ("MB", octets / 1e6) if octets >= 1e6 else ("kB", max(octets / 1e3, 0.1))
    return f"{format_decimal(amount, '#,##0' if amount >= 10 else '0.#', locale=locale)} {unit}"


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "before": moments.before,
        "when": moments.when,
        "lines": _lines,
        "clean": clean,
        "size": _size,
    }
    return environment


@dataclass(frozen=True, slots=True)
class Reader:
    """In which language and by which clock a page speaks."""

    locale: str
    zone: str
    now: datetime


class Look:
    """Makes pages."""

    def __init__(self, config: Config) -> None:
        self._desk = config.desk
        self._environment = _environment()

    def page(self, template: str, reader: Reader, status: int = 200, **values: Any) -> Response:
        """One page, whole."""
        setting = moments.Setting(reader.locale, reader.zone, reader.now, self._desk.time_zone)
        about = {
            moments.SETTING: setting,
            "t": BY_LOCALE[reader.locale],
            "locale": reader.locale,
            "style": f"..{STYLE_PATH}",
            "desk_name": self._desk.name,
            "desk_address": self._desk.address,
            "reference": "",
            "noted": "",
            "wrong": "",
            "fate": "",
        }
        text = self._environment.get_template(template).render({**about, **values})
        return HTMLResponse(text, status, headers={**_HEADERS, "content-language": reader.locale})

    def refusal(self, request: Request, status: int, code: str, now: datetime) -> Response:
        """A page that says no, the same to everybody: who asks is not known here."""
        locale = preferred(request.headers.get("accept-language", ""), self._desk.locale)
        reader = Reader(locale, self._desk.time_zone, now)
        return self.page("refusal.html", reader, status, code=code)


async def style(request: Request) -> Response:  # noqa: ARG001  # starlette gives it
    """The style sheet; its name changes with its content."""
    headers = {"cache-control": "public, max-age=86400", "x-robots-tag": "noindex"}
    return Response(_STYLE, media_type="text/css", headers=headers)
