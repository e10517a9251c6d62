"""What somebody answers to "Is it working again?": yes, no, a courtesy, or more than that.

A yes closes a ticket, so only what is nothing but a yes is taken for one: every word must be known. All else
is heard by a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from enum import StrEnum
from typing import Final

from bot.desk import courtesy


class Said(StrEnum):
    """What an answer says."""

    WORKS = "works"
    """That it works, in so many words."""
    YES = "yes"
    """A yes, and no more."""
    NO = "no"
    """It begins with a no; or it is one and no more: see ``only_no``."""
    COURTESY = "courtesy"
    """Polite words that decide nothing: "ok", "perfect"."""
    MORE = "more"


_LONGEST: Final = 200
"""Characters of a first paragraph that can be only a yes."""
_JUDGED: Final = 4_000
"""Characters that are looked at; a longer answer says more than yes."""

_YES: Final = frozenset(
    ["yes", "yep", "yeah", "yup", "sì", "si", "sí", "certo", "confirmed", "confirm", "confermo", "confermato"]
)
_WORKS: Final = frozenset(
    [
        "works", "working", "fixed", "solved", "resolved", "repaired",
        "funziona", "funzionano", "funzionante", "risolto", "risolta", "risolti", "sistemato", "sistemata", "posto",
    ]
)  # fmt: skip
_BESIDE: Final = courtesy.WORDS | frozenset(
    [
        "i", "we", "can", "indeed", "fine", "well", "properly", "perfectly", "correctly", "normally", "fully",
        "completely", "here", "me", "us", "does", "has", "been", "seems", "to", "be", "already", "both", "today", "s",
        "like", "charm", "finally",
        "mi", "che", "è", "stato", "di", "nuovo", "correttamente", "perfettamente", "regolarmente", "già", "anche",
        "finalmente", "oggi", "sembra", "da", "qui", "noi", "a", "tutti", "ok",
    ]
)  # fmt: skip
"""Words that may stand beside a yes without taking anything from it."""

_PHRASES: Final = (
    (
        r"\b(?:i|we) can (?:now |again )?(?:print|log ?in|sign ?in|connect|access|send|receive|work|call|scan|use it)"
        r"(?: it)?(?: again| now| fine)*(?=[\s.,;!)]|$)"
    ),
    r"\bno (?:more |further |other )?(?:problems?|issues?|errors?)(?: any ?more| now| here)*(?=[\s.,;!)]|$)",
    r"\b(?:the |my |this )?(?:problem|issue|error) (?:is|has been|was|seems|seems to be) "
    r"(?:now )?(?:solved|fixed|resolved|gone)\b",
    r"\bnessun (?:altro )?(?:problema|errore)(?=[\s.,;!)]|$)",
    r"\b(?:il )?problema (?:è|e'|é) (?:stato )?(?:ora )?risolto\b",
    r"\b(?:ora |adesso )?riesco (?:di nuovo )?a (?:stampare|accedere|entrare|collegarmi|lavorare|inviare)\b",
)
_SAYS_WORKS: Final = re.compile("|".join(_PHRASES))
"""Sentences that mean that it works, though a word of them alone would not."""

_ASKS: Final = re.compile(r"(?:is|does|was|has|are) (?:it|that|everything|all)\b|(?:was|were) working")
_NO: Final = re.compile(
    r"(?:sorry[,.]?|hi|hello|ciao|buongiorno|thanks[,.]?|grazie[,.]?)?[\s,!.]*(?:but |ma |però )?"
    r"(?:(?:no|nope|nah|not|still|negative|unfortunately|non|ancora|purtroppo|niente)\b"
    r"|(?:it|this|that) (?:still|is not|isn['’]?t|does not|doesn['’]?t)\b|(?:doesn|isn)['’]?t\b"
    r"|[很]?(?:抱歉|不好意思)?[，,]?(?:不(?!好意思|错)|没(?!问题|有问题)|还(?:是|没|不|在)|仍|依然))"
)
_ONLY_NO: Final = frozenset(["no", "nope", "nah", "non", "serve", "not", "necessary", "needed", "need"])
_ONLY_NO_CHINESE: Final = re.compile(r"(?>不用了?|不需要了?|不必了?|没有|不|谢谢|多谢|您|你|们|了)++")

_CHINESE_YES: Final = re.compile("是的|是$|对的|对$|嗯")
_CHINESE_WORKS: Final = re.compile(
    "好了|可以[了用打登上使]|能用|正常|恢复|修好|解决|搞定|没问题|没有问题|行了|好使"
)
_CHINESE: Final = re.compile(
    r"(?>可以(?:正常)?(?:打印|登录|上网|使用|用)?了?|能(?:正常)?(?:打印|登录|上网|使用|用)了?|恢复正常了?|恢复了?|正常了|正常|"
    r"修好了|修好|解决了|解决|搞定了?|没有问题了?|没问题了?|好使了|行了|好的|好了|好|是的|对的|是|对|嗯|"
    r"现在|目前|已经|已|都|也|全部|完全|一切|问题(?=已|都|解决)|打印机|电脑|网络|"
    r"非常|十分|感谢|谢谢|多谢|收到|辛苦|帮助(?!我)|支持|太|您|你|们|的|了|啊|哦|呀|啦)++"
)
_GREETING: Final = re.compile(
    r"(?:hi|hello|dear|good (?:morning|afternoon|evening)|ciao|buongiorno|buonasera|salve|gentil[ei]|你好|您好|各位)"
    r"\b[^,，!！:：.。?？\n]{0,40}[,，!！:：.。]?"
)
_SIGN_OFF: Final = re.compile(
    r"(?:(?:best|kind|warm|many)?\s*(?:regards|greetings)|best|cordiali saluti|distinti saluti|(?:un )?saluti|"
    r"a presto|此致|祝好|--|sent from|get outlook|inviato da|发自).*"
)
_CONTRAST: Final = re.compile(
    r"[?？]|\b(?:but|however|still|not|except|although|instead|another|also|please|ma|però|non|ancora|tranne|"
    r"invece|anche|un altro|un'altra)\b|但|不过|可是|还有|还是|另外|不|没"
)
_THUMB: Final = re.compile("[\U0001f44d\U0001f44c\u2705]")
_WORD: Final = re.compile(r"[\u4e00-\u9fff]+|[^\W_\u4e00-\u9fff]+")


def read(text: str, names: Collection[str] = ()) -> Said:
    """What an answer says. ``names``: of those who write to each other, which say nothing."""
    if len(text) > _JUDGED:
        return Said.NO if _begins_with_no(text[:_JUDGED]) else Said.MORE
    first, rest = _paragraphs(text)
    if _NO.match(first) and not _SAYS_WORKS.match(first):
        return Said.NO
    if not first or len(first) > _LONGEST or _CONTRAST.search(rest) or _ASKS.search(first):
        return Said.MORE
    return _judge(first, {part for name in names for part in _WORD.findall(name.casefold())})


def only_no(text: str) -> bool:
    """Whether an answer is "no", with thanks perhaps, and not a word more."""
    first, rest = _paragraphs(text[:_JUDGED])
    words = _WORD.findall(first)
    polite = courtesy.WORDS - _WORKS
    known = all(w in _ONLY_NO or w in polite or _ONLY_NO_CHINESE.fullmatch(w) for w in words)
    return (
        bool(words) and known and not rest and _NO.match(first) is not None and not re.search("[?？]", first)
    )


def says_more(text: str) -> bool:
    """Whether there is anything below the first paragraph that is no signature."""
    return bool(_paragraphs(text[:_JUDGED])[1])


def _begins_with_no(text: str) -> bool:
    return _NO.match(_paragraphs(text)[0]) is not None


def _paragraphs(text: str) -> tuple[str, str]:
    """The first paragraph and all others, in small letters, without greetings and signature."""
    lines: list[str] = []
    for raw in text.casefold().strip().splitlines():
        line = raw.strip()
        if lines and _SIGN_OFF.fullmatch(line):
            break
        if line and not lines and _GREETING.fullmatch(line):
            continue
        if line or lines:
            lines.append(line)
    first, _, rest = "\n".join(lines).partition("\n\n")
    return " ".join(first.split()), rest.strip()


def _judge(first: str, names: set[str]) -> Said:
    """A first paragraph of known length that begins with no no."""
    if re.search("[?？]", first):
        return Said.MORE
    shown, phrases = _SAYS_WORKS.subn(" ", first)
    words = [word for word in _WORD.findall(shown) if word not in names]
    works, yes = phrases > 0, _THUMB.search(shown) is not None
    for word in words:
        if "\u4e00" <= word[0] <= "\u9fff":
            if not _CHINESE.fullmatch(word):
                return Said.MORE
            works |= _CHINESE_WORKS.search(word) is not None
            yes |= _CHINESE_YES.match(word) is not None
        elif word not in _YES and word not in _WORKS and word not in _BESIDE:
            return Said.MORE
        else:
            works |= word in _WORKS
            yes |= word in _YES
    if works or yes:
        return Said.WORKS if works else Said.YES
    return Said.COURTESY if words else Said.MORE
