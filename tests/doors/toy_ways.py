"""The adapters of the toy door."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bot.errors import ChannelError
from bot.message import Action, IncomingMessage, Party
from bot.ports import Sender
from tests.doors.keeper import Keeper
from tests.doors.toy import LARGEST, Letter, Loft, ToyDoor, ToySender, Wrong
from tests.doors.ways_in import File, MakesWayIn, Said, WayIn
from tests.doors.ways_out import Fails, MakesWayOut, Seen, WayOut

_PATIENCE = 0.5


class ToyIn(WayIn):
    """Ann's pigeons."""

    source: ToyDoor
    most = LARGEST
    patience = _PATIENCE

    def __init__(self, keeper: Keeper, loft: Loft, wrong: Wrong | None) -> None:
        super().__init__(keeper)
        self._loft = loft
        self.source = ToyDoor(loft, wrong)

    async def ready(self) -> None:
        await self.eventually(self.source.running.is_set, "the door never serves")

    async def says(self, text: str, files: Sequence[File] = ()) -> Said:
        told = {"text": text, "files": [(name, content.hex()) for name, content in files]}
        return _told(self._loft.brings(told))

    async def again(self, said: Said) -> Said:
        assert isinstance(said.event, Letter)
        return _told(self._loft.brings(said.event.told, said.event.number))

    async def tries_again(self, said: Said) -> Said:
        return said  # its pigeon waits

    async def nonsense(self) -> None:
        self._loft.brings({"coo": 7})

    async def too_much(self) -> Said:
        return await self.says("coo" * LARGEST)


def _told(letter: Letter) -> Said:
    text = str(letter.told.get("text", ""))
    return Said(text, lambda: letter.taken, letter, lambda: letter.returned)


class ToyOut(WayOut):
    """Pigeons to Ann, to Ben and to the room."""

    remedy = "feed them"
    finds_out = True
    patience = _PATIENCE
    to = Party("toy", "toy/ann", "Ann")
    other = Party("toy", "toy/ben", "Ben")
    room = Party("toy", "toy/room")

    def __init__(self, keeper: Keeper, wrong: Wrong | None) -> None:
        super().__init__(keeper)
        self._loft = Loft()
        self._wrong = wrong
        self._door = ToyIn(keeper, self._loft, wrong)
        self.sender = self.another()

    async def seen(self, by: Party | None = None) -> list[Seen]:
        mine = (post for post in self._loft.posts if post.to == (by or self.to).address)
        return [Seen(post.text, tuple(post.buttons), post.files, (), post.stands) for post in mine]

    def fail(self, how: Fails) -> None:
        self._loft.fails.append(
            {
                Fails.FOR_GOOD: ChannelError("no such loft", permanent=True),
                Fails.FOR_NOW: ChannelError("no pigeon is free"),
                Fails.TOO_OFTEN: ChannelError("the pigeon is tired", retry_after=60),
                Fails.SILENT: ChannelError("", ambiguous=True),
            }[how]
        )

    def has_failed(self) -> bool:
        return not self._loft.fails

    def another(self, *, let_in: bool = True) -> Sender:
        return ToySender(self._loft, self._wrong, let_in=let_in)

    async def answer(self, text: str) -> IncomingMessage:
        return await self._comes({"text": text, "answers": self._loft.posts[-1].stands})

    async def press(self, label: str, where: Party | None = None) -> Action | None:
        to = (where or self.to).address
        post = [one for one in self._loft.posts if one.to == to][-1]
        pressed = next(told for name, told in post.buttons.items() if name.startswith(label))
        return (await self._comes({"text": "", **pressed})).action

    async def _comes(self, told: dict[str, Any]) -> IncomingMessage:
        await self._door.start()
        await self._door.taken(_told(self._loft.brings({"files": [], **told})))
        await self._door.stop()
        return (await self._door.messages())[-1]

    def take_away(self, reference: str) -> None:
        self._loft.posts = [post for post in self._loft.posts if str(post.number) != reference]


def toy_in(wrong: Wrong | None) -> MakesWayIn:
    """The door of the loft."""

    @asynccontextmanager
    async def made(keeper: Keeper) -> AsyncIterator[WayIn]:
        yield ToyIn(keeper, Loft(), wrong)

    return made


def toy_out(wrong: Wrong | None) -> MakesWayOut:
    """The way out of it."""

    @asynccontextmanager
    async def made(keeper: Keeper) -> AsyncIterator[WayOut]:
        yield ToyOut(keeper, wrong)

    return made
