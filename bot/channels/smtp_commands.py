"""The commands of SMTP (RFC 5321) and LMTP (RFC 2033), as the door answers them.

250 after DATA means: committed. It is said nowhere else, and only after ``accept`` has returned.
"""

from __future__ import annotations

import asyncio
from typing import ClassVar, Final

from bot.channels.smtp_address import Path, hides_something, masked, read_path
from bot.channels.smtp_auth import DUMMY, decode, split_plain, verify_password
from bot.channels.smtp_body import Body, Verdict
from bot.channels.smtp_session import LINE_LIMIT, UNKNOWN_COMMAND, Command, Connection, Phase, log
from bot.errors import StoreUnavailable
from bot.failpoints import failpoint
from bot.mail.identity import content_key
from bot.message import Payload

MAX_AUTH_FAILURES: Final = 3
BIG: Final = 262_144
"""Octets above which a mail is hashed in a thread, so that others are served meanwhile."""

NO_ROOM: Final = b"452 4.3.1 No room at the moment, try again later"
NOT_KEPT: Final = b"451 4.3.0 Could not be stored, try again later"
TOO_BIG: Final = b"552 5.3.4 The mail is too big"
HELLO_FIRST: Final = b"503 5.5.1 Say hello first"


class Session(Connection):
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
            refusal = self._options(path)
            if refusal is None and not self.shared.room.enough(self.loop.time()):
                refusal = NO_ROOM
            if refusal is not None:
                self.reset()
                self.refuse(refusal)
                return
            self.envelope.mail_from = path.address
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
                log.info("recipient refused", extra={"action": "smtp.refused", "peer": self.peer})
                self.refuse(refusal)
            elif path.rest:
                self.refuse(b"555 5.5.4 Unknown parameter")
            elif not path.address.isascii() and not self.envelope.smtp_utf8:
                self.refuse(b"553 5.6.7 Needs SMTPUTF8")
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
            self.body = Body(self.shared.section.max_size)
            self.began = self.loop.time()
            self.phase = Phase.DATA
            self.say(b"354 End with CR LF . CR LF")
            await self.stream.body(self.body)
            self.phase = Phase.KEEP
            self.deadline = self.loop.time() + self.shared.data_timeout
            answer = await self._outcome(self.body)
            self._answer_mail(answer)
            self.body = None
            self.reset()
            self.phase = Phase.COMMAND
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
        mechanism, _, initial = arg.partition(" ")
        if self.session.host_name is None or not self.session.extended_smtp:
            self.refuse(HELLO_FIRST)
        elif not self.shared.section.accounts:
            self.refuse(b"502 5.5.1 Nobody logs in here", UNKNOWN_COMMAND)
        elif not self.secure:
            self.refuse(b"538 5.7.11 Encryption first", UNKNOWN_COMMAND)
        elif self.user or self.envelope.mail_from is not None:
            self.refuse(b"503 5.5.1 Not now")
        elif (read := {"PLAIN": self._plain, "LOGIN": self._login}.get(mechanism.upper())) is None:
            self.refuse(b"504 5.5.4 PLAIN or LOGIN")
        elif (account := await read(initial)) is None:
            self.refuse(b"501 5.5.2 Not understood", UNKNOWN_COMMAND)
        else:
            await self._log_in(*account)

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

    def _options(self, path: Path) -> bytes | None:
        """Read the parameters of MAIL; returns a refusal or None."""
        given: dict[str, str] = {}
        for word in path.rest.split():
            name, equals, value = word.partition("=")
            name = name.upper()
            if name in given or (equals and not value):
                return b"501 5.5.4 Parameters are malformed"
            given[name] = value
        size = given.pop("SIZE", "0")
        if not (size.isascii() and size.isdigit()) or given.pop("BODY", "7BIT").upper() not in (
            "7BIT",
            "8BITMIME",
        ):
            return b"501 5.5.4 Parameters are malformed"
        if len(size) > 18 or int(size) > self.shared.section.max_size:
            return TOO_BIG
        self.envelope.smtp_utf8 = given.pop("SMTPUTF8", None) is not None
        if self.user:
            given.pop("AUTH", None)  # RFC 4954, section 5: taken, and not believed
        if given or (path.rest and not self.session.extended_smtp):
            return b"555 5.5.4 Unknown parameter"
        if not path.address.isascii() and not self.envelope.smtp_utf8:
            return b"553 5.6.7 Needs SMTPUTF8"
        return None

    # The mail.

    async def _outcome(self, body: Body) -> bytes:
        """Store a mail that has arrived; the answer says what became of it."""
        if body.verdict is not Verdict.WHOLE:
            log.info("too big", extra={"action": "smtp.too_big", "peer": self.peer, "size": body.received})
            return TOO_BIG
        try:
            payload = await self._payload(body)
            new = await self.shared.accept(payload)
        except StoreUnavailable as error:
            log.warning("not stored", extra={"action": "smtp.not_kept", "error": type(error).__name__})
            return NO_ROOM if error.full else NOT_KEPT
        except Exception as error:  # noqa: BLE001  whatever the store raised: not stored, and nobody's business
            log.error("not stored", extra={"action": "smtp.not_kept", "error": type(error).__name__})
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
                "sender": masked(payload.envelope["mail_from"]),
                "recipients": len(payload.envelope["rcpt_to"]),
                "peer": self.peer,
                "tls": self.secure,
            },
        )

    def _answer_mail(self, answer: bytes) -> None:
        if self.body is not None and self.body.verdict is Verdict.FLOOD:
            self.hang_up(answer)
        else:
            self.say(answer)

    # Logging in.

    async def _ask(self, challenge: bytes) -> str | None:
        self.say(b"334 " + challenge)
        self.deadline = self.loop.time() + self.shared.command_timeout
        line = await self.stream.line(LINE_LIMIT)
        return decode(line.rstrip(b"\r\n").decode("latin-1"))

    async def _plain(self, initial: str) -> tuple[str, str] | None:
        answer = decode(initial) if initial else await self._ask(b"")
        return None if answer is None else split_plain(answer)

    async def _login(self, initial: str) -> tuple[str, str] | None:
        name = decode(initial) if initial else await self._ask(b"VXNlcm5hbWU6")
        password = await self._ask(b"UGFzc3dvcmQ6") if name else None
        return None if not name or password is None else (name, password)

    async def _log_in(self, name: str, password: str) -> None:
        shared = self.shared
        origins = (f"peer {self.peer}", f"name {name[:256]}")
        async with shared.verifying:
            now = self.loop.time()
            if any(shared.patience.pause(who, now) for who in origins):
                self.hang_up(b"421 4.7.0 Too many failures, try again later")
                return
            secret = shared.section.accounts.get(name)
            hashed = DUMMY if secret is None else secret.get_secret_value()
            right = await asyncio.to_thread(verify_password, password, hashed)
            if right and secret is not None:
                shared.patience.succeeded(origins[1])
                self.user = name
                self.say(b"235 2.7.0 Welcome")
                return
            for who in origins:
                shared.patience.failed(who, now)
        log.warning("login failed", extra={"action": "smtp.auth_failed", "peer": self.peer})
        self.auth_failures += 1
        self.refuse(b"535 5.7.8 Wrong name or password")
        if self.auth_failures >= MAX_AUTH_FAILURES:
            self.hang_up(b"421 4.7.0 Too many failures")

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

    def _answer_mail(self, answer: bytes) -> None:
        for _ in self.envelope.rcpt_tos[1:]:
            self.say(answer)
        super()._answer_mail(answer)
