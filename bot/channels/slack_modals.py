"""Forms of Slack: what is asked when a button or a command needs more words. Pure: a code in, a view out.

Each form says in its ``private_metadata`` what it is for (see ``slack_codes``), which is no right; each input has as
``block_id`` the name of the field that it fills.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from bot.channels.slack_buttons import buttons, plain_text
from bot.channels.slack_codes import NEW, QUESTION, Code
from bot.channels.slack_modal_words import WORDS
from bot.config import Config
from bot.config.intake import DEGREES
from bot.message import Choice
from bot.render import choices as answers
from bot.render.slack import entities

View = dict[str, Any]
Block = dict[str, Any]

_TITLE: Final = 24
_LABEL: Final = 300
_OPTION: Final = 75
_MOST_OPTIONS: Final = 100
_LONGEST: Final = 3_000
"""Characters of one input, which is all that Slack lets people write."""
_MOST_FILES: Final = 5
_MOST_QUESTIONS: Final = 5
_WITHOUT_CATEGORY: Final = ("since", "doing", "error")
_DONE_FROM_A_LIST: Final = (
    "take",
    "reply",
    "priority",
    "wait",
    "escalate",
    "resolve",
    "note",
    "close",
    "reopen",
)


def form(code: Code, language: str, config: Config) -> View | None:
    """The form of a verb, in a language; None: it needs none."""
    words = WORDS.get(language, WORDS["en"])
    language = language if language in WORDS else "en"
    if code.verb == "actions":
        return _actions(code, words, language, config)
    blocks = _blocks(code, words, language, config)
    if blocks is None:
        return None
    title = words[f"title-{code.verb}"] if f"title-{code.verb}" in words else _called(code, language)
    name = f" {config.desk.prefix}-{code.ticket}" if code.ticket else ""
    whole = title + name if len(title + name) <= _TITLE else title
    kept = replace(code, value="") if code.verb == NEW else code
    return {
        "type": "modal",
        "callback_id": code.verb,
        "private_metadata": kept.metadata,
        "title": plain_text(whole, _TITLE),
        "submit": plain_text(words["submit"], _TITLE),
        "close": plain_text(words["cancel"], _TITLE),
        "blocks": blocks,
    }


def _called(code: Code, language: str) -> str:
    return answers.label(Choice(code.value if code.verb == "update" else code.verb, code.verb), language)


def _blocks(code: Code, words: Mapping[str, str], language: str, config: Config) -> list[Block] | None:
    verb = f"{code.verb}-{code.value}" if code.verb == "update" else code.verb
    if verb == NEW:
        return _new(code.value, words, language, config)
    if verb == "priority":
        return [_select("priority", words["ask-priority"], ((key, key) for key in config.priorities))]
    make = _FORMS.get(verb)
    return make(words) if make else None


def _new(category: str, words: Mapping[str, str], language: str, config: Config) -> list[Block]:
    """A new request. Which questions it asks follows from the category, so choosing one draws the form again."""
    known = config.categories
    blocks: list[Block] = []
    if known:
        options = [(key, one.title(language) or key) for key, one in known.items() if not one.complaint]
        chosen = _select("category", words["ask-category"], options, optional=True, chosen=category, verb=NEW)
        blocks.append({**chosen, "dispatch_action": True})
    degrees = ((key, words[f"urgency-{key}"]) for key in DEGREES)
    blocks.append(_select("urgency", words["ask-urgency"], degrees, optional=True))
    blocks += [_line("subject", words["ask-subject"]), _text("text", words["ask-text"])]
    asked = known[category].ask if category in known else _WITHOUT_CATEGORY
    for key in list(asked)[:_MOST_QUESTIONS]:
        question = config.questions.get(key)
        if question is not None and key != "what":
            blocks.append(_text(f"{QUESTION}{key}", question.text(language), optional=True, lines=False))
    return [*blocks, _files(words)]


def _resolve(words: Mapping[str, str]) -> list[Block]:
    option = {"text": plain_text(words["ask-workaround"], _OPTION), "value": "yes"}
    box = {"type": "checkboxes", "action_id": "workaround", "options": [option]}
    return [
        _text("solution", words["ask-solution"]),
        _text("cause", words["ask-cause"], optional=True),
        _text("steps", words["ask-steps"], optional=True),
        _input("workaround", words["ask-lasting"], box, optional=True),
    ]


def _actions(code: Code, words: Mapping[str, str], language: str, config: Config) -> View:
    """What an agent may do with a ticket, as a list of buttons: commands do not run inside threads."""
    name = f"{config.desk.prefix}-{code.ticket}"
    said = {"type": "mrkdwn", "text": entities(words["choose"].format(reference=name))}
    listed = [Choice(verb, verb) for verb in _DONE_FROM_A_LIST]
    return {
        "type": "modal",
        "callback_id": code.verb,
        "private_metadata": code.metadata,
        "title": plain_text(name, _TITLE),
        "close": plain_text(words["cancel"], _TITLE),
        "blocks": [{"type": "section", "text": said}, *buttons(listed, code.ticket or 0, language)],
    }


def _input(name: str, label: str, element: Block, *, optional: bool = False) -> Block:
    made = {"type": "input", "block_id": name, "label": plain_text(label, _LABEL), "element": element}
    return made | ({"optional": True} if optional else {})


def _text(name: str, label: str, *, optional: bool = False, lines: bool = True) -> Block:
    element = {"type": "plain_text_input", "action_id": name[:60], "multiline": lines, "max_length": _LONGEST}
    return _input(name, label, element, optional=optional)


def _line(name: str, label: str) -> Block:
    element = {"type": "plain_text_input", "action_id": name, "max_length": 200}
    return _input(name, label, element, optional=True)


def _select(
    name: str,
    label: str,
    options: Iterable[tuple[str, str]],
    *,
    optional: bool = False,
    chosen: str = "",
    verb: str = "",
) -> Block:
    """``verb``: choosing tells it at once. The values of options are those of a button's then."""
    prefix = ":" if verb else ""
    listed = [{"text": plain_text(said, _OPTION), "value": f"{prefix}{key}"} for key, said in options]
    element: Block = {
        "type": "static_select",
        "action_id": f"{verb}:" if verb else name,
        "options": listed[:_MOST_OPTIONS],
    }
    for one in listed:
        if chosen and one["value"] == f"{prefix}{chosen}":
            element["initial_option"] = one
    return _input(name, label, element, optional=optional)


def _files(words: Mapping[str, str]) -> Block:
    element = {"type": "file_input", "action_id": "files", "max_files": _MOST_FILES}
    return _input("files", words["ask-files"], element, optional=True)


def _wait(words: Mapping[str, str]) -> list[Block]:
    options = ((who, words[f"for-{who}"]) for who in ("requester", "supplier"))
    return [_select("wait", words["ask-wait"], options)]


_FORMS: Final[Mapping[str, Callable[[Mapping[str, str]], list[Block]]]] = {
    "reply": lambda words: [_text("words", words["ask-reply"]), _files(words)],
    "add": lambda words: [_text("words", words["ask-add"]), _files(words)],
    "note": lambda words: [_text("words", words["ask-note"])],
    "escalate": lambda words: [_text("words", words["ask-escalate"])],
    "comment": lambda words: [_text("words", words["ask-comment"])],
    "wait": _wait,
    "resolve": _resolve,
    "update-fix": lambda words: [
        _input("at", words["ask-fix"], {"type": "datetimepicker", "action_id": "at"})
    ],
    "update-need": lambda words: [_text("text", words["ask-need"])],
}
"""What each form asks besides those that follow from the configuration."""
