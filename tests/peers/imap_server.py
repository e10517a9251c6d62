"""A scripted IMAP server for what Dovecot cannot be made to do: lie, forget, drop, throttle, attack.

It keeps real folders, and plays RFC 9051 as far as Deskbot speaks it; ``faults`` say where it does something
else. It runs in the test's own loop, on a free port.
"""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, Self

DATE: Final = "02-Mar-2026 09:00:00 +0000"
_ATOM: Final = re.compile(r'"((?:[^"\\]|\\.)*)"|\(([^)]*)\)|([^\s]+)')


@dataclass
class Mail:
    """A mail in a folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)
    date: str = DATE
    size: int | None = None
    """What the server says of its size; None: the truth."""


@dataclass
class Fault:
    """What goes wrong at a command: "drop" the connection, say "bye", answer "no" or "bad", "hang", or send
    ``words`` and go on waiting. ``after``: only once the command has been carried out."""

    command: str
    action: str
    times: int = 1
    words: bytes = b""
    after: bool = False
    uid: int | None = None
    """Only when the command names this mail."""
    holding: str = ""
    """Only when the command holds this."""


class Dropped(Exception):
    """The connection ends here."""


class ImapServer:
    """One account, any user and the password "right"."""

    def __init__(self, *mails: bytes, capabilities: str = "IMAP4rev1 IDLE MOVE UIDPLUS") -> None:
        self.capabilities = capabilities
        self.uidvalidity: int | None = 1
        self.folders: dict[str, list[Mail]] = {"INBOX": []}
        self.faults: list[Fault] = []
        self.password = "right"
        self.greeting = b"* OK ready"
        self.announces = True
        """Whether IDLE tells of new mail at all."""
        self.commands: list[str] = []
        self.logins: list[float] = []
        self.greeted: list[float] = []
        self.literal: Callable[[int, bytes], bytes] = lambda _, raw: b"{%d}\r\n" % len(raw) + raw
        self.port = 0
        self.last_tag = b""
        self._next = 1
        self._server: asyncio.Server | None = None
        self._sessions: set[_Session] = set()
        self._seen = asyncio.Condition()
        for raw in mails:
            self.add(raw)

    def add(self, raw: bytes, folder: str = "INBOX", size: int | None = None, date: str = DATE) -> Mail:
        """New mail; whoever idles is told."""
        mail = Mail(self._next, raw, size=size, date=date)
        self._next += 1
        self.folders.setdefault(folder, []).append(mail)
        for session in self._sessions:
            if session.idling and self.announces and folder == "INBOX":
                session.say(f"* {len(self.folders['INBOX'])} EXISTS")
        return mail

    def renumber(self, uidvalidity: int | None, start: int = 1) -> None:
        """A new UIDVALIDITY: the same mails under other numbers."""
        self.uidvalidity = uidvalidity
        self._next = start
        for mails in self.folders.values():
            for mail in mails:
                mail.uid = self._next
                self._next += 1

    def uids(self, folder: str = "INBOX") -> list[int]:
        return [mail.uid for mail in self.folders.get(folder, [])]

    async def said(self, command: str, times: int = 1) -> None:
        """Until clients have given so many such commands in all."""
        async with asyncio.timeout(20), self._seen:
            await self._seen.wait_for(lambda: sum(c.startswith(command) for c in self.commands) >= times)

    def cut(self) -> None:
        """Reset every connection."""
        for session in list(self._sessions):
            session.writer.transport.abort()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    async def note(self, line: str) -> None:
        """A command has come."""
        async with self._seen:
            self.commands.append(line)
            self._seen.notify_all()

    def fault_for(self, line: str, *, after: bool) -> Fault | None:
        """The next fault that this command meets."""
        for fault in self.faults:
            named = fault.uid is None or re.search(rf"\b{fault.uid}\b", line)
            meant = line.upper().startswith(fault.command) and fault.holding in line and named
            if fault.times and fault.after == after and meant:
                fault.times -= 1
                return fault
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = _Session(self, reader, writer)
        self._sessions.add(session)
        self.greeted.append(monotonic())
        try:
            await session.run()
        except (Dropped, ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._sessions.discard(session)
            writer.transport.abort()


class _Session:
    def __init__(
        self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server = server
        self.reader = reader
        self.writer = writer
        self.idling = False
        self.folder = ""
        self.told = 0
        """How many mails the client knows of."""

    def say(self, line: str) -> None:
        self.writer.write(line.encode() + b"\r\n")

    async def run(self) -> None:
        self.writer.write(self.server.greeting + b"\r\n")
        while line := await self.reader.readline():
            tag, _, command = line.decode().rstrip("\r\n").partition(" ")
            self.server.last_tag = tag.encode()
            await self.server.note(command)
            await self._strike(tag, self.server.fault_for(command, after=False))
            if not await self._carry_out(tag, command):
                return
            await self._strike(tag, self.server.fault_for(command, after=True))
            await self.writer.drain()

    async def _strike(self, tag: str, fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.words:
            self.writer.write(fault.words)
            await self.writer.drain()
        if fault.action == "bye":
            self.say("* BYE [UNAVAILABLE] come back later")
            await self.writer.drain()
            self.writer.close()
            raise Dropped
        if fault.action == "drop":
            self.writer.transport.abort()
            raise Dropped
        if fault.action == "hang":
            await self.reader.read(1_000_000)
            raise Dropped
        if fault.action in {"no", "bad"}:
            self.say(f"{tag} {fault.action.upper()} not this time")
            self._refused = True

    _refused = False

    async def _carry_out(self, tag: str, line: str) -> bool:
        if self._refused:
            self._refused = False
            return True
        words = line.split(" ")
        name = words[0].upper()
        if name == "UID":
            name, line = f"UID {words[1].upper()}", line.partition(" ")[2]
        handler = getattr(self, "_" + name.lower().replace(" ", "_"), None)
        if handler is None:
            self.say(f"{tag} BAD unknown")
            return True
        arguments = [a or b or c for a, b, c in _ATOM.findall(line.partition(" ")[2])]
        return bool(await handler(tag, arguments, line))

    async def _capability(self, tag: str, arguments: list[str], line: str) -> bool:
        self.say(f"* CAPABILITY {self.server.capabilities}")
        return self._ok(tag)

    async def _noop(self, tag: str, arguments: list[str], line: str) -> bool:
        return self._ok(tag)

    async def _logout(self, tag: str, arguments: list[str], line: str) -> bool:
        self.say("* BYE")
        self._ok(tag)
        await self.writer.drain()
        return False

    async def _login(self, tag: str, arguments: list[str], line: str) -> bool:
        return self._let_in(tag, right=_unquoted(arguments[-1]) == self.server.password)

    async def _authenticate(self, tag: str, arguments: list[str], line: str) -> bool:
        self.say("+ ")
        given = base64.b64decode(await self.reader.readline())
        if arguments[0] == "PLAIN":
            return self._let_in(tag, right=given.endswith(b"\0" + self.server.password.encode()))
        right = b"Bearer " + self.server.password.encode() in given
        if not right:
            self.say("+ " + base64.b64encode(b'{"status":"401"}').decode())
            assert await self.reader.readline() == b"\r\n"
        return self._let_in(tag, right=right)

    def _let_in(self, tag: str, *, right: bool) -> bool:
        self.server.logins.append(monotonic())
        if right:
            return self._ok(tag)
        self.say(f"{tag} NO [AUTHENTICATIONFAILED] no")
        return True

    async def _list(self, tag: str, arguments: list[str], line: str) -> bool:
        if arguments[-1] in self.server.folders:
            self.say(f'* LIST () "/" "{arguments[-1]}"')
        return self._ok(tag)

    async def _create(self, tag: str, arguments: list[str], line: str) -> bool:
        self.server.folders.setdefault(arguments[0], [])
        return self._ok(tag)

    async def _select(self, tag: str, arguments: list[str], line: str) -> bool:
        self.folder = arguments[0]
        self.say(f"* {len(self._mails())} EXISTS")
        self.say("* 0 RECENT")
        if self.server.uidvalidity is not None:
            self.say(f"* OK [UIDVALIDITY {self.server.uidvalidity}] fine")
        self.say("* OK [UIDNEXT 1] a lie")
        return self._ok(tag, "[READ-WRITE]")

    async def _examine(self, tag: str, arguments: list[str], line: str) -> bool:
        return await self._select(tag, arguments, line)

    async def _uid_search(self, tag: str, arguments: list[str], line: str) -> bool:
        low = int(arguments[1].partition(":")[0])
        self.told = len(self._mails())
        found = [mail.uid for mail in self._mails() if mail.uid >= low]
        if not found and self._mails():
            found = [self._mails()[-1].uid]  # "*" is the last mail, whatever its number
        self.say("* SEARCH " + " ".join(map(str, found)))
        return self._ok(tag)

    async def _uid_fetch(self, tag: str, arguments: list[str], line: str) -> bool:
        for number, mail in enumerate(self._mails(), 1):
            if mail.uid in _numbers(arguments[0]):
                self._give(number, mail, line)
        return self._ok(tag)

    def _give(self, number: int, mail: Mail, line: str) -> None:
        if "BODY.PEEK[HEADER]" in line:
            head = mail.raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            self.writer.write(b"* %d FETCH (UID %d BODY[HEADER]<0> " % (number, mail.uid))
            self.writer.write(b"{%d}\r\n" % len(head) + head + b")\r\n")
        elif "BODY.PEEK[]" in line:
            self.writer.write(b"* %d FETCH (UID %d BODY[] " % (number, mail.uid))
            self.writer.write(self.server.literal(mail.uid, mail.raw) + b")\r\n")
        else:
            size = len(mail.raw) if mail.size is None else mail.size
            self.say(f'* {number} FETCH (UID {mail.uid} RFC822.SIZE {size} INTERNALDATE "{mail.date}")')

    async def _uid_move(self, tag: str, arguments: list[str], line: str) -> bool:
        return self._copy(tag, arguments) and self._expunge(tag, _numbers(arguments[0]))

    async def _uid_copy(self, tag: str, arguments: list[str], line: str) -> bool:
        return self._copy(tag, arguments) and self._ok(tag)

    def _copy(self, tag: str, arguments: list[str]) -> bool:
        target = self.server.folders[arguments[1]]
        for mail in self._mails():
            if mail.uid in _numbers(arguments[0]):
                target.append(Mail(1000 + len(target), mail.raw))
        return True

    async def _uid_store(self, tag: str, arguments: list[str], line: str) -> bool:
        for mail in self._mails():
            if mail.uid in _numbers(arguments[0]):
                mail.flags.update(arguments[2].split())
        return self._ok(tag)

    async def _uid_expunge(self, tag: str, arguments: list[str], line: str) -> bool:
        deleted = {mail.uid for mail in self._mails() if "\\Deleted" in mail.flags}
        return self._expunge(tag, _numbers(arguments[0]) & deleted)

    def _expunge(self, tag: str, uids: set[int]) -> bool:
        for number in range(len(self._mails()), 0, -1):
            if self._mails()[number - 1].uid in uids:
                self.say(f"* {number} EXPUNGE")
                del self._mails()[number - 1]
        return self._ok(tag)

    async def _idle(self, tag: str, arguments: list[str], line: str) -> bool:
        self.say("+ idling")
        self.idling = True
        if self.server.announces and len(self._mails()) > self.told:
            self.say(f"* {len(self._mails())} EXISTS")
        done = await self.reader.readline()
        self.idling = False
        if not done:
            raise Dropped
        assert done == b"DONE\r\n"
        return self._ok(tag)

    def _mails(self) -> list[Mail]:
        return self.server.folders[self.folder]

    def _ok(self, tag: str, words: str = "") -> bool:
        self.say(f"{tag} OK {words} done")
        return True


def _numbers(given: str) -> set[int]:
    numbers: set[int] = set()
    for part in given.split(","):
        low, _, high = part.partition(":")
        numbers.update(range(int(low), int(high or low) + 1))
    return numbers


def _unquoted(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word)
