"""One connection to the relay: open it, log in, hand over one mail after another.

``aiosmtplib`` speaks the protocol; its one-call ``sendmail`` is not used, because it does not tell whether a
connection was lost before or after the final dot, has one timeout for both, and costs half as much again.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPException,
    SMTPResponseException,
)

from bot.channels.relay_answers import Stage, broken, classify, secrets_of, shown
from bot.channels.relay_setup import advise, is_loopback, our_name
from bot.channels.relay_wire import limit_of, path, stuffed
from bot.errors import ChannelError

if TYPE_CHECKING:
    from aiosmtplib.response import SMTPResponse

    from bot.config import Relay
    from bot.mail.compose import ComposedMail

GOODBYE_SECONDS: Final = 5.0
"""For RSET and QUIT: courtesies that must not hold up a mail or a stop."""


class LostBeforeMail(ChannelError):
    """The connection was gone, or was closed, before the relay had agreed to MAIL: nothing has happened."""


class Session:
    """A connection on which the relay has greeted us, and we have logged in if we should."""

    def __init__(self, relay: Relay, context: ssl.SSLContext | None) -> None:
        self._relay = relay
        self._timeout = relay.timeout.total_seconds()
        self._password = relay.password.get_secret_value()
        self._secrets = secrets_of(relay.user, self._password)
        self._client = SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.tls == "implicit",
            start_tls=False,  # a step of our own: the library's would not say at which step it failed
            tls_context=context,
            timeout=None,  # our own: the library's wait_for can forget on Python 3.11 that it was cancelled
            local_hostname="localhost",  # spares a look-up of names; EHLO is given the real one
        )
        self._encrypted = False
        self._offers: dict[str, str] = {}
        self._methods: tuple[str, ...] = ()
        self.mails = 0
        """How many mails this connection has been asked to take."""

    @property
    def alive(self) -> bool:
        return self._client.is_connected

    async def open(self, hostname: str) -> None:
        """Connect, encrypt, log in. Raises ``ChannelError``, always temporary, with what to do."""
        try:
            await self._connect(hostname)
        except (SMTPException, OSError) as error:  # lost between two steps
            self.abort()
            raise broken(Stage.CONNECT, shown(advise(error, self._relay), self._secrets)) from None
        except BaseException:
            self.abort()
            raise

    async def _connect(self, hostname: str) -> None:
        client = self._client
        await self._set_up(Stage.CONNECT, client.connect)
        self._encrypted = client.get_transport_info("ssl_object") is not None
        name = hostname or our_name(client.get_transport_info("sockname"))
        await self._hello(name)
        if self._relay.tls == "starttls":
            if "starttls" not in self._offers:
                raise ChannelError(
                    f"the relay {self._relay.host}:{self._relay.port} does not offer STARTTLS, and mail is not "
                    'sent in the clear: set relay.tls to "implicit" (port 465), or to "off" for a relay on '
                    "this machine"
                )
            await self._set_up(Stage.STARTTLS, client.starttls)
            self._encrypted = client.get_transport_info("ssl_object") is not None
            await self._hello(name)  # what was offered in the clear is forgotten (RFC 3207, 4.2)
        if self._relay.tls != "off" and not self._encrypted:
            raise ChannelError("the connection to the relay is not encrypted although relay.tls asks for it")
        if self._relay.user:
            await self._log_in()

    async def _hello(self, name: str) -> None:
        """EHLO. What is offered is kept here, because the library forgets it when the connection is lost."""
        await self._set_up(Stage.HELLO, lambda: self._client.ehlo(hostname=name))
        self._offers = dict(self._client.esmtp_extensions)
        self._methods = tuple(self._client.server_auth_methods)

    async def _log_in(self) -> None:
        """AUTH once, with the first method that both know: a wrong password tried thrice locks accounts."""
        client = self._client
        if not self._encrypted and not is_loopback(client.get_transport_info("peername")):
            raise ChannelError("the relay would be given the password in the clear: set relay.tls")
        offered = self._methods
        user, password = self._relay.user, self._password
        if "plain" in offered:
            await self._set_up(Stage.AUTH, lambda: client.auth_plain(user, password))
        elif "login" in offered:
            await self._set_up(Stage.AUTH, lambda: client.auth_login(user, password))
        elif "cram-md5" in offered:
            await self._set_up(Stage.AUTH, lambda: client.auth_crammd5(user, password))
        else:
            names = shown(", ".join(offered).upper() or "none")
            raise ChannelError(
                f"the relay offers no way to log in that Deskbot knows (PLAIN, LOGIN, CRAM-MD5; it has: {names}): "
                "leave relay.user empty if it wants no login"
            )

    async def _set_up(self, stage: Stage, step: Callable[[], Awaitable[object]]) -> None:
        """Run one step of the library's, and translate what it raises."""
        try:
            async with asyncio.timeout(self._timeout):
                await step()
        except SMTPResponseException as error:
            raise classify(stage, error.code, shown(error.message, self._secrets)) from None
        except (SMTPException, OSError) as error:
            raise broken(stage, shown(advise(error, self._relay), self._secrets)) from None

    async def hand_over(self, mail: ComposedMail) -> str:
        """Give one mail to the relay; the answer to the final dot.

        Raises ``ChannelError``; ``LostBeforeMail`` when trying on another connection repeats nothing.
        """
        envelope = self._envelope(mail)
        self.mails += 1
        try:
            return await self._transact(*envelope, mail.raw)
        except ChannelError:
            await self._reset()
            raise
        except BaseException:
            self.abort()  # cancelled in the middle: nobody knows where the conversation stands
            raise

    def _envelope(self, mail: ComposedMail) -> tuple[bytes, bytes]:
        """The MAIL and RCPT commands; ``ChannelError``, permanent, when this relay can never take the mail."""
        offers = self._offers
        international = mail.smtputf8 or not (mail.mail_from + mail.recipient).isascii()
        if international and "smtputf8" not in offers:
            raise ChannelError(
                f"the address {shown(mail.recipient)} needs a relay with SMTPUTF8 (RFC 6531), and "
                f"{self._relay.host} does not offer it",
                permanent=True,
            )
        if b"\0" in mail.raw:
            raise ChannelError("the mail holds a NUL, which no mail may (RFC 5322, 4)", permanent=True)
        if 0 < (largest := limit_of(offers.get("size", ""))) < len(mail.raw):
            raise ChannelError(
                f"the mail has {len(mail.raw)} bytes, and the relay takes {largest} at most",
                permanent=True,
            )
        options = b" SIZE=%d" % len(mail.raw) if "size" in offers else b""  # RFC 1870
        if not mail.raw.isascii():
            if "8bitmime" not in offers:
                raise ChannelError(
                    "the relay takes no 8-bit mail (RFC 6152), and this is one", permanent=True
                )
            options += b" BODY=8BITMIME"
        if international:
            options += b" SMTPUTF8"
        return b"MAIL FROM:" + path(mail.mail_from) + options, b"RCPT TO:" + path(mail.recipient)

    async def _transact(self, mail_command: bytes, rcpt_command: bytes, raw: bytes) -> str:
        answer = await self._command(Stage.MAIL, mail_command)
        if answer.code == 421:
            raise LostBeforeMail(str(self._refusal(Stage.MAIL, answer)))
        if answer.code // 100 != 2:  # the first digit decides (RFC 5321, 4.2.1)
            raise self._refusal(Stage.MAIL, answer)
        answer = await self._command(Stage.RCPT, rcpt_command)
        if answer.code // 100 != 2:
            raise self._refusal(Stage.RCPT, answer)
        answer = await self._command(Stage.DATA, b"DATA")
        if answer.code // 100 != 3:
            raise self._refusal(Stage.DATA, answer)
        answer = await self._content(raw)
        if answer.code // 100 != 2:
            raise self._refusal(Stage.CONTENT, answer)
        return shown(f"{answer.code} {answer.message}", self._secrets)

    async def _command(self, stage: Stage, line: bytes) -> SMTPResponse:
        try:
            async with asyncio.timeout(self._timeout):
                return await self._client.execute_command(line)
        except (SMTPException, OSError) as error:
            raise self._lost(stage, error, self._timeout) from None

    async def _content(self, raw: bytes) -> SMTPResponse:
        """Write the mail and its final dot in one piece, and wait for the answer that counts.

        The command timeout is too short here: a relay may scan the mail before it answers, and giving up
        too early is what makes a copy (RFC 5321, 4.5.3.2.6).
        """
        seconds = self._relay.data_timeout.total_seconds()
        protocol = self._client.protocol
        if protocol is None or not self.alive:  # nothing of the mail has been written
            raise broken(Stage.DATA, "the relay closed the connection")
        try:
            protocol.write(stuffed(raw))
            async with asyncio.timeout(seconds):
                return await protocol.read_response()
        except (SMTPException, OSError) as error:
            raise self._lost(Stage.CONTENT, error, seconds) from None

    def _lost(self, stage: Stage, error: Exception, seconds: float) -> ChannelError:
        self.abort()
        if isinstance(error, SMTPResponseException):  # the library's way to say that it was no SMTP answer
            return classify(stage, error.code, shown(error.message, self._secrets))
        if isinstance(error, TimeoutError):
            what = f"the relay did not answer within {seconds:g} s"
        else:
            what = "the relay closed the connection"
        lost = broken(stage, what)
        return LostBeforeMail(str(lost)) if stage is Stage.MAIL else lost

    def _refusal(self, stage: Stage, answer: SMTPResponse) -> ChannelError:
        if answer.code == 421 or not 400 <= answer.code <= 599:
            self.abort()  # it closes, or the conversation is out of step
        return classify(stage, answer.code, shown(answer.message, self._secrets))

    async def _reset(self) -> None:
        """RSET, so that the next mail does not inherit a half-finished envelope; a relay that cannot is left."""
        if not self.alive:
            return
        try:
            async with asyncio.timeout(min(GOODBYE_SECONDS, self._timeout)):
                await self._client.rset()
        except (SMTPException, OSError):
            self.abort()

    async def quit(self) -> None:
        """Say goodbye, briefly, and close whatever the relay thinks of it."""
        try:
            if self.alive:
                async with asyncio.timeout(min(GOODBYE_SECONDS, self._timeout)):
                    await self._client.quit()
        except (SMTPException, OSError):
            pass
        finally:
            self._client.close()

    def abort(self) -> None:
        """Close at once, without TLS courtesies to a peer that does not answer."""
        transport = self._client.transport
        self._client.close()
        abort = getattr(transport, "abort", None)
        if abort is not None:
            abort()
