"""What the keys of the configuration may hold, and how mistakes in them are told."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BeforeValidator, Field


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
