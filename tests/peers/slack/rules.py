"""Whether a call is one that Slack would take: the published definitions, and the limits of Slack's own models."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jsonschema_rs import Draft7Validator
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

SPECS: Final = Path(
    os.environ.get("DESKBOT_SPECS") or Path(__file__).resolve().parents[4] / "shared" / "specs"
)
"""Where the machine-readable definitions lie, when they are there."""
_MOST_TEXT: Final = 40_000
_MOST_BLOCKS: Final = {"message": 50, "modal": 100, "home": 100}


@lru_cache(maxsize=1)
def _definitions() -> dict[str, Any] | None:
    path = SPECS / "slack_web_api.schema.json"
    if not path.is_file():
        return None
    definitions: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["definitions"]
    _without_the_open_block(definitions)
    return definitions


def _without_the_open_block(node: Any) -> None:
    """The published ``Block`` takes any type of block; only the named ones are real."""
    if isinstance(node, dict):
        if "anyOf" in node:
            node["anyOf"] = [one for one in node["anyOf"] if one.get("$ref") != "#/definitions/Block"]
        for value in node.values():
            _without_the_open_block(value)
    elif isinstance(node, list):
        for value in node:
            _without_the_open_block(value)


@lru_cache(maxsize=200)
def _validator(name: str) -> Draft7Validator | None:
    definitions = _definitions()
    if definitions is None or name not in definitions:
        return None
    return Draft7Validator({"$ref": f"#/definitions/{name}", "definitions": definitions})


def faults_of(method: str, values: dict[str, Any]) -> list[str]:
    """What is wrong with a call of the Web API."""
    found = list(_by_definition(f"M_{method.replace('.', '_')}", values))
    text = values.get("text")
    if isinstance(text, str) and len(text) > _MOST_TEXT:
        found.append(f"text of {len(text)} characters")
    for kind, blocks in _blocks(values):
        if len(blocks) > _MOST_BLOCKS[kind]:
            found.append(f"{len(blocks)} blocks in a {kind}")
        found += [fault for block in blocks if (fault := _of_block(block))]
    view = values.get("view")
    if isinstance(view, dict) and view.get("type") == "modal":
        try:
            View(**view).validate_json()
        except SlackObjectFormationError as error:
            found.append(str(error))
    return found


def event_faults(event: dict[str, Any]) -> list[str]:
    """What is wrong with an event that a test makes up."""
    return list(_by_definition("T_event", event))


def _by_definition(name: str, values: Any) -> Iterator[str]:
    validator = _validator(name)
    if validator is not None:
        yield from (
            f"{'.'.join(map(str, e.instance_path))}: {e.message[:200]}" for e in validator.iter_errors(values)
        )


def _blocks(values: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    if isinstance(values.get("blocks"), list):
        yield "message", values["blocks"]
    view = values.get("view")
    if isinstance(view, dict) and isinstance(view.get("blocks"), list):
        yield view.get("type", "modal"), view["blocks"]


def _of_block(block: dict[str, Any]) -> str | None:
    try:
        parsed = Block.parse(block)
        if parsed is None:
            return f"no such block: {block.get('type')}"
        parsed.validate_json()
    except SlackObjectFormationError as error:
        return str(error)
    return None
