"""Courtesies under a button that was pressed: the wheel stops turning, what was chosen is marked, what needs words
is asked for. None of it is kept, and nothing of a ticket changes by it: that is done by what was committed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from bot.channels import telegram_codes as codes
from bot.channels.telegram_api import Api
from bot.channels.telegram_payload import author_of, chat_of, message_of, number, part, text_in
from bot.channels.telegram_sender import ignored
from bot.channels.telegram_text import mention

_MOST: Final = 200
"""Courtesies under way; more are left out."""
_MARK: Final = "\u2713 "
_KEPT_OPEN: Final = frozenset({"rate"})
"""Verbs whose buttons stay: what was chosen may be changed."""
_TOLD_NEXT: Final = frozenset({"answer"})
"""Verbs whose buttons go without a mark: the desk's next message says what was taken. A mark below a question that
had been answered by words before would be a lie."""

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "ask": "Answer this message with your words.", "when": "Answer this message: when will it work again?",
        "back": "Back", "noted": "Noted",
    },
    "it": {
        "ask": "Rispondi a questo messaggio con le tue parole.",
        "when": "Rispondi a questo messaggio: quando funzionerà di nuovo?", "back": "Indietro", "noted": "Ricevuto",
    },
    "zh": {
        "ask": "请回复这条消息，写下您的内容。", "when": "请回复这条消息：预计何时恢复？", "back": "返回", "noted": "已收到",
    },
}  # fmt: skip


class Buttons:
    """What is said at once, beside the desk's own answers."""

    def __init__(self, api: Api, prefix: str, priorities: tuple[str, ...]) -> None:
        self._api = api
        self._prefix = prefix
        self._priorities = priorities
        self._under_way: set[asyncio.Task[Any]] = set()
        self._before: dict[str, dict[str, Any]] = {}

    def answers_alone(self, update: Mapping[str, Any]) -> bool:
        """Deal with a button that only asks for more, or does nothing; False: it is for the desk."""
        query = update["callback_query"]
        code = codes.of_button(query.get("data"))
        if code is None or code.verb == codes.DONE:
            self._start(self._noted(query, ""))
        elif code.verb == codes.BACK:
            self._start(self._restored(update, query, code))
        elif code.chooses:
            self._start(self._offered(update, query, code))
        elif code.asks:
            self._start(self._asked(update, query, code))
        else:
            return False
        return True

    def asks_for_new(self, update: Mapping[str, Any]) -> None:
        """Somebody wants to ask for something, and has not said what."""
        self._start(self._asked(update, {}, codes.Code("new")))

    def used(self, update: Mapping[str, Any]) -> None:
        """What was pressed is committed: say so, and mark it. The buttons of a card are the card's."""
        query = update["callback_query"]
        self._start(self._noted(query, _words(update)["noted"]))
        if chat_of(update) > 0:
            self._start(self._marked(update, query))

    async def close(self) -> None:
        """Let go of what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _start(self, work: Any) -> None:
        if len(self._under_way) >= _MOST:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(ignored(work))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _noted(self, query: Mapping[str, Any], text: str) -> None:
        await self._api.call("answerCallbackQuery", callback_query_id=text_in(query, "id"), text=text or None)

    async def _marked(self, update: Mapping[str, Any], query: Mapping[str, Any]) -> None:
        """What was chosen bears a mark; what cannot be changed any more is gone."""
        chosen = text_in(query, "data")
        rows = _rows(message_of(update))
        code = codes.of_button(chosen)
        if code is not None and code.verb in _TOLD_NEXT:
            await self._edit(update, {"inline_keyboard": []})
            return
        open_still = code is not None and code.verb in _KEPT_OPEN
        marked = [[_one(button, chosen, open_still) for button in row] for row in rows]
        kept = [[button for button in row if button is not None] for row in marked]
        await self._edit(update, {"inline_keyboard": [row for row in kept if row]})

    async def _offered(self, update: Mapping[str, Any], query: Mapping[str, Any], code: codes.Code) -> None:
        """Instead of the buttons, what there is to choose from."""
        await self._noted(query, "")
        choices = [codes.Code(code.verb, name, code.ticket) for name in self._priorities[:8]]
        rows = [
            [{"text": one.value, "callback_data": one.data} for one in choices[at : at + 4]] for at in (0, 4)
        ]
        back = codes.Code(codes.BACK, "", code.ticket)
        shown = [
            *(row for row in rows if row),
            [{"text": _words(update)["back"], "callback_data": back.data}],
        ]
        if len(self._before) >= _MOST:
            self._before.clear()
        self._before[_place(update)] = {"inline_keyboard": _rows(message_of(update))}
        await self._edit(update, {"inline_keyboard": shown})

    async def _restored(self, update: Mapping[str, Any], query: Mapping[str, Any], code: codes.Code) -> None:
        await self._noted(query, "")
        usual = [("take", ""), ("reply", ""), ("priority", ""), ("wait", ""), ("resolve", ""), ("note", "")]
        rows = [
            [
                {"text": verb, "callback_data": codes.Code(verb, value, code.ticket).data}
                for verb, value in part_
            ]
            for part_ in (usual[:3], usual[3:])
        ]
        await self._edit(update, self._before.pop(_place(update), {"inline_keyboard": rows}))

    async def _asked(self, update: Mapping[str, Any], query: Mapping[str, Any], code: codes.Code) -> None:
        """A message of ours that is to be answered; in a group it calls who pressed."""
        if query:
            await self._noted(query, "")
        author, words = author_of(update), _words(update)
        who = (
            ""
            if chat_of(update) > 0
            else mention(number(author, "id"), text_in(author, "first_name")[:64]) + ": "
        )
        ask = words["when" if code.value == "fix" else "ask"]
        message = message_of(update)
        topic = number(message, "message_thread_id") if message.get("is_topic_message") is True else None
        await self._api.call(
            "sendMessage",
            chat_id=chat_of(update),
            message_thread_id=topic,
            text=f"{code.prompt(self._prefix)}\n{who}{ask}",
            parse_mode="HTML",
            reply_markup={"force_reply": True, "selective": True},
        )

    async def _edit(self, update: Mapping[str, Any], markup: dict[str, Any]) -> None:
        await self._api.call(
            "editMessageReplyMarkup",
            chat_id=chat_of(update),
            message_id=number(message_of(update), "message_id"),
            reply_markup=markup,
        )


def _words(update: Mapping[str, Any]) -> Mapping[str, str]:
    language = text_in(author_of(update), "language_code")[:2].lower()
    return _WORDS.get(language, _WORDS["en"])


def _place(update: Mapping[str, Any]) -> str:
    return f"{chat_of(update)}/{number(message_of(update), 'message_id')}"


def _rows(message: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    rows = part(message, "reply_markup").get("inline_keyboard")
    if not isinstance(rows, list):
        return []
    return [[one for one in row if isinstance(one, dict)] for row in rows if isinstance(row, list)]


def _one(button: dict[str, Any], chosen: str, open_still: bool) -> dict[str, Any] | None:  # noqa: FBT001  two facts
    text = text_in(button, "text").removeprefix(_MARK)
    if button.get("callback_data") != chosen:
        return {**button, "text": text} if open_still or "url" in button else None
    data = chosen if open_still else codes.Code(codes.DONE).data
    return {"text": f"{_MARK}{text}", "callback_data": data}
