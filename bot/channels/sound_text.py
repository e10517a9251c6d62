"""Text of chat programs that can be written down: JSON can hold half a character, which no encoding has."""

from __future__ import annotations

from typing import Any


def sound(value: Any) -> Any:
    """A value of JSON with every half character replaced. What holds none is given back as it is."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {sound(name): sound(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [sound(inner) for inner in value]
    return value
