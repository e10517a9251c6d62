"""Reading the configuration: TOML, overridden by the environment, every error named."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from bot.config.sections import Config
from bot.errors import ConfigError

PREFIX: Final = "DESKBOT_"


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
    _override(data, environment)
    try:
        return Config.model_validate(data)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(e) for e in error.errors())) from None


def _override(data: dict[str, Any], environment: dict[str, str]) -> None:
    """Put ``DESKBOT_SECTION__KEY[__KEY]`` over what the file says."""
    for name, value in sorted(environment.items()):
        steps = name.removeprefix(PREFIX).lower().split("__")
        if not name.startswith(PREFIX) or len(steps) < 2:
            continue
        if steps[0] == "priorities":
            steps[1] = steps[1].upper()
        table = data
        for step in steps[:-1]:
            table = table.setdefault(step, {})
            if not isinstance(table, dict):
                raise ConfigError(f"{name}: {step} is not a table")
        table[steps[-1]] = value
        table.pop(steps[-1] + "_file", None)


def _explain(error: Any) -> str:
    key = ".".join(str(step) for step in error["loc"]) or "configuration"
    if error["type"] == "extra_forbidden":
        return f"{key}: there is no such key; config.example.toml lists all"
    return f"{key}: {error['msg'].removeprefix('Value error, ')}"
