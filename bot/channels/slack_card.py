"""A ticket's card in a team's channel: what it is, how it stands, whose it is, until when, and what can be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from bot.channels.slack_buttons import buttons, plain_text
from bot.message import Choice, Notice
from bot.render import states
from bot.render.moments import Setting, said_before, said_when
from bot.render.slack import entities, escaped, literal
from bot.render.slack_room import fit
from bot.render.values import clean, clean_lines

EVENT: Final = "card"
_LONGEST_EXCERPT: Final = 600
_LONGEST_FIELD: Final = 200
_DATE: Final = "{date_short_pretty} {time}"
_WORDS: Final = {
    "en": {
        "state": "State", "priority": "Priority", "owner": "Owner", "due": "Due", "who": "From", "category": "Category",
        "queue": "Team", "nobody": "nobody yet", "waiting-requester": "waiting for the requester",
        "waiting-supplier": "waiting for a supplier", "fix": "Fix expected", "major": "Major incident",
        "level": "Escalated, level {level}", "late": "was due {when}", "no-subject": "no subject",
    },
    "it": {
        "state": "Stato", "priority": "Priorità", "owner": "Responsabile", "due": "Scadenza", "who": "Da",
        "category": "Categoria", "queue": "Team", "nobody": "ancora nessuno",
        "waiting-requester": "in attesa del richiedente", "waiting-supplier": "in attesa di un fornitore",
        "fix": "Soluzione prevista", "major": "Incidente grave", "level": "Escalation, livello {level}",
        "late": "scaduta {when}", "no-subject": "senza oggetto",
    },
    "zh": {
        "state": "状态", "priority": "优先级", "owner": "负责人", "due": "期限", "who": "来自", "category": "类别",
        "queue": "团队", "nobody": "尚无人负责", "waiting-requester": "等待请求人", "waiting-supplier": "等待供应商",
        "fix": "预计解决", "major": "重大事件", "level": "已升级至第 {level} 级", "late": "已于 {when} 到期",
        "no-subject": "无主题",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Card:
    """A card and its words without form."""

    text: str
    blocks: list[dict[str, Any]]


def card(notice: Notice, choices: Sequence[Choice], ticket: int, now: datetime) -> Card:
    """The card of a ticket as it stands at ``now``."""
    locale = notice.locale if notice.locale in _WORDS else "en"
    words, values = _WORDS[locale], notice.values
    setting = Setting(locale, notice.time_zone, now, notice.time_zone)
    subject = _line(values, "subject") or words["no-subject"]
    head = f"{_line(values, 'reference')} · {subject}"
    fields = list(_fields(values, words, setting))
    text = "\n".join([head, *(f"{label}: {plain}" for label, plain, _ in fields)])
    blocks: list[dict[str, Any]] = [{"type": "header", "text": plain_text(head, 150)}]
    if marks := _marks(values, words):
        blocks.append({"type": "context", "elements": [plain_text(mark, _LONGEST_FIELD) for mark in marks]})
    blocks.append({"type": "section", "fields": [_field(label, shown) for label, _, shown in fields[:10]]})
    if excerpt := clean_lines(str(values.get("text") or ""), _LONGEST_EXCERPT):
        quoted = {"type": "rich_text_quote", "elements": [{"type": "text", "text": literal(excerpt)}]}
        blocks.append({"type": "rich_text", "elements": [quoted]})
    return Card(text, fit(blocks) + buttons(choices, ticket, locale))


def _marks(values: dict[str, Any], words: dict[str, str]) -> list[str]:
    marks = [words["major"]] if values.get("major") else []
    level = values.get("level")
    if isinstance(level, int) and level > 1:
        marks.append(words["level"].format(level=level))
    return marks


def _fields(values: dict[str, Any], words: dict[str, str], setting: Setting) -> list[tuple[str, str, str]]:
    """Label, words, and words as ``mrkdwn`` of each fact that is known."""
    state = states.called(str(values.get("state") or ""), setting.locale)
    if waits := words.get(f"waiting-{values.get('waiting_for') or ''}"):
        state = waits
    found = [
        (words["state"], state),
        (words["priority"], _line(values, "priority")),
        (words["owner"], _line(values, "owner") or words["nobody"]),
        (words["who"], _line(values, "who")),
        (words["category"], _line(values, "category")),
        (words["queue"], _line(values, "queue")),
    ]
    fields = [(label, plain, escaped(plain)) for label, plain in found if plain]
    if due := _moment(values, "due"):
        said = said_before(due, setting)
        shown = date_token(due, said)
        if due <= setting.now:
            said = words["late"].format(when=said_when(due, setting))
            shown = f"*{escaped(said)}*"
        fields.insert(3, (words["due"], said, shown))
    if (fix := _moment(values, "fix_expected_at")) and fix > setting.now:
        fields.append((words["fix"], said_when(fix, setting), date_token(fix, said_when(fix, setting))))
    return fields


def date_token(moment: datetime, fallback: str) -> str:
    """A moment that Slack shows in the words and the time zone of whoever looks at it."""
    said = entities(fallback).replace("|", "/").replace("^", " ")
    return f"<!date^{int(moment.timestamp())}^{_DATE}|{said}>"


def _field(label: str, shown: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": f"*{label}*\n{shown}"[:2_000], "verbatim": True}


def _line(values: dict[str, Any], name: str) -> str:
    text = " ".join(clean(str(values.get(name) or "")).split())
    return text if len(text) <= _LONGEST_FIELD else text[: _LONGEST_FIELD - 1] + "…"


def _moment(values: dict[str, Any], name: str) -> datetime | None:
    value = values.get(name)
    return datetime.fromisoformat(value) if isinstance(value, str) and value else None
