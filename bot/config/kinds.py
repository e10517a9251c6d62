"""What the keys of the configuration may hold, and how mistakes in them are told."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic_core import PydanticCustomError

_DURATION: Final = re.compile(r"([1-9][0-9]{0,6})([smhd])")


def _duration(value: object) -> object:
    """ "90s", "30m", "8h", "5d" -> timedelta; a timedelta stays as it is."""
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        unit = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}[found[2]]
        return timedelta(**{unit: int(found[1])})
    if isinstance(value, timedelta):
        return value
    raise ValueError(
        'write a duration as a number with s, m, h or d: "30m", "8h", "5d"; no time at all is none'
    )


def _zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f'"{value}" is not a time zone; write one like "Europe/Rome" or "Asia/Shanghai"')
    return value


def _listed(value: object) -> object:
    """A list may come from the environment as words with commas."""
    return [word.strip() for word in value.split(",") if word.strip()] if isinstance(value, str) else value


def _address(value: str) -> str:
    local, at, domain = value.rpartition("@")
    if not at or not local or not domain or any(c.isspace() or c in "<>,;" for c in value):
        raise ValueError(f'"{value}" is no mail address; write one like "help@example.com"')
    return value


def _addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_address(one) for one in value)


Duration = Annotated[timedelta, BeforeValidator(_duration)]
Zone = Annotated[str, AfterValidator(_zone)]
Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Locale = Literal["en", "zh", "it"]
Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[Words, AfterValidator(_addresses)]
Port = Annotated[int, Field(ge=0, le=65535)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def _time_of_day(value: str) -> str:
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", value):
        raise ValueError(f'"{value}" is no time of day; write one like "21:00"')
    return value


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]


class Section(BaseModel):
    """A frozen table of the configuration. A ``KEY_file`` beside a secret KEY names the file that holds it."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _read_words(cls, data: Any) -> Any:
        """The environment knows words alone: commas make a list of them, and nothing at all means "not set"."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        for key in [k for k, value in data.items() if isinstance(value, str) and k in cls.model_fields]:
            kind = cls.model_fields[key].annotation
            if get_origin(kind) is tuple:
                data[key] = _listed(data[key])
            elif not data[key] and type(None) in get_args(kind):
                data[key] = None
        return data

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
            data[key.removesuffix("_file")] = _secret_in(path, key)
        return data


def _secret_in(path: Path, key: str) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise _of_key(key, f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise _of_key(key, f"{path} is not text in UTF-8") from None
    if not text:
        raise _of_key(key, f"{path} is empty: write the secret into it")
    return text


OF_KEY: Final = "of_key"
"""The type of an error that a table tells of one of its keys; its text begins with the key."""


def _of_key(key: str, text: str) -> PydanticCustomError:
    return PydanticCustomError(OF_KEY, "{key}: {text}", {"key": key, "text": text})
