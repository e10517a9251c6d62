"""Whether somebody says thanks and no more: that opens nothing again."""

from __future__ import annotations

import re
from typing import Final

_WORDS: Final = frozenset(
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
_CORE: Final = frozenset(
    {"thanks", "thank", "thx", "ty", "cheers", "grazie", "appreciated", "much-appreciated"}
)
_CHINESE: Final = re.compile(
    r"(?:谢谢|多谢|感谢|非常|十分|太|您|你|们|的|了|啊|哦|帮助|支持|好的|好|已经|已|解决|可以|收到|辛苦|没问题|问题)+"
)
_CHINESE_CORE: Final = re.compile("谢谢|多谢|感谢|辛苦")
_LONGEST: Final = 200


def only_thanks(text: str) -> bool:
    """True only when every word is one of courtesy and one of them thanks. A question never is."""
    text = text.strip()
    if not text or len(text) > _LONGEST or re.search(r"[?？]", text):
        return False
    words = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*|\d+", text.casefold())
    latin = [word for word in words if word.isascii() or not _has_chinese(word)]
    chinese = [word for word in words if _has_chinese(word)]
    if not all(word in _WORDS for word in latin) or not all(_CHINESE.fullmatch(word) for word in chinese):
        return False
    return any(word in _CORE for word in latin) or any(_CHINESE_CORE.search(word) for word in chinese)


def _has_chinese(word: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in word)
