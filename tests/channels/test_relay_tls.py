"""The relay sender's TLS and login: verified or not at all, and the password nowhere but in AUTH."""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from aiosmtplib.errors import SMTPConnectError

from bot.channels.relay import RelaySender
from bot.channels.relay_answers import secrets_of
from bot.channels.relay_setup import advise, is_loopback, our_name
from bot.config import Relay
from bot.errors import ChannelError, ConfigError
from tests.channels.relay_world import failure, outgoing, section_for, sender_to
from tests.peers.certificates import Certificate, make_certificate
from tests.peers.smarthost import Deed, Smarthost, Step

CANARY = "kanarienvogel-7-Z\u00fcrich"
MODES = ["starttls", "implicit"]


@dataclass(frozen=True)
class Certificates:
    good: Certificate
    foreign: Certificate
    expired: Certificate


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    return Certificates(
        good=make_certificate(folder / "good"),
        foreign=make_certificate(folder / "foreign", names="DNS:elsewhere.example"),
        expired=make_certificate(folder / "expired", ended=timedelta(days=1)),
    )


def encrypted(mode: str, certificate: Certificate, **how: Any) -> Smarthost:
    context: dict[str, Any] = {mode: certificate.server_context()}
    return Smarthost(**context, **how)


def asked(host: Smarthost) -> set[str]:
    return {line.split(" ")[0] for _, line in host.commands}


@pytest.fixture
async def account(certificates: Certificates) -> AsyncIterator[Smarthost]:
    """A smarthost with STARTTLS that wants a login."""
    async with encrypted(
        "starttls", certificates.good, auth=("PLAIN", "LOGIN"), accounts={"desk": CANARY}
    ) as host:
        yield host
    assert host.violations == []


def logged_in(host: Smarthost, certificates: Certificates, **values: Any) -> RelaySender:
    login = {"user": "desk", "password": CANARY, "tls": "starttls", "ca_file": certificates.good.file}
    return sender_to(section_for(host, **{**login, **values}))


@pytest.mark.parametrize("mode", MODES)
async def test_f9_mail_goes_encrypted_to_a_relay_with_a_trusted_certificate(
    certificates: Certificates, mode: str
) -> None:
    async with encrypted(mode, certificates.good) as host:
        sender = sender_to(section_for(host, tls=mode, ca_file=certificates.good.file))
        await sender.send(outgoing())
        await sender.send(outgoing())
        await sender.close()
        assert [taken.encrypted for taken in host.taken] == [True, True]
        assert (host.connections, host.violations) == (1, [])


@pytest.mark.parametrize("mode", MODES)
async def test_a_kept_encrypted_connection_that_the_relay_has_closed_is_no_error(
    certificates: Certificates, mode: str
) -> None:
    async with encrypted(mode, certificates.good) as host:
        sender = sender_to(section_for(host, tls=mode, ca_file=certificates.good.file))
        for _ in range(3):
            await sender.send(outgoing())
            host.drop_all()
        host.will("MAIL", Deed.DROP_BEFORE)
        await failure(sender)
        await sender.send(outgoing())
        host.will("MAIL", Deed.DROP_BEFORE)
        await sender.send(outgoing())
        await sender.close()
        assert len(host.taken) == 5


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("fault", ["self-signed", "another name", "expired"])
async def test_x23_f9_a_certificate_that_cannot_be_trusted_gets_no_mail_and_no_password(
    certificates: Certificates, mode: str, fault: str
) -> None:
    certificate, trusted = {
        "self-signed": (certificates.good, None),
        "another name": (certificates.foreign, certificates.foreign.file),
        "expired": (certificates.expired, certificates.expired.file),
    }[fault]
    async with encrypted(mode, certificate, auth=("PLAIN",), accounts={"desk": CANARY}) as host:
        login = {"user": "desk", "password": CANARY}
        error = await failure(sender_to(section_for(host, tls=mode, ca_file=trusted, **login)))
        assert (error.permanent, error.ambiguous) == (False, False), (
            "it waits until the certificate is renewed"
        )
        assert "relay.ca_file" in str(error)
        assert asked(host) <= {"EHLO", "STARTTLS"}
        assert host.taken == []


async def test_x23_a_relay_that_offers_no_starttls_gets_nothing_in_the_clear() -> None:
    async with Smarthost(auth=("PLAIN",), accounts={"desk": CANARY}, auth_in_the_clear=True) as host:
        login = {"user": "desk", "password": CANARY, "tls": "starttls"}
        error = await failure(sender_to(section_for(host, **login)))
        assert "does not offer STARTTLS" in str(error)
        assert not error.permanent
        assert asked(host) == {"EHLO"}


@pytest.mark.parametrize(
    "step", ["454 4.7.0 not now", "501 5.5.4 what?", "250 ok", Deed.DROP_BEFORE, Deed.DROP_AFTER, Deed.HANG]
)
async def test_x23_a_starttls_that_fails_is_temporary_and_nothing_is_sent(
    account: Smarthost, certificates: Certificates, step: Step
) -> None:
    account.will("STARTTLS", step)
    error = await failure(logged_in(account, certificates, timeout=timedelta(milliseconds=400)))
    assert (error.permanent, error.ambiguous) == (False, False)
    assert asked(account) == {"EHLO", "STARTTLS"}


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "AUTH"])
@pytest.mark.parametrize("step", ["421 4.3.2 bye", Deed.DROP_BEFORE, Deed.ANSWER_AND_DROP, Deed.GARBAGE])
async def test_f5_a_relay_that_leaves_during_the_greetings_is_a_temporary_error(
    account: Smarthost, certificates: Certificates, verb: str, step: Step
) -> None:
    account.will(verb, step)
    error = await failure(logged_in(account, certificates))
    assert (error.permanent, error.ambiguous) == (False, False)
    assert account.taken == []


async def test_f9_what_is_slipped_in_before_the_encryption_is_forgotten(
    account: Smarthost, certificates: Certificates
) -> None:
    account.will("STARTTLS", "220 go\r\n250-evil\r\n250 AUTH CRAM-MD5")
    sender = logged_in(account, certificates)
    await sender.send(outgoing())
    await sender.close()
    assert [(taken.encrypted, taken.user) for taken in account.taken] == [(True, "desk")]


async def test_implicit_tls_to_a_port_that_speaks_plainly_says_what_to_change(
    certificates: Certificates,
) -> None:
    async with Smarthost() as host:
        error = await failure(sender_to(section_for(host, tls="implicit", ca_file=certificates.good.file)))
        assert 'relay.tls = "implicit"' in str(error)
        assert not error.permanent


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_the_login_is_made_once_for_a_connection(certificates: Certificates, method: str) -> None:
    async with encrypted("starttls", certificates.good, auth=(method,), accounts={"desk": CANARY}) as host:
        sender = logged_in(host, certificates)
        await sender.send(outgoing())
        await sender.send(outgoing())
        await sender.close()
        assert [taken.user for taken in host.taken] == ["desk", "desk"]
        assert host.verbs(1).count("AUTH") == 1
        assert host.violations == []


@pytest.mark.parametrize("method", ["PLAIN", "LOGIN", "CRAM-MD5"])
async def test_a_wrong_password_fails_no_mail_for_good_and_is_tried_once(
    certificates: Certificates, method: str
) -> None:
    offered = (method, "PLAIN", "LOGIN", "CRAM-MD5")
    async with encrypted("starttls", certificates.good, auth=offered, accounts={"desk": CANARY}) as host:
        error = await failure(logged_in(host, certificates, password="wrong"))
        assert (error.permanent, error.ambiguous) == (False, False)
        assert "check relay.user and relay.password" in str(error)
        assert host.verbs(1).count("AUTH") == 1


async def test_a_relay_that_knows_no_way_to_log_in_says_so(certificates: Certificates) -> None:
    async with encrypted("starttls", certificates.good, auth=("XOAUTH2",)) as host:
        error = await failure(logged_in(host, certificates))
        assert "XOAUTH2" in str(error)
        assert asked(host) == {"EHLO", "STARTTLS"}


async def test_f9_no_password_in_an_error_or_a_log(
    account: Smarthost, certificates: Certificates, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    secrets = secrets_of("desk", CANARY)
    echo = " ".join(secrets)
    seen = []
    for verb, step in [("AUTH", f"535 5.7.8 bad {echo}"), ("MAIL", f"550 {echo}"), ("DOT", f"451 {echo}")]:
        account.will(verb, step)
        sender = logged_in(account, certificates)
        error = await failure(sender)
        await sender.close()
        seen += [str(error), repr(error)]
    account.will("DOT", f"250 2.0.0 {echo}")
    sender = logged_in(account, certificates)
    seen += [str(await sender.send(outgoing())), repr(sender), repr(sender.__dict__), caplog.text]
    await sender.close()
    assert "535 5.7.8 bad" in seen[0]
    assert [secret for secret in secrets for text in seen if secret in text] == []


async def test_f9_a_password_in_the_clear_goes_to_this_machine_only() -> None:
    async with Smarthost(auth=("PLAIN",), accounts={"desk": CANARY}, auth_in_the_clear=True) as host:
        sender = sender_to(section_for(host, user="desk", password=CANARY))
        await sender.send(outgoing())
        await sender.close()
        assert host.taken[0].user == "desk"


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"tls": "off", "user": "desk", "password": CANARY}, r"relay\.tls"),
        ({"user": "desk"}, r"relay\.password"),
        ({"ca_file": "/nowhere/ca.pem"}, r"relay\.ca_file"),
        ({"ca_file": __file__}, r"relay\.ca_file"),
    ],
)
def test_what_cannot_work_with_any_relay_is_a_configuration_error(values: dict[str, Any], key: str) -> None:
    section = Relay.model_validate({"host": "mail.example.com", **values})
    with pytest.raises(ConfigError, match=key) as caught:
        sender_to(section)
    assert CANARY not in str(caught.value)


async def test_check_connects_encrypts_logs_in_and_leaves(
    account: Smarthost, certificates: Certificates
) -> None:
    await logged_in(account, certificates).check()
    assert account.verbs(1) == ["EHLO", "STARTTLS", "EHLO", "AUTH", "QUIT"]


async def test_check_says_what_to_do_when_nobody_listens() -> None:
    async with Smarthost() as host:
        section = section_for(host)
    with pytest.raises(ChannelError, match=r"cannot be reached.*check relay\.host and relay\.port"):
        await sender_to(section).check()


@pytest.mark.parametrize(
    ("cause", "advice"),
    [
        (socket.gaierror(-2, "Name or service not known"), "is not known"),
        (TimeoutError(), "did not answer within 60 s"),
        (ConnectionResetError(104, "Connection reset by peer"), "cannot be reached"),
        (ssl.SSLError(1, "wrong version number"), "port 465"),
        (EOFError(), "closed the connection"),
    ],
)
def test_every_reason_for_having_no_connection_comes_with_advice(cause: Exception, advice: str) -> None:
    error = SMTPConnectError("no connection")
    error.__cause__ = cause
    for raised in (error, cause):
        text = advise(raised, Relay(host="mail.example.com"))
        assert advice in text
        assert "relay." in text


@pytest.mark.parametrize(
    ("address", "local"),
    [
        (("127.0.0.1", 25), True),
        (("127.9.9.9", 25), True),
        (("::1", 25, 0, 0), True),
        (("localhost", 25), True),
        (("192.0.2.1", 25), False),
        (("localhost.evil.example", 25), False),
        (("mail.example.com",), False),
        (None, False),
        ((), False),
    ],
)
def test_only_this_machine_is_this_machine(address: Any, *, local: bool) -> None:
    assert is_loopback(address) is local


def test_ehlo_is_given_a_full_name_or_an_address_literal() -> None:
    for address in (("192.0.2.1", 40000), ("2001:db8::1%eth0", 40000, 0, 0)):
        name = our_name(address)
        assert name in ("[192.0.2.1]", "[IPv6:2001:db8::1]") or ("." in name and "[" not in name)
