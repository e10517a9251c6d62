"""The commands of the bot: what Telegram shows when somebody types "/", for each kind of chat and language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from bot.desk.commands import VERBS, Takes

REQUESTERS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "new": "Ask for something new", "status": "How my request stands", "list": "All my requests",
        "close": "I need nothing more", "reopen": "It is not done after all", "link": "Join my e-mail address with this account",
        "language": "Choose the language", "help": "What I can do here",
    },
    "it": {
        "new": "Una nuova richiesta", "status": "A che punto è la mia richiesta", "list": "Tutte le mie richieste",
        "close": "Non serve altro", "reopen": "Il problema non è risolto", "link": "Unire il mio indirizzo e-mail a questo account",
        "language": "Scegliere la lingua", "help": "Che cosa posso fare qui",
    },
    "zh": {
        "new": "提出新的请求", "status": "查看请求进展", "list": "我的全部请求",
        "close": "不再需要了", "reopen": "问题还没有解决", "link": "把我的邮箱与此账号关联",
        "language": "选择语言", "help": "我在这里可以做什么",
    },
}  # fmt: skip
"""For private chats. ``/start`` is Telegram's own button."""

AGENTS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "take": "Take the ticket", "note": "Note for colleagues only", "reply": "Answer the requester",
        "resolve": "Solved: what was done", "wait": "The clock stands still", "update": "Say how it goes on",
        "priority": "Set the priority", "assign": "Give it to somebody", "escalate": "One level up, and why",
        "close": "Close", "reopen": "Open again", "show": "The ticket with its story", "status": "Where it stands",
        "why": "Why it came to this", "category": "Set the category", "impact": "Set the impact",
        "urgency": "Set the urgency", "merge": "Into another ticket", "link": "Other ticket, or other address",
        "major": "Major incident", "spam": "Spam", "for": "On behalf of", "mine": "My tickets",
        "list": "Tickets of the team", "new": "Open a ticket for somebody", "help": "All commands",
    },
    "it": {
        "take": "Prendere la richiesta", "note": "Nota solo per i colleghi", "reply": "Rispondere al richiedente",
        "resolve": "Risolta: che cosa è stato fatto", "wait": "Il tempo si ferma", "update": "Dire come procede",
        "priority": "Impostare la priorità", "assign": "Assegnare a qualcuno", "escalate": "Un livello in su, e perché",
        "close": "Chiudere", "reopen": "Riaprire", "show": "La richiesta con la sua storia", "status": "A che punto è",
        "why": "Perché è andata così", "category": "Impostare la categoria", "impact": "Impostare l'impatto",
        "urgency": "Impostare l'urgenza", "merge": "Unire a un'altra", "link": "Altra richiesta, o altro indirizzo",
        "major": "Incidente grave", "spam": "Posta indesiderata", "for": "Per conto di", "mine": "Le mie richieste",
        "list": "Richieste del gruppo", "new": "Aprire una richiesta per qualcuno", "help": "Tutti i comandi",
    },
    "zh": {
        "take": "接手工单", "note": "仅供同事查看的备注", "reply": "回复请求人",
        "resolve": "已解决：做了什么", "wait": "暂停计时", "update": "告知进展",
        "priority": "设置优先级", "assign": "分配给某人", "escalate": "升级，并说明原因",
        "close": "关闭", "reopen": "重新打开", "show": "工单及其经过", "status": "当前状态",
        "why": "原因说明", "category": "设置类别", "impact": "设置影响", "urgency": "设置紧急程度",
        "merge": "合并到另一工单", "link": "关联工单或地址", "major": "重大事件", "spam": "垃圾信息",
        "for": "代表某人", "mine": "我的工单", "list": "团队的工单", "new": "为某人开单", "help": "全部命令",
    },
}  # fmt: skip
"""For the rooms of teams: the same verbs as everywhere."""

_COMMAND: Final = re.compile(r"/([A-Za-z][A-Za-z0-9_]{0,31})(?:@([A-Za-z0-9_]{1,64}))?(?:\s+|\Z)")
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{6,64}")


@dataclass(frozen=True, slots=True)
class Spoken:
    """A command as somebody typed it."""

    verb: str
    to: str
    """The user name of the bot that is meant; empty when none is named."""
    ticket: int | None
    words: str


def read(text: str, prefix: str) -> Spoken | None:
    """The command that a text is; None: it is none. A number that is all there is stays among the words of a verb
    that wants one (``/merge HD-7``)."""
    found = _COMMAND.match(text)
    if found is None:
        return None
    verb, rest = found[1].lower().replace("_", "-"), text[found.end() :].strip()
    named = re.match(rf"\[?{re.escape(prefix)}-([1-9][0-9]{{0,14}})\]?(?:[\s:,]+|\Z)", rest, re.IGNORECASE)
    wants = VERBS.get(verb) in {Takes.TICKET, Takes.TICKET_OR_ADDRESS}
    if named is None or (wants and named.end() == len(rest)):
        return Spoken(verb, found[2] or "", None, rest)
    return Spoken(verb, found[2] or "", int(named[1]), rest[named.end() :].strip())


def deep_link(words: str) -> str:
    """The code that a link t.me/BOT?start=CODE brings; empty: none."""
    return words if _CODE.fullmatch(words) else ""


def menus(rooms: frozenset[int]) -> list[dict[str, Any]]:
    """The calls of ``setMyCommands``: for private chats, and for each team's room; in each language, and in English
    for whoever speaks another."""
    scopes: list[tuple[dict[str, Any], Mapping[str, Mapping[str, str]]]] = [
        ({"type": "all_private_chats"}, REQUESTERS),
        *(({"type": "chat", "chat_id": room}, AGENTS) for room in sorted(rooms)),
    ]
    return [
        {
            "scope": scope,
            "commands": [{"command": verb, "description": says} for verb, says in table[language].items()],
            **({} if language == "en" else {"language_code": language}),
        }
        for scope, table in scopes
        for language in table
    ]
