"""Answers that are given by a tap: words for each label in every language, and their place in a text.

A label is a code and a page's address is the desk's own, so nothing that a person wrote can become a button.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from bot.errors import TemplateError
from bot.message import Choice
from bot.render.values import slot

LABELS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "yes": "Yes, it works again", "no": "No, not yet",
        "rate-1": "Poor", "rate-2": "Fair", "rate-3": "Good", "rate-4": "Great", "rate-5": "Excellent",
        "still": "Still on it", "supplier": "Waiting for a supplier", "fix": "Fix expected at …",
        "need": "Need something from them",
        "reopen": "Open it again", "close": "Close it", "status": "How it stands", "add": "Add something",
        "take": "Take", "reply": "Reply", "priority": "Priority", "wait": "Wait", "escalate": "Escalate",
        "resolve": "Resolve", "note": "Note", "undo": "Undo", "urgent": "It is urgent", "comment": "Say more",
        "spam": "Spam", "new": "New request", "actions": "More", "skip": "Skip",
    },
    "it": {
        "yes": "Sì, ora funziona", "no": "No, non ancora",
        "rate-1": "Scarso", "rate-2": "Sufficiente", "rate-3": "Buono", "rate-4": "Ottimo", "rate-5": "Eccellente",
        "still": "Ci sto lavorando", "supplier": "In attesa di un fornitore", "fix": "Soluzione prevista per …",
        "need": "Serve qualcosa dal richiedente",
        "reopen": "Riaprire la richiesta", "close": "Chiudere la richiesta", "status": "A che punto è",
        "add": "Aggiungere qualcosa",
        "take": "Prendi in carico", "reply": "Rispondi", "priority": "Priorità", "wait": "Metti in attesa",
        "escalate": "Escalation", "resolve": "Risolvi", "note": "Nota", "undo": "Annulla", "urgent": "È urgente",
        "comment": "Aggiungi un commento", "spam": "Spam", "new": "Nuova richiesta", "actions": "Altro", "skip": "Salta",
    },
    "zh": {
        "yes": "是的，已恢复正常", "no": "不，还没有解决",
        "rate-1": "不满意", "rate-2": "一般", "rate-3": "满意", "rate-4": "很满意", "rate-5": "非常满意",
        "still": "仍在处理", "supplier": "等待供应商", "fix": "预计解决时间…",
        "need": "需要请求人提供信息",
        "reopen": "重新打开", "close": "关闭请求", "status": "查看进展", "add": "补充信息",
        "take": "接手", "reply": "答复", "priority": "优先级", "wait": "等待", "escalate": "升级",
        "resolve": "解决", "note": "备注", "undo": "撤回", "urgent": "情况紧急", "comment": "补充评价",
        "spam": "垃圾信息", "new": "新请求", "actions": "更多", "skip": "跳过",
    },
}  # fmt: skip
"""What each label is called. One that is not known is called by its code: an old outbox must still be sent."""

AS_IT_IS: Final = "="
"""Before a label that is no code but the words themselves, from the configuration."""

CONFIRM: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Are you sure?", "deny": "Cancel",
        "close": "The request is closed. To have it opened again, just write.",
        "spam": "The request is closed, and nobody is written to.",
    },
    "it": {
        "title": "Conferma?", "deny": "Annulla",
        "close": "La richiesta viene chiusa. Per riaprirla basta scrivere.",
        "spam": "La richiesta viene chiusa e nessuno riceve risposta.",
    },
    "zh": {
        "title": "确定吗？", "deny": "取消", "close": "请求将被关闭。如需重新打开，直接留言即可。",
        "spam": "请求将被关闭，不会通知任何人。",
    },
}  # fmt: skip
"""What is asked before a verb that is grave, in programs that can ask."""

BUTTON: Final = "button"
"""The title of a link that makes it a button: ``[words](address "button")``."""


class Buttons(str):
    """Markdown of the desk's own making, its values already in slots. Only ``buttons`` makes it."""

    __slots__ = ()


def offered(choices: Sequence[Choice], language: str) -> list[dict[str, str]]:
    """What a template is given: ``label`` in words, ``url`` and ``value`` of each choice."""
    if not choices:
        return []
    return [
        {"label": label(choice, language), "url": choice.url, "value": choice.value} for choice in choices
    ]


def label(choice: Choice, language: str) -> str:
    """What a choice is called. A rating's digit stands in its label: it is what may be written back."""
    words = LABELS.get(language, LABELS["en"])
    said = words.get(choice.label, choice.label.removeprefix(AS_IT_IS))
    return f"{choice.value} – {said}" if choice.label.startswith("rate-") else said


def buttons(value: Any) -> Buttons:
    """All choices, each a large button, or a line of its own where there are no buttons.

    One without a page is left out: it can be given in words only.
    """
    if not isinstance(value, list | tuple):
        raise TemplateError("buttons are made of the choices: {{ choices | buttons }}")
    return Buttons(
        "\n".join(f'[{slot(one["label"])}]({slot(one["url"])} "{BUTTON}")' for one in value if one["url"])
    )
