"""The sandbox in which templates run: plain data in, text out, and nothing that can grow or reach out.

Jinja's own sandbox guards attributes, but lets a template take memory and time without end. So a template
is also read before it is compiled: only the few kinds of syntax below are known here, values are plain data
without methods, loops are short and shallow. What is left to a hostile template is killed by the limits of
the child process that it runs in.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from jinja2 import StrictUndefined, Template, Undefined, nodes
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.errors import TemplateError
from bot.render import choices, moments, states
from bot.render.values import MAX_LINES, Lines, clean_lines, slot

MAX_SOURCE: Final = 64_000
MAX_NODES: Final = 4_000
MAX_LOOP: Final = 100
"""Turns of one loop; loops stand at most two deep."""
MAX_OUTPUT: Final = 500_000
"""Characters that one template may write (H3): a long request whole, or the long story of a ticket."""

_KNOWN: Final = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign, nodes.Name,
    nodes.Const, nodes.Tuple, nodes.List, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Call,
    nodes.Getitem, nodes.Getattr, nodes.Slice, nodes.Compare, nodes.Operand, nodes.Keyword, nodes.Add,
    nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.And, nodes.Or, nodes.Not,
    nodes.Neg, nodes.Pos,
)  # fmt: skip
# A tag or remark alone on its line leaves no line behind (its end moves into the tag, so that errors still
# name the right line), while one at the end of a sentence does not swallow the line's end.
_LONE_TAG: Final = re.compile(r"^([ \t]*\{[%#](?:(?![%#]\}).)*)([%#]\})[ \t]*\n", re.MULTILINE)
_LOOP_FACTS: Final = frozenset({"index", "index0", "first", "last", "length"})
_NUMBERS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul,
    "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
}  # fmt: skip


def _inspect(node: nodes.Node, loops: int = 0, count: Iterator[int] | None = None) -> None:
    """Refuse what no text needs. Raises ``TemplateError`` with the line."""
    count = count or iter(range(MAX_NODES))
    if next(count, None) is None:
        raise TemplateError(f"the template has more than {MAX_NODES} parts; make it shorter")
    where = f"line {node.lineno}"
    if not isinstance(node, _KNOWN):
        raise TemplateError(f"{where}: {type(node).__name__} is not available in templates")
    if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
        raise TemplateError(f"{where}: only range() can be called; use a filter instead")
    if isinstance(node, nodes.Tuple | nodes.List) and not all(
        isinstance(item, nodes.Const) or (isinstance(item, nodes.Name) and item.ctx == "store")
        for item in node.items
    ):
        raise TemplateError(f"{where}: a list in a template may hold only fixed words and numbers")
    if isinstance(node, nodes.For):
        loops += 1
        if loops > 2 or node.recursive:
            raise TemplateError(f"{where}: loops may stand at most two deep")
        node.iter = nodes.Filter(node.iter, "each", [], [], None, None, lineno=node.lineno)
    for child in node.iter_child_nodes():
        _inspect(child, loops, count)


def _bounded(value: Any) -> int | float:
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or abs(value) > 10**12:
        raise TemplateError("templates calculate with numbers only, and not with huge ones")
    return value


def _few(value: Any) -> list[Any]:
    """At most ``MAX_LOOP`` items of a list or of a range."""
    if isinstance(value, Undefined):
        str(value)
    if not isinstance(value, list | tuple | range):
        raise TemplateError(f"cannot go through a {type(value).__name__} one by one")
    return list(islice(value, MAX_LOOP))


def _text(value: Any) -> str:
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise TemplateError(f"a {type(value).__name__} is no text")


def _range(*bounds: int) -> range:
    return range(*(int(_bounded(bound)) for bound in bounds))[:MAX_LOOP]


def _default(value: Any, fallback: Any = "") -> Any:
    return fallback if isinstance(value, Undefined) or value is None else value


def _truncate(value: Any, length: int = 100) -> str:
    text = _text(value)
    return text if len(text) <= length else text[: max(int(length) - 1, 0)].rstrip() + "…"


def _lines(value: Any, most: int = MAX_LINES) -> Lines:
    """A text with its line breaks, at most ``most`` characters of it."""
    return clean_lines(_text(value), max(1, min(int(_bounded(most)), MAX_LINES)))


def _join(value: Any, separator: str = ", ") -> str:
    return _text(separator)[:100].join(_text(item) for item in _few(value))


def _is_name(value: Any) -> bool:
    """Whether it can stand after "Hello": a claimed name must not carry an address or an advertisement."""
    if not isinstance(value, str) or not 0 < len(value.strip()) <= 60:
        return False
    inner = (value[i] for i in range(1, len(value) - 1) if value[i] == "." and not value[i + 1].isspace())
    return not any(c in '@/\\:<>[]{}|=#&%$"!?\n\r' or c.isdigit() for c in value) and not any(inner)


_FILTERS: Final[dict[str, Callable[..., Any]]] = {
    "default": _default,
    "each": _few,
    "first": lambda value: next(iter(_few(value)), ""),
    "join": _join,
    "last": lambda value: _few(value)[-1],
    "length": lambda value: len(_text(value) if isinstance(value, str) else _few(value)),
    "lines": _lines,
    "lower": lambda value: _text(value).lower(),
    "truncate": _truncate,
    "upper": lambda value: _text(value).upper(),
    "before": moments.before,
    "buttons": choices.buttons,
    "duration": moments.duration,
    "state": states.named,
    "when": moments.when,
}
_TESTS: Final[dict[str, Callable[..., bool]]] = {
    "defined": lambda value: not isinstance(value, Undefined),
    "undefined": lambda value: isinstance(value, Undefined),
    "none": lambda value: value is None,
    "even": lambda value: _bounded(value) % 2 == 0,
    "odd": lambda value: _bounded(value) % 2 == 1,
    "future": moments.future,
    "name": _is_name,
}


def _written(value: Any) -> str:
    return value if isinstance(value, choices.Buttons) else slot(value)


FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {"range": _range}
"""All that a template can call."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Where templates are compiled and run.

    For Markdown every value becomes a slot; the author has no way to forget it. The layout, which is HTML,
    escapes by Jinja's autoescape.
    """

    intercepted_binops = frozenset(_NUMBERS)

    def __init__(self, *, markdown: bool) -> None:
        super().__init__(
            autoescape=not markdown,
            finalize=_written if markdown else None,
            undefined=StrictUndefined,
            lstrip_blocks=True,
        )
        self.globals = dict(FUNCTIONS)
        self.filters = {
            name: function for name, function in _FILTERS.items() if markdown or name == "default"
        }
        self.tests = dict(_TESTS)

    def make(self, source: str) -> Template:
        """Compile a template. Raises ``TemplateError`` for anything that is wrong with it."""
        if len(source) > MAX_SOURCE:
            raise TemplateError(f"the template is longer than {MAX_SOURCE} characters")
        try:
            tree = self.parse(_LONE_TAG.sub(r"\1\n\2", source))
            _inspect(tree)
            return self.template_class.from_code(self, self.compile(tree), self.make_globals(None))
        except TemplateError:
            raise
        except Exception as error:  # noqa: BLE001  a template may break its compiler in any way
            raise TemplateError(_explain(error)) from None

    def write(self, template: Template, values: Mapping[str, Any]) -> str:
        """Run a template. Raises ``TemplateError`` for whatever goes wrong, and when it writes too much."""
        try:
            return "".join(_within(template.generate(values), MAX_OUTPUT))
        except TemplateError:
            raise
        except Exception as error:  # noqa: BLE001  and in any way while it runs
            raise TemplateError(_explain(error)) from None

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Names in data, never attributes of objects (H1)."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """A key of a table, a place in a list, or a fact about the loop."""
        if isinstance(obj, LoopContext):
            return (
                getattr(obj, argument) if argument in _LOOP_FACTS else self.undefined(obj=obj, name=argument)
            )
        if isinstance(obj, dict | list | tuple | str) and isinstance(argument, str | int | slice):
            try:
                return obj[argument]  # type: ignore[index]  # a wrong pair of types is the except branch
            except (TypeError, LookupError):
                pass
        return self.undefined(obj=obj, name=argument)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ARG002  Jinja's
        """Arithmetic on bounded numbers: nothing here can make a long text or a huge number (H3)."""
        return _NUMBERS[operator](_bounded(left), _bounded(right))


def _within(pieces: Iterable[str], room: int) -> Iterator[str]:
    for piece in pieces:
        room -= len(piece)
        if room < 0:
            raise TemplateError(f"the template writes more than {MAX_OUTPUT} characters")
        yield piece


def _explain(error: Exception) -> str:
    line = getattr(error, "lineno", None)
    where = f"line {line}: " if isinstance(line, int) else ""
    return f"{where}{error}"[:500] or type(error).__name__
