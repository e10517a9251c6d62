"""The bots of the configuration: a door and a way out for each, which share what they know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from bot.channels.chat_words import Composer, Run, loader
from bot.channels.telegram import MOVED, House, TelegramDoor
from bot.channels.telegram_api import LARGEST_UPLOAD, Api
from bot.channels.telegram_parts import InStore
from bot.channels.telegram_payload import number, text_in
from bot.channels.telegram_places import Moves
from bot.channels.telegram_sender import TelegramSender
from bot.channels.telegram_words import write_telegram
from bot.desk.screening import MOST_BOUNCES
from bot.errors import ChannelError, ConfigError
from bot.loops import persist
from bot.mail.addresses import canonical
from bot.message import OutgoingMessage
from bot.store import chat_progress, people

if TYPE_CHECKING:
    from bot.config import Config
    from bot.store.blobs import Blobs
    from bot.store.engine import Store

_ADVICE: Final = "make it one in the group's settings, or leave it: answers to the card are the ticket's then"


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot, both ways."""

    door: TelegramDoor
    sender: TelegramSender


def bots_of(
    config: Config, house: House, blobs: Blobs, run: Run, broke: Callable[[str], None]
) -> dict[str, Bot]:
    """The bots that are enabled, by the names of their channels. ``run`` does a job in a child; ``broke`` hears of
    templates that cannot be used."""
    made = {}
    words, load = Composer(write_telegram, config, run, broke, house.now), loader(blobs, LARGEST_UPLOAD)
    for name, section in config.telegram.items():
        if section.enabled:
            api = Api(section)
            moves = Moves(partial(_moved, house.store, name))
            parts = InStore(house.store, name)
            sender = TelegramSender(
                api, words, load=load, moves=moves, gone=partial(_gone, house), progress=parts
            )
            made[name] = Bot(TelegramDoor(name, config, api, house, moves), sender)
    return made


async def _moved(store: Store, name: str, old: int, new: int) -> None:
    await persist(store, lambda tx: chat_progress.advance(tx, name, str(new), f"{MOVED}{old}"))


async def _gone(house: House, message: OutgoingMessage) -> None:
    """Who has blocked the bot, or is not there any more, said so once and for all: they are marked like a mailbox
    from which all comes back, until they write (J12)."""
    medium, where = message.to.medium, canonical(message.to.address)
    await persist(house.store, lambda tx: people.bounced(tx, medium, where, house.now(), times=MOST_BOUNCES))


async def check(config: Config, name: str) -> str:
    """Ask Telegram whether all is as it should be; returns it in words. Raises ``DeskbotError`` with what to do."""
    section = config.telegram[name]
    api = Api(section)
    try:
        me = await api.call("getMe")
        hook = text_in(await api.call("getWebhookInfo"), "url")
        if section.mode == "polling" and hook:
            raise ConfigError(
                f'a webhook is set for this bot ({hook[:100]}): remove it there, or set mode = "webhook"'
            )
        rooms = [await _room(api, where, number(me, "id")) for where in _rooms(config, name)]
    finally:
        await api.close()
    how = (
        "asks for updates"
        if section.mode == "polling"
        else f"is called at {hook or 'an address set at start'}"
    )
    return "; ".join([f"@{text_in(me, 'username')} {how}", *rooms])


def _rooms(config: Config, name: str) -> list[str]:
    places = (place.partition(":") for team in config.teams.values() for place in team.rooms)
    return sorted({where for channel, _, where in places if channel == name})


async def _room(api: Api, where: str, me: int) -> str:
    """What a team's room lacks."""
    if not where.removeprefix("-").isdecimal():
        raise ConfigError(f'"{where}" is no id of a group: it is a number such as -1001234567890')
    try:
        chat = await api.call("getChat", chat_id=int(where))
        member = await api.call("getChatMember", chat_id=int(where), user_id=me)
    except ChannelError as error:
        raise ConfigError(f"group {where}: {error}; add the bot to the group") from None
    title = f"{text_in(chat, 'title')} ({where})"
    if chat.get("is_forum") is not True:
        return f"{title} has no topics: {_ADVICE}"
    if member.get("can_manage_topics") is not True:
        raise ConfigError(f"{title}: make the bot an administrator who may manage topics and pin messages")
    return f"{title} is ready, one topic for each ticket"
