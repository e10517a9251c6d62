"""The conversation on a connection: line for line, which command it is and whether it may come now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, Final

from bot.channels.smtp_session import Connection
from bot.channels.smtp_stream import ClientGone, LineTooLong

LINE_LIMIT: Final = 12_290
"""Octets of the longest line that can be meant: an answer in AUTH (RFC 4954, section 4)."""
COMMAND_LIMIT: Final = 2_048
"""Octets of a command line. RFC 5321, 4.5.3.1.4, says 512 and more with each extension."""
UNKNOWN_COMMAND: Final = 20
"""Points for something that is no SMTP: five of them are enough."""
BEFORE_TLS: Final = frozenset({"NOOP", "EHLO", "LHLO", "STARTTLS", "QUIT"})

Command = Callable[[Any, str], Awaitable[None]]


class Conversation(Connection):
    """What all commands have in common. Subclasses add them."""

    commands: ClassVar[dict[str, Command]] = {}
    """By their verbs. One table for the class; aiosmtpd makes one for each connection."""

    async def _handle_client(self) -> None:
        try:
            if self._proxied:
                await self._read_proxy_header()
            self.say(self.shared.banner)
            while not self.closing:
                await self._next_command()
        except ClientGone:
            pass
        except LineTooLong:
            self._dropped("smtp.line_too_long")
            self.hang_up(b"500 5.5.2 Line too long")
        except Exception as error:  # noqa: BLE001  whatever it is, it must not take the door down or leak
            self._failed(error)
            self.hang_up(b"421 4.3.0 Trouble here, try again later")
        finally:
            self.closing = True
            self.wire.close()

    async def _next_command(self) -> None:
        self.restart_clock()
        line = await self.stream.line(LINE_LIMIT)
        if self.closing:
            return
        self._commands_left -= 1
        if self._commands_left < 0:
            self._dropped("smtp.too_many_commands")
            self.hang_up(b"421 4.7.0 Too many commands")
            return
        if not line.endswith(b"\r\n"):
            self.refuse(b"500 5.5.2 A line ends with CR LF", UNKNOWN_COMMAND)
            return
        try:
            verb, _, argument = line[:-2].decode().partition(" ")
        except UnicodeDecodeError:
            self.refuse(b"500 5.5.2 Neither ASCII nor UTF-8")
            return
        verb = verb.upper()
        command = self.commands.get(verb)
        if command is None:
            self._unknown(verb)
        elif len(line) > COMMAND_LIMIT and verb != "AUTH":
            self.refuse(b"500 5.5.2 Line too long")
        elif self.shared.section.tls == "required" and not self.secure and verb not in BEFORE_TLS:
            self.refuse(b"530 5.7.0 Use STARTTLS first")
        else:
            await self._run(command, argument.strip(" "))

    async def _run(self, command: Command, argument: str) -> None:
        try:
            await command(self, argument)
        except (ClientGone, LineTooLong):
            raise
        except Exception as error:  # noqa: BLE001  a client never sees an exception's text, nor a 5xx for it
            self._failed(error)
            self.refuse(b"451 4.3.0 Trouble here, try again later")

    def _unknown(self, verb: str) -> None:
        if verb in ("PROXY", "GET", "POST", "CONNECT") or "\0" in verb:  # an unlisted proxy, or a browser
            self._dropped("smtp.not_smtp")
            self.hang_up(b"421 4.7.0 Not here")
        else:
            self.refuse(b"500 5.5.1 Unknown command", UNKNOWN_COMMAND)
