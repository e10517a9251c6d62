"""A rating in words: the digit with which an answer begins, and what is said behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MOST_COMMENT: Final = 4_000
"""Characters of a comment that are kept with the rating; a mail is kept whole beside it."""

_LABEL: Final = (
    r"(?:(?:my |il mio )?(?:rating|rate|score|vote|stars?|voto|valutazione|punteggio|评分|评价|打分|分数|满意度)"
    r"\s{0,3}(?:is|è|为|是)?\s{0,3}[:：=-]?\s{0,3})?"
)
_DIGITS: Final = {
    **{str(n): n for n in range(1, 6)},
    **{chr(0xFF10 + n): n for n in range(1, 6)},
    **dict(zip("一二三四五", range(1, 6), strict=True)),
    **{chr(0x2460 + n - 1): n for n in range(1, 6)},
}
_RATING: Final = re.compile(
    rf"[\s\"'“”«*_(\[（【]{{0,8}}{_LABEL}(?:(?P<digit>[1-5\uff11-\uff15一二三四五①-⑤])\ufe0f?\u20e3?"
    r"(?:\s{0,3}[/\uff0f]\s{0,3}[5\uff15五](?:\s{0,3}分)?|\s{0,3}(?:out of|su|di|von) (?:5|five|cinque)\b)?"
    r"(?:\s{0,3}(?:stars?|stelle|stella|points?|punt[io]|颗?星|分)(?![A-Za-z\u4e00-\u9fff]))?"
    r"|(?P<stars>(?:[★⭐]\ufe0f?){1,5})[☆✩]{0,4})"
    r"(?P<end>(?!\w|[★⭐]|[.,:/\uff0f°%€$£¥+-]\s{0,1}\d|[-–]\d|\s{0,3}[/\uff0f]).*)",
    re.IGNORECASE | re.DOTALL,
)
_LIST: Final = re.compile(r"[.)、:：].*^\s{0,8}2\s{0,3}[.)、:：]", re.DOTALL | re.MULTILINE)
"""What follows the first number of a numbered list."""
_PUNCTUATION: Final = " \t\r\n\"'”“»*_)]）】.,;:!！。，、\uff1b：-–—"


@dataclass(frozen=True, slots=True)
class Rating:
    """What somebody says of the service."""

    value: int
    """1 Poor to 5 Excellent."""
    comment: str


def read(text: str) -> Rating | None:
    """The rating with which a text begins: "4", "5!", "4/5 well done", "★★★★", "rating: 3", "四分". None: it
    begins with something else, which may be a number that is no rating ("3rd floor", "10", "1. the printer
    2. the scanner")."""
    text = text.strip()
    found = _RATING.match(text[:200])
    if found is None:
        return None
    rest = found["end"] + text[200:]
    if found["digit"] in {"1", "\uff11"} and _LIST.match(rest[:2_000]):
        return None
    stars = found["stars"]
    value = len(re.findall("[★⭐]", stars)) if stars else _DIGITS[found["digit"]]
    return Rating(value, bounded(rest.lstrip(_PUNCTUATION)))


def bounded(comment: str) -> str:
    """A comment as it is kept with the rating."""
    comment = comment.strip()
    return comment if len(comment) <= MOST_COMMENT else comment[: MOST_COMMENT - 1] + "…"
