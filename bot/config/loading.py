"""Reading the configuration: TOML, overridden by the environment, every error named."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from bot.config.kinds import OF_KEY
from bot.config.whole import Config
from bot.errors import ConfigError

PREFIX: Final = "DESKBOT_"
_PRIORITIES: Final = ("p1", "p2", "p3", "p4")
_WORDS: Final = {
    "bool_parsing": "write true or false",
    "date_from_datetime_parsing": "write a day like 2026-12-24",
    "extra_forbidden": "there is no such key; config.example.toml lists all",
    "greater_than_equal": "write a number that is {ge} or more",
    "int_parsing": "write a whole number",
    "less_than_equal": "write a number that is {le} or less",
    "literal_error": "write one of {expected}",
    "missing": "is missing and has no default: write it",
    "model_type": "is a table: write [sections] and keys in it",
    "string_pattern_mismatch": "does not look as it must ({pattern}); config.example.toml shows how",
    "string_type": "write words between quotes",
}
"""What to do, for the commonest mistakes."""


def load(path: Path | None = None, environment: dict[str, str] | None = None) -> Config:
    """Read the configuration; ``path`` None means ``config.toml`` here if there is one, else defaults.

    Raises ``ConfigError`` with a line for each key that is wrong.
    """
    environment = dict(os.environ) if environment is None else environment
    data: dict[str, Any] = {}
    if path is None and Path("config.toml").exists():
        path = Path("config.toml")
    if path is not None:
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path}: not TOML: {error}") from None
    given = _override(data, environment)
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_context=True, include_url=False)
        raise ConfigError("\n".join(_explain(fault, given) for fault in faults)) from None


def _override(data: dict[str, Any], environment: dict[str, str]) -> dict[str, str]:
    """Put ``DESKBOT_SECTION__KEY[__KEY]`` over what the file says. Returns which variable set which key."""
    given = {}
    for name, value in sorted(environment.items()):
        steps = name.removeprefix(PREFIX).lower().split("__")
        if not name.startswith(PREFIX) or len(steps) < 2:
            continue
        if steps[0] == "priorities" and steps[1] in _PRIORITIES:
            steps[1] = steps[1].upper()
        table, path = data, []
        for step in steps[:-1]:
            path.append(_as_written(table, step))
            table = table.setdefault(path[-1], {})
            if not isinstance(table, dict):
                raise ConfigError(f"{name}: {'.'.join(path)} in the file is not a table")
        key = _as_written(table, steps[-1])
        table[key] = value
        table.pop(f"{key}_file", None)
        given[".".join((*path, key))] = name
    return given


def _as_written(table: dict[str, Any], name: str) -> str:
    """A name of the administrator's own, such as a priority's, may have capitals, which variables cannot tell."""
    return next((key for key in table if key.lower() == name), name)


def _explain(error: Any, given: dict[str, str]) -> str:
    key = ".".join(str(step) for step in error["loc"] if step != "[key]")
    text = error["msg"].removeprefix("Value error, ")
    if advice := _WORDS.get(error["type"]):
        text = advice.format(**error.get("ctx", {}))
    if error["type"] == OF_KEY:
        key, text = f"{key}.{text.partition(':')[0]}", text.partition(": ")[2]
    variable = given.get(key)
    return (f"{key}: {text}" if key else text) + (f" (it stands in {variable})" if variable else "")
