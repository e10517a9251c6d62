"""What the keys of the configuration may hold, and how mistakes in them are told."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator


def _duration(value: object) -> object:
    """ "90s", "30m", "8h", "5d" -> timedelta; a timedelta stays as it is."""
    if isinstance(value, str) and value[:-1].isdigit() and value[-1:] in "smhd":
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[value[-1]]
        return timedelta(**{unit: int(value[:-1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError('write a duration as a number with s, m, h or d: "30m", "8h", "5d"')


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f'"{value}" is not a time zone; write one like "Europe/Rome" or "Asia/Shanghai"')
    return value


def _listed(value: object) -> object:
    """A list may come from the environment as words with commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Locale = Literal["en", "zh", "it"]
Port = Annotated[int, Field(ge=0, le=65535)]


class Section(BaseModel):
    """A frozen table of the configuration. A ``KEY_file`` beside a secret KEY names the file that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for key in [k for k in data if k.endswith("_file") and k.removesuffix("_file") in cls.model_fields]:
            field = cls.model_fields[key.removesuffix("_file")]
            if field.annotation is not SecretStr:
                continue
            path = Path(str(data.pop(key)))
            try:
                data[key.removesuffix("_file")] = path.read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ValueError(f"{key}: cannot read {path}: {error.strerror}") from None
        return data
