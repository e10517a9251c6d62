"""Whether somebody says thanks and no more: that opens nothing again."""

from __future__ import annotations

import re
from typing import Final

WORDS: Final = frozenset(
    [
        "thanks",
        "thank",
        "you",
        "thx",
        "ty",
        "cheers",
        "many",
        "very",
        "much",
        "so",
        "a",
        "lot",
        "again",
        "great",
        "perfect",
        "super",
        "excellent",
        "awesome",
        "good",
        "wonderful",
        "ok",
        "okay",
        "all",
        "it",
        "works",
        "now",
        "working",
        "fixed",
        "solved",
        "is",
        "everything",
        "for",
        "your",
        "the",
        "help",
        "quick",
        "fast",
        "support",
        "and",
        "that",
        "was",
        "best",
        "regards",
        "kind",
        "hi",
        "hello",
        "dear",
        "team",
        "have",
        "nice",
        "day",
        "weekend",
        "appreciated",
        "much-appreciated",
        "grazie",
        "mille",
        "tante",
        "molte",
        "infinite",
        "ottimo",
        "perfetto",
        "bene",
        "benissimo",
        "va",
        "tutto",
        "risolto",
        "funziona",
        "ora",
        "adesso",
        "gentile",
        "gentilissimi",
        "gentilissimo",
        "cordiali",
        "saluti",
        "buona",
        "giornata",
        "serata",
        "ciao",
        "buongiorno",
        "per",
        "il",
        "vostro",
        "aiuto",
        "supporto",
        "l",
        "e",
        "la",
        "di",
        "a",
        "presto",
    ]
)
"""Words that are polite, or that say that all is well: none of them asks for anything."""
_CORE: Final = frozenset(
    {"thanks", "thank", "thx", "ty", "cheers", "grazie", "appreciated", "much-appreciated"}
)
_CHINESE: Final = re.compile(
    r"(?:谢谢|多谢|感谢|非常|十分|太|您|你|们|的|了|啊|哦|(?<=[的谢您你们])(?:帮助|支持)|好的|好|已经|已|(?<=已)解决|(?<=已经)解决|解决了|(?<=已经)可以|可以了|收到|"
    r"辛苦|没问题了?|问题(?=已|解决了))+"
)
_CHINESE_CORE: Final = re.compile("谢谢|多谢|感谢|辛苦")
_HELP: Final = frozenset({"help", "support", "aiuto", "supporto"})
_FOR: Final = frozenset({"for", "your", "per", "vostro"})
"""Without one of these before it, a word of help asks for some: "help! thanks"."""
_LONGEST: Final = 200


def only_thanks(text: str) -> bool:
    """True only when every word is one of courtesy and one of them thanks. A question never is."""
    text = text.strip()
    if not text or len(text) > _LONGEST or re.search(r"[?？]", text):
        return False
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+", text.casefold())
    latin = [word for word in words if word.isascii() or not _has_chinese(word)]
    chinese = [word for word in words if _has_chinese(word)]
    if not all(word in WORDS for word in latin) or not all(_CHINESE.fullmatch(word) for word in chinese):
        return False
    asked = next((place for place, word in enumerate(latin) if word in _HELP), None)
    if asked is not None and not _FOR & set(latin[:asked]):
        return False
    return any(word in _CORE for word in latin) or any(_CHINESE_CORE.search(word) for word in chinese)


def _has_chinese(word: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in word)
