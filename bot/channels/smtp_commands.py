"""The commands of SMTP (RFC 5321) and LMTP (RFC 2033), as the door answers them.

250 after DATA means: committed. It is said nowhere else, and only after ``accept`` has returned.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from bot.channels.smtp_address import Path, hides_something, read_path
from bot.channels.smtp_body import Body, Verdict
from bot.channels.smtp_conversation import UNKNOWN_COMMAND, Command, Conversation
from bot.channels.smtp_login import log_in
from bot.channels.smtp_parameters import NEEDS_UTF8, TOO_BIG, UNKNOWN, read_parameters
from bot.channels.smtp_session import Phase, log
from bot.errors import StoreUnavailable
from bot.failpoints import failpoint
from bot.log import address_hash
from bot.mail.identity import content_key
from bot.message import Payload

BIG: Final = 262_144
"""Octets above which a mail is hashed in a thread, so that others are served meanwhile."""

NO_ROOM: Final = b"452 4.3.1 No room at the moment, try again later"
NOT_KEPT: Final = b"451 4.3.0 Could not be stored, try again later"
HELLO_FIRST: Final = b"503 5.5.1 Say hello first"


class Session(Conversation):
    """What SMTP commands do."""

    async def helo(self, arg: str) -> None:
        if self._greeted(arg, extended=False):
            self.say(f"250 {self.shared.section.hostname}".encode())

    async def ehlo(self, arg: str) -> None:
        if self._greeted(arg, extended=True):
            self.say(b"\r\n".join(self._extensions()))

    async def starttls(self, arg: str) -> None:
        if arg:
            self.refuse(b"501 5.5.4 STARTTLS stands alone")
        elif self.shared.tls is None or self.secure:
            self.refuse(b"503 5.5.1 TLS is not to be had here")
        else:
            self.say(b"220 2.0.0 Go ahead")
            await self.start_tls()

    async def mail(self, arg: str) -> None:
        if self.session.host_name is None:
            self.refuse(HELLO_FIRST)
        elif self.envelope.mail_from is not None:
            self.refuse(b"503 5.5.1 One sender for each mail")
        elif (path := self._path(arg, "FROM:", b"501 5.5.4 MAIL FROM:<address>", b"5.1.7")) is not None:
            largest = self.shared.section.max_size
            extended, logged_in = self.session.extended_smtp, bool(self.user)
            read = read_parameters(path, largest, extended=extended, logged_in=logged_in)
            refusal = read.refusal
            if refusal is None and not self.shared.room.enough(self.loop.time()):
                refusal = NO_ROOM
            if refusal is not None:
                self.reset()
                self.refuse(refusal)
                return
            self.envelope.mail_from = path.address
            self.envelope.smtp_utf8 = read.utf8
            self.say(b"250 2.1.0 OK")

    async def rcpt(self, arg: str) -> None:
        recipients = self.envelope.rcpt_tos
        if self.envelope.mail_from is None:
            self.refuse(b"503 5.5.1 MAIL FROM first")
        elif len(recipients) >= self.shared.section.max_recipients:
            self.say(b"452 4.5.3 Too many recipients")
        elif (path := self._path(arg, "TO:", b"501 5.5.4 RCPT TO:<address>", b"5.1.3")) is not None:
            if not path.address:
                self.refuse(b"501 5.1.3 RCPT TO:<address>")
            elif (refusal := self.shared.own.refusal(path)) is not None:
                log.info("recipient refused", extra=self._refused(path, refusal))
                self.refuse(refusal)
            elif path.rest:
                self.refuse(UNKNOWN)
            elif not path.address.isascii() and not self.envelope.smtp_utf8:
                self.refuse(NEEDS_UTF8)
            else:
                recipients.append(path.address)
                self.say(b"250 2.1.5 OK")

    async def data(self, arg: str) -> None:
        if not self.envelope.rcpt_tos:
            self.refuse(b"503 5.5.1 RCPT TO first")
        elif arg:
            self.refuse(b"501 5.5.4 DATA stands alone")
        elif not self.shared.room.enough(self.loop.time()):
            self.say(NO_ROOM)
        else:
            body = self.body = Body(self.shared.section.max_size, self.shared.memory)
            try:
                await self._take(body)
            finally:
                body.release()
                self.body = None
                self.phase = Phase.COMMAND
            self.reset()
            if self.shared.stopping:
                self.hang_up(b"421 4.3.2 Closing")

    async def rset(self, _: str) -> None:
        self.reset()
        self.refuse(b"250 2.0.0 OK")  # harmless, but not without end

    async def noop(self, _: str) -> None:
        self.refuse(b"250 2.0.0 OK")

    async def vrfy(self, _: str) -> None:
        self.refuse(b"252 2.0.0 Send a mail and see")

    async def expn(self, _: str) -> None:
        self.refuse(b"502 5.5.1 Not here")

    async def help_(self, _: str) -> None:
        self.refuse(b"214 2.0.0 See RFC 5321")

    async def quit_(self, _: str) -> None:
        self.hang_up(b"221 2.0.0 Bye")

    async def auth(self, arg: str) -> None:
        if self.session.host_name is None or not self.session.extended_smtp:
            self.refuse(HELLO_FIRST)
        elif not self.shared.section.accounts:
            self.refuse(b"502 5.5.1 Nobody logs in here", UNKNOWN_COMMAND)
        elif not self.secure:
            self.refuse(b"538 5.7.11 Encryption first", UNKNOWN_COMMAND)
        elif self.user or self.envelope.mail_from is not None:
            self.refuse(b"503 5.5.1 Not now")
        else:
            await log_in(self, arg)

    # Greeting.

    def _greeted(self, name: str, *, extended: bool) -> bool:
        if not name or len(name) > 255 or hides_something(name):
            self.refuse(b"501 5.5.4 Who are you?")
            return False
        self.reset()
        self.session.host_name = name
        self.session.extended_smtp = extended
        return True

    def _extensions(self) -> list[bytes]:
        section = self.shared.section
        words = ["SIZE " + str(section.max_size), "8BITMIME", "PIPELINING", "SMTPUTF8"]
        if self.shared.tls is not None and not self.secure:
            words.append("STARTTLS")
        if section.accounts and self.secure:
            words.append("AUTH PLAIN LOGIN")
        lines = [section.hostname, *words]
        return [f"250-{line}".encode() for line in lines] + [b"250 ENHANCEDSTATUSCODES"]

    # Envelope.

    def _path(self, arg: str, keyword: str, syntax: bytes, status: bytes) -> Path | None:
        """The path in a MAIL or RCPT command; None when it was refused."""
        start = len(keyword)
        path = read_path(arg[start:]) if arg[:start].upper() == keyword else None
        if hides_something(arg):
            self.refuse(b"553 %b Control characters in the address" % status)
        elif path is None:
            self.refuse(syntax)
        elif path.routed and keyword == "FROM:":
            self.refuse(b"553 %b Source routes are not taken" % status)
        else:
            return path
        return None

    def _refused(self, path: Path, refusal: bytes) -> dict[str, str]:
        return {
            "action": "smtp.refused",
            "peer": self.peer,
            "recipient": address_hash(path.address),
            "answer": refusal[:9].decode(),
        }

    # The mail.

    async def _take(self, body: Body) -> None:
        """Let a mail arrive, store it, say what became of it."""
        self.began = self.loop.time()
        self.phase = Phase.DATA
        self.say(b"354 End with CR LF . CR LF")
        await self.stream.body(body)
        self.phase = Phase.KEEP
        self.deadline = self.loop.time() + self.shared.data_timeout
        self._answer_mail(await self._outcome(body), last=body.verdict is Verdict.FLOOD)

    async def _outcome(self, body: Body) -> bytes:
        """Store a mail that has arrived; the answer says what became of it."""
        if body.verdict is Verdict.NO_MEMORY:
            log.warning("no memory", extra={"action": "smtp.no_memory", "peer": self.peer})
            return NO_ROOM
        if body.verdict is not Verdict.WHOLE:
            log.info("too big", extra={"action": "smtp.too_big", "peer": self.peer, "size": body.received})
            return TOO_BIG
        try:
            payload = await self._payload(body)
            new = await self.shared.accept(payload)
        except StoreUnavailable as error:
            log.warning("mail not stored", extra={"action": "smtp.not_kept"}, exc_info=error)
            return NO_ROOM if error.full else NOT_KEPT
        except Exception as error:  # noqa: BLE001  whatever the store raised: not stored, and nobody's business
            log.error("mail not stored", extra={"action": "smtp.not_kept"}, exc_info=error)
            return NOT_KEPT
        failpoint("after_commit_before_250")
        self._accepted(payload, new=new)
        return b"250 2.0.0 Kept as " + payload.key[:12].encode()

    async def _payload(self, body: Body) -> Payload:
        now = self.shared.clock()
        raw = body.content()
        key = content_key(raw, now) if len(raw) < BIG else await asyncio.to_thread(content_key, raw, now)
        envelope = {
            "mail_from": self.envelope.mail_from,
            "rcpt_to": list(self.envelope.rcpt_tos),
            "peer": self.peer,
            "helo": self.session.host_name,
            "tls": self.secure,
            "user": self.user,
            "protocol": self.shared.section.protocol,
            "smtputf8": self.envelope.smtp_utf8,
        }
        return Payload(self.shared.section.name, key, raw, now, envelope)

    def _accepted(self, payload: Payload, *, new: bool) -> None:
        self.forgive()
        log.info(
            "mail accepted",
            extra={
                "action": "smtp.accepted" if new else "smtp.repeated",
                "key": payload.key[:12],
                "size": len(payload.raw),
                "sender": address_hash(payload.envelope["mail_from"] or "<>"),
                "recipients": len(payload.envelope["rcpt_to"]),
                "peer": self.peer,
                "tls": self.secure,
            },
        )

    def _answer_mail(self, answer: bytes, *, last: bool) -> None:
        if last:
            self.hang_up(answer)
        else:
            self.say(answer)

    commands: ClassVar[dict[str, Command]] = {
        "HELO": helo,
        "EHLO": ehlo,
        "STARTTLS": starttls,
        "AUTH": auth,
        "MAIL": mail,
        "RCPT": rcpt,
        "DATA": data,
        "RSET": rset,
        "NOOP": noop,
        "VRFY": vrfy,
        "EXPN": expn,
        "HELP": help_,
        "QUIT": quit_,
    }


class LmtpSession(Session):
    """LMTP: another greeting, and an answer for each recipient."""

    commands: ClassVar[dict[str, Command]] = {
        "LHLO": Session.ehlo,
        **{verb: command for verb, command in Session.commands.items() if verb not in ("HELO", "EHLO")},
    }

    def _answer_mail(self, answer: bytes, *, last: bool) -> None:
        for _ in self.envelope.rcpt_tos[1:]:
            self.say(answer)
        super()._answer_mail(answer, last=last)
