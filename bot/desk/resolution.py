"""What was done, as an agent writes it behind ``resolve``: solution, cause, steps, and whether it will last.

Lines may begin with a label, in English, Italian or Chinese::

    cause: the drum was full of dust
    steps:
    1. open the lid
    2. clean the drum
    workaround: print on the second floor meanwhile

Words without a label are the solution. No word is lost: what stands behind a label goes to it, everything else
stays as it was written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


class Part(StrEnum):
    """What a label names."""

    SOLUTION = "solution"
    CAUSE = "cause"
    STEPS = "steps"
    WORKAROUND = "workaround"
    """The solution, which is for the time being."""


LABELS: Final[dict[Part, tuple[str, ...]]] = {
    Part.SOLUTION: (
        "solution", "resolution", "fix", "what was done",
        "soluzione", "risoluzione", "rimedio", "cosa è stato fatto",
        "解决方案", "解决办法", "解决方法", "处理方法", "处理结果", "方案", "解决",
    ),
    Part.CAUSE: ("root cause", "cause", "reason", "causa", "motivo", "根本原因", "原因"),
    Part.STEPS: ("steps", "passi", "passaggi", "procedura", "步骤", "操作步骤"),
    Part.WORKAROUND: (
        "workaround", "temporary solution", "temporary fix", "temporary",
        "soluzione temporanea", "soluzione provvisoria", "temporanea", "temporaneo", "provvisoria", "provvisorio",
        "临时解决方案", "临时方案", "临时措施", "临时处理", "临时", "变通方法", "变通办法", "变通",
    ),
}  # fmt: skip
"""The words that an agent may put before a colon."""

_PART: Final = {word: part for part, words in LABELS.items() for word in words}
_LABEL: Final = re.compile(
    rf"(?:[-*•]\s{{0,3}})?({'|'.join(sorted(map(re.escape, _PART), key=len, reverse=True))})\s{{0,3}}[:：](.*)",
    re.IGNORECASE,
)
_FOR_NOW: Final = re.compile(
    r"workaround\b|soluzione (?:temporanea|provvisoria)\b|(?:temporane[ao]|provvisori[ao])\b"
    r"|temporary\b(?!\s+(?:internet|files?|folders?|director|data|password|profile|account|accesses|storage|"
    r"certificate|licen|token|code|key|user|error|address))"
    r"|临时(?!文件|目录|密码|账|数据|工|证|会议|授权|权限)|变通",
    re.IGNORECASE,
)
"""A first word that says it of all. What is called temporary itself (a temporary file) says nothing."""
_ITEM: Final = re.compile(
    r"(?:[-*•·–]\s{1,8}|[(（]?\d{1,3}\s{0,3}(?:[.):]\s{1,8}|[、\uff0e。）：]\s{0,8})|[①-⑳]\s{0,8})(\S.*)"
)
"""A line of a list: dashed or numbered. "1.5 litres" and "10:30" are none."""
_BROKEN_AT: Final = 60
"""Characters from which on a line was probably broken by the mail program."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """What was done."""

    solution: str = ""
    cause: str = ""
    steps: tuple[str, ...] = ()
    workaround: bool = False
    """It helps for the time being only."""

    def kept(self) -> dict[str, Any]:
        """As the ticket keeps it."""
        return {
            "solution": self.solution,
            "cause": self.cause,
            "steps": list(self.steps),
            "workaround": self.workaround,
        }


@dataclass(slots=True)
class _Reading:
    solution: list[str] = field(default_factory=list)
    cause: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    workaround: bool = False
    part: Part = Part.SOLUTION
    """Where the next line without a label belongs."""
    block: bool = False
    """The label stood alone: all lines up to an empty one are its."""
    numbered: bool = False
    """The steps have marks, so a line without one goes on with the step above it."""


def read(words: str) -> Resolution:
    """What an agent's words say. Bounded by their length; never raises."""
    reading = _Reading()
    before = ""
    for line in words.splitlines():
        bare = line.strip()
        found = _LABEL.fullmatch(bare)
        if found:
            _begin(reading, _PART[found[1].lower()], found[2].strip())
        elif bare:
            _go_on(reading, line, before)
        else:
            _pause(reading)
        before = bare
    solution = "\n".join(reading.solution).strip()
    return Resolution(
        solution,
        "\n".join(reading.cause),
        tuple(reading.steps),
        reading.workaround or _FOR_NOW.match(solution) is not None,
    )


def _begin(reading: _Reading, part: Part, rest: str) -> None:
    reading.part, reading.block = part, not rest
    if part is Part.WORKAROUND:
        reading.workaround, reading.part = True, Part.SOLUTION
    if not rest:
        return
    if part is Part.STEPS:
        reading.steps.append(_without_mark(reading, rest))
    else:
        (reading.cause if part is Part.CAUSE else reading.solution).append(rest)


def _go_on(reading: _Reading, line: str, before: str) -> None:
    """A line without a label."""
    bare = line.strip()
    if reading.part is Part.STEPS:
        marked = _ITEM.fullmatch(bare) is not None
        if marked or not before:
            _step_or_more(reading, line, marked=marked)
        elif reading.numbered:
            reading.steps[-1] += f"\n{bare}"
        else:
            reading.steps.append(bare)
    elif reading.part is Part.CAUSE and (reading.block or len(before) >= _BROKEN_AT):
        reading.cause.append(bare)
    else:
        reading.part = Part.SOLUTION
        reading.solution.append(line.rstrip())


def _step_or_more(reading: _Reading, line: str, *, marked: bool) -> None:
    """Below an empty line only a marked line is another step."""
    if marked:
        reading.steps.append(_without_mark(reading, line.strip()))
    else:
        reading.part = Part.SOLUTION
        reading.solution.append(line.rstrip())


def _pause(reading: _Reading) -> None:
    """An empty line ends a cause; steps may have some between them."""
    if reading.part is Part.CAUSE:
        reading.part = Part.SOLUTION
    if reading.part is Part.SOLUTION and reading.solution:
        reading.solution.append("")


def _without_mark(reading: _Reading, line: str) -> str:
    found = _ITEM.fullmatch(line)
    if found is None:
        return line
    reading.numbered = True
    return found[1].strip()
