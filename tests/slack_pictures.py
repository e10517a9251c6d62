"""The pictures of ``docs``: blocks of Slack, drawn from what the code makes and not by Slack itself.

``python -m tests.slack_pictures docs`` writes them with a Chromium that is on the machine.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any

from bot.channels.slack_card import card
from bot.channels.slack_codes import Code
from bot.channels.slack_home import Looker, home
from bot.channels.slack_modals import form
from bot.message import Choice, Notice
from bot.store.homes import Agents, OwnTicket
from bot.store.queues import OpenTicket
from tests.desks import a_config
from tests.peers.chromium import Chromium

SUBJECT = "The printer on the second floor is on fire"
NOW = datetime(2026, 3, 10, 10, 40, tzinfo=UTC)
_STYLE = """
body{margin:0;font:15px/1.46 Lato,'Noto Sans','Noto Sans CJK SC',Arial,sans-serif;color:#1d1c1d;background:#fff}
main{width:600px;padding:18px 22px} .note{color:#8a8a8a;font-size:11px;border-top:1px solid #e6e6e6;margin-top:14px;padding-top:6px}
h3{font-size:18px;margin:10px 0 6px} .fields{display:grid;grid-template-columns:1fr 1fr;gap:8px 16px;margin:6px 0}
.small{color:#616061;font-size:13px;margin:4px 0} blockquote{margin:8px 0;padding:2px 0 2px 12px;border-left:4px solid #ddd;white-space:pre-wrap}
.row{margin:8px 0;display:flex;gap:8px;flex-wrap:wrap} button{font:600 13px/28px Lato,Arial,sans-serif;padding:0 12px;border:1px solid #bbb;border-radius:6px;background:#fff;white-space:nowrap}
button.primary{background:#007a5a;border-color:#007a5a;color:#fff} button.danger{background:#e01e5a;border-color:#e01e5a;color:#fff}
.side{display:flex;justify-content:space-between;align-items:flex-start;gap:12px;margin:6px 0} hr{border:0;border-top:1px solid #e2e2e2;margin:12px 0}
label{display:block;font-weight:700;margin:12px 0 4px} .box{border:1px solid #999;border-radius:4px;padding:7px 10px;color:#777} .tall{height:52px}
.title{font-size:20px;font-weight:800;border-bottom:1px solid #e2e2e2;padding-bottom:10px;margin-bottom:4px} .optional{color:#8a8a8a;font-weight:400}
"""
_DATE = re.compile(r"&lt;!date\^(\d+)\^[^|]*\|(.*?)&gt;")


def drawn(blocks: list[dict[str, Any]], title: str = "") -> str:
    """A page of HTML."""
    head = f'<div class="title">{escape(title)}</div>' if title else ""
    body = "".join(_block(block) for block in blocks)
    return f'<meta charset="utf-8"><style>{_STYLE}</style><main>{head}{body}<div class="note">drawn from the blocks</div></main>'


def _block(block: dict[str, Any]) -> str:
    kind = block["type"]
    if kind == "header":
        return f"<h3>{escape(block['text']['text'])}</h3>"
    if kind == "divider":
        return "<hr>"
    if kind == "context":
        return "".join(f'<div class="small">{_words(one)}</div>' for one in block["elements"])
    if kind == "actions":
        return f'<div class="row">{"".join(map(_element, block["elements"]))}</div>'
    if kind == "rich_text":
        return "".join(_rich(one) for one in block["elements"])
    if kind == "input":
        return _input(block)
    if "fields" in block:
        return f'<div class="fields">{"".join(f"<div>{_words(one)}</div>" for one in block["fields"])}</div>'
    beside = _element(block["accessory"]) if "accessory" in block else ""
    return f'<div class="side"><div>{_words(block["text"])}</div>{beside}</div>'


def _words(text: dict[str, Any]) -> str:
    said = escape(text["text"].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
    if text["type"] == "mrkdwn":
        said = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", _DATE.sub(r"\2", said))
    return said.replace("\n", "<br>")


def _rich(element: dict[str, Any]) -> str:
    said = "".join(escape(one.get("text", "")) for one in element["elements"])
    return f"<blockquote>{said}</blockquote>" if element["type"] == "rich_text_quote" else f"<p>{said}</p>"


def _element(element: dict[str, Any]) -> str:
    return f'<button class="{element.get("style", "")}">{escape(element["text"]["text"])}</button>'


def _input(block: dict[str, Any]) -> str:
    element = block["element"]
    chosen = element.get("initial_option", {}).get("text", {}).get("text", "")
    more = ' <span class="optional">(optional)</span>' if block.get("optional") else ""
    tall = " tall" if element.get("multiline") else ""
    mark = " ▾" if element["type"].endswith("select") else ""
    return f'<label>{escape(block["label"]["text"])}{more}</label><div class="box{tall}">{escape(chosen)}&nbsp;{mark}</div>'


def pages(locale: str = "en") -> dict[str, str]:
    """The three pictures."""
    config = a_config()
    values = {
        "reference": "HD-42", "subject": SUBJECT, "state": "open", "priority": "P2",
        "queue": "First line", "who": "Anna Rossi", "owner": "Ben Lee", "due": (NOW + timedelta(hours=3)).isoformat(),
        "text": "It says E-17, fuser overheated.\nI have pulled the plug.", "category": "Hardware", "waiting_for": "",
        "fix_expected_at": None, "level": 2, "major": False,
    }  # fmt: skip
    verbs = ("reply", "priority", "wait", "escalate", "resolve", "note")
    made = card(Notice("card", locale, "Europe/Rome", values), [Choice(v, v) for v in verbs], 42, NOW)
    category = next(key for key, one in config.categories.items() if not one.complaint)
    modal = form(Code("new", category), locale, config)
    assert modal is not None
    tickets = [
        OpenTicket(42, SUBJECT, "open", "P2", "Ben Lee", NOW + timedelta(hours=3), "Anna Rossi"),
        OpenTicket(57, "No sound in room 4", "new", "P3", "", NOW + timedelta(hours=6), "Carla Bianchi"),
    ]
    own = [OwnTicket(61, "A second screen", "open", NOW + timedelta(hours=5), NOW)]
    view = home(
        Looker(locale, "Europe/Rome", NOW, "HD"), own, Agents(tickets[:1], 1, tickets[1:], 1, tickets[:1])
    )
    return {
        "slack_card": drawn(made.blocks),
        "slack_form": drawn(modal["blocks"], modal["title"]["text"]),
        "slack_home": drawn(view["blocks"]),
    }


def main(folder: Path, locale: str = "en") -> None:
    """Write the pictures."""
    with tempfile.TemporaryDirectory() as work, Chromium(Path(work), elsewhere=9) as browser:
        for name, html in pages(locale).items():
            page = Path(work) / f"{name}.html"
            page.write_text(html, encoding="utf-8")
            browser.resize(644, 400)
            browser.open(page.as_uri())
            browser.resize(644, int(browser.evaluate("document.querySelector('main').offsetHeight")))
            browser.picture(Path(work) / f"{name}.png")
            shutil.copy(Path(work) / f"{name}.png", folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:3])
