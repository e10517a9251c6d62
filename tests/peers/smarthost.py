"""A smarthost of our own: a strict SMTP server that does what its script says and remembers what it took.

::

    async with Smarthost() as host:
        host.will("RCPT", "451 4.7.1 greylisted")     # the next RCPT only; then as usual
        host.will("DOT", Deed.DROP_AFTER)             # takes the mail, and is gone before it says so

What a client may not do (a bare LF, commands ahead of their answers, a password in the clear, ...) is written
to ``violations``, which a test expects to be empty.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import ssl
from collections import defaultdict, deque
from dataclasses import dataclass, field
from enum import Enum
from types import TracebackType
from typing import Any, Final, Self

from tests.peers.wire import Wire

OK: Final = ""
"""In a script: as usual, this time."""


class Deed(Enum):
    """What can happen at a verb besides an answer."""

    DROP_BEFORE = "the connection is gone before the command is carried out"
    DROP_AFTER = "the command is carried out, and the connection is gone before the answer"
    ANSWER_AND_DROP = "the command is carried out and answered, and then the connection is gone"
    HANG = "nothing is said until the test sets ``released``; then as usual"
    GARBAGE = "something is said that is no answer of SMTP"


Step = str | Deed


@dataclass(frozen=True)
class Taken:
    """A mail that the smarthost has taken responsibility for."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes
    options: tuple[str, ...]
    """What stood behind the address in MAIL: SIZE=..., SMTPUTF8."""
    encrypted: bool
    user: str
    connection: int


@dataclass
class _State:
    connection: int
    encrypted: bool
    greeted: bool = False
    user: str = ""
    mail_from: str | None = None
    options: tuple[str, ...] = ()
    recipients: list[str] = field(default_factory=list)


class Smarthost:
    """Listens on a free port of 127.0.0.1 while it is entered."""

    def __init__(
        self,
        *,
        extensions: tuple[str, ...] = ("8BITMIME", "SMTPUTF8", "SIZE 1000000", "ENHANCEDSTATUSCODES"),
        starttls: ssl.SSLContext | None = None,
        implicit: ssl.SSLContext | None = None,
        auth: tuple[str, ...] = (),
        accounts: dict[str, str] | None = None,
        auth_in_the_clear: bool = False,
    ) -> None:
        self.extensions = extensions
        self._starttls = starttls
        self._implicit = implicit
        self._auth = auth
        self._accounts = accounts or {}
        self._auth_in_the_clear = auth_in_the_clear
        self._script: defaultdict[str, deque[Step]] = defaultdict(deque)
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._wires: list[Wire] = []
        self.released = asyncio.Event()
        self.reached = asyncio.Event()
        """Set when a scripted HANG has begun."""
        self.taken: list[Taken] = []
        self.commands: list[tuple[int, str]] = []
        """Every command, with the number of its connection; AUTH without what follows."""
        self.connections = 0
        self.violations: list[str] = []

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def will(self, verb: str, *steps: Step) -> None:
        """Script the next occurrences of a verb (CONNECT, EHLO, ..., DATA, DOT), one step each."""
        self._script[verb].extend(steps)

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0, ssl=self._implicit)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.drop_all()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(wire.lost.wait() for wire in self._wires if wire.made))

    def drop_all(self) -> None:
        """Lose every connection, as a restart of the relay does."""
        for wire in self._wires:
            wire.abort()

    async def all_gone(self) -> None:
        """Return when no client is connected any more."""
        await asyncio.gather(*(wire.lost.wait() for wire in self._wires if wire.made))

    def verbs(self, connection: int) -> list[str]:
        """What one connection (1, 2, ...) asked for, without arguments."""
        return [
            line.split(" ")[0].partition(":")[0] for number, line in self.commands if number == connection
        ]

    def _accept(self) -> Wire:
        wire = Wire(self._begin)
        self._wires.append(wire)
        return wire

    def _begin(self, wire: Wire) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(wire, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, wire: Wire, connection: int) -> None:
        state = _State(connection, encrypted=self._implicit is not None)
        try:
            if not await self._play("CONNECT", wire, lambda: "220 smarthost ESMTP"):
                return
            while await self._one_command(wire, state):
                pass
        except EOFError:
            pass
        finally:
            wire.close()

    async def _one_command(self, wire: Wire, state: _State) -> bool:
        line = await self._line(wire, state)
        verb, _, rest = line.partition(" ")
        verb = verb.upper()
        self.commands.append((state.connection, "AUTH" if verb == "AUTH" else line))
        if wire.pending and "PIPELINING" not in self.extensions:
            self.violations.append(f"did not wait for the answer to {line}")
        if verb == "AUTH":
            return await self._play("AUTH", wire, await self._authenticate(wire, state, rest))
        if verb == "STARTTLS":
            if not await self._play("STARTTLS", wire, lambda: "220 go"):
                return False
            if wire.last.startswith("220") and self._starttls:
                await wire.start_tls(self._starttls)
                fresh = _State(state.connection, encrypted=True)
                state.__dict__.update(fresh.__dict__)
            return True
        if not await self._play(verb, wire, lambda: self._carry_out(verb, rest, state)):
            return False
        if verb == "DATA" and wire.last.startswith("354"):
            content = await self._content(wire)
            return await self._play("DOT", wire, lambda: self._take(content, state))
        return verb != "QUIT"

    async def _play(self, verb: str, wire: Wire, usual: Any) -> bool:
        """Do what the script says now; false when the connection is over."""
        step: Step = self._script[verb].popleft() if self._script[verb] else OK
        if step is Deed.HANG:
            self.reached.set()
            await self.released.wait()
        if step is Deed.DROP_BEFORE:
            wire.abort()
            return False
        refused = isinstance(step, str) and step[:1] in ("4", "5")
        answer = str(step) if refused else usual()
        if step is Deed.DROP_AFTER:
            wire.abort()
            return False
        if isinstance(step, str) and step:
            answer = step
        if step is Deed.GARBAGE:
            answer = "what is this?"
        wire.answer(answer)
        return step is not Deed.ANSWER_AND_DROP and not answer.startswith("421")

    def _carry_out(self, verb: str, rest: str, state: _State) -> str:
        if verb in ("EHLO", "HELO"):
            state.greeted = bool(rest)
            return self._hello(state) if rest else "501 5.5.4 who are you?"
        if verb == "MAIL":
            return self._mail(rest, state)
        if verb == "RCPT":
            if state.mail_from is None:
                return "503 5.5.1 MAIL first"
            state.recipients.append(self._address(rest, "TO:")[0])
            return "250 2.1.5 ok"
        if verb == "DATA":
            return "354 go on" if state.recipients else "503 5.5.1 RCPT first"
        if verb == "RSET":
            state.mail_from, state.recipients = None, []
            return "250 2.0.0 ok"
        return {"QUIT": "221 2.0.0 bye", "NOOP": "250 2.0.0 ok"}.get(verb, "502 5.5.2 what?")

    def _hello(self, state: _State) -> str:
        offers = list(self.extensions)
        if self._starttls and not state.encrypted:
            offers.append("STARTTLS")
        if self._auth and (state.encrypted or self._auth_in_the_clear):
            offers.append("AUTH " + " ".join(self._auth))
        lines = ["smarthost", *offers]
        return "\r\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines)

    def _mail(self, rest: str, state: _State) -> str:
        if not state.greeted:
            return "503 5.5.1 EHLO first"
        if state.mail_from is not None:
            self.violations.append("MAIL inside of a transaction")
            return "503 5.5.1 nested MAIL"
        if self._accounts and not state.user:
            return "530 5.7.0 authentication required"
        state.mail_from, state.options = self._address(rest, "FROM:")
        state.recipients = []
        offered = {extension.split(" ")[0] for extension in self.extensions}
        asked = {"8BITMIME" if o.startswith("BODY=") else o.partition("=")[0] for o in state.options}
        if asked - offered:
            self.violations.append(f"uses what is not offered: {asked - offered}")
        return "250 2.1.0 ok"

    def _address(self, rest: str, word: str) -> tuple[str, tuple[str, ...]]:
        """The address literally, and the parameters after it."""
        if not rest.startswith(word + "<") or ">" not in rest:
            self.violations.append(f"no path: {rest}")
        address, _, options = rest[len(word) + 1 :].rpartition(">")
        if not address.isascii() and "SMTPUTF8" not in self.extensions:
            self.violations.append(f"UTF-8 address: {address}")
        return address, tuple(options.split())

    async def _authenticate(self, wire: Wire, state: _State, rest: str) -> Any:
        """Carry on the dialogue of AUTH; a function that gives the answer in the end."""
        if not state.encrypted and not self._auth_in_the_clear:
            self.violations.append("a password in the clear")
        method, _, initial = rest.partition(" ")
        if method.upper() == "PLAIN":
            _, user, password = base64.b64decode(initial).decode().split("\0")
        elif method.upper() == "LOGIN":
            user = base64.b64decode(initial).decode()
            wire.answer("334 UGFzc3dvcmQ6")
            password = base64.b64decode((await wire.line()).strip()).decode()
        else:
            wire.answer("334 " + base64.b64encode(b"<1@smarthost>").decode())
            user, _, digest = base64.b64decode((await wire.line()).strip()).decode().rpartition(" ")
            known = self._accounts.get(user, "")
            proof = hmac.digest(known.encode(), b"<1@smarthost>", "md5").hex()
            password = known if digest == proof else ""
        if not password or self._accounts.get(user) != password:
            return lambda: "535 5.7.8 no such login"
        state.user = user
        return lambda: "235 2.7.0 welcome"

    async def _line(self, wire: Wire, state: _State) -> str:
        line = await wire.line()
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            self.violations.append(f"a line that does not end with CRLF: {line!r}")
        if len(line) > 1024:
            self.violations.append(f"a command of {len(line)} octets")
        return line.rstrip(b"\r\n").decode("utf-8")

    async def _content(self, wire: Wire) -> bytes:
        lines: list[bytes] = []
        while (line := await wire.line()) != b".\r\n":
            if not line.endswith(b"\r\n") or b"\r" in line[:-2] or b"\0" in line:
                self.violations.append(f"bare CR, LF or NUL in the mail: {line!r}")
            if line.startswith(b".") and not line.startswith(b".."):
                self.violations.append(f"a dot that is not doubled: {line!r}")
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)

    def _take(self, content: bytes, state: _State) -> str:
        envelope = state.mail_from or "", tuple(state.recipients)
        self.taken.append(
            Taken(*envelope, content, state.options, state.encrypted, state.user, state.connection)
        )
        state.mail_from, state.recipients = None, []
        return f"250 2.0.0 queued as {len(self.taken)}"
