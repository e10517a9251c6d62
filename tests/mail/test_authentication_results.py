"""What our own mail servers wrote about a sender: read, believed, or not."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.mail.authentication import Believed
from bot.mail.authentication.results import NAMELESS, parse_results
from bot.mail.parse import ReadJob, read_mail
from bot.message import Authentication, IncomingMessage, Verdict
from tests.mail.letters import letter, payload

FRONT = Believed(servers=("mx.ours.example",), front=("127.0.0.0/8", "::1"))
PASSED = "Authentication-Results: mx.ours.example; dmarc=pass (p=reject dis=none) header.from=corp.example"
FAILED = "Authentication-Results: mx.ours.example; dmarc=fail (p=reject dis=none) header.from=corp.example"
RECEIVED = "Received: from out.corp.example (out.corp.example [192.0.2.1])\r\n\tby mx.ours.example (Postfix) with ESMTPS"
WITHIN = "Received: from mx.ours.example by store.ours.example (Dovecot) with LMTP id abc"


def mail(*above: str, sender: str = "Ann <ann@corp.example>", below: tuple[str, ...] = ()) -> bytes:
    return letter(*above, f"From: {sender}", *below, "Subject: Hello", sender=None)


def judged(raw: bytes, believed: Believed = FRONT, **envelope: Any) -> IncomingMessage:
    return read_mail(ReadJob(payload(raw, **envelope), believed)).message


def from_front(raw: bytes) -> IncomingMessage:
    return judged(raw, peer="127.0.0.1", mail_from="ann@corp.example", helo="mx.ours.example", user="")


SERVERS = [
    pytest.param(
        "mx.ours.example",
        (
            "Authentication-Results: mx.ours.example;\r\n\tdmarc=pass (p=quarantine dis=none) header.from=corp.example",
            "Authentication-Results: mx.ours.example;\r\n\tdkim=pass (2048-bit key; unprotected) header.d=corp.example "
            'header.i=@corp.example header.a=rsa-sha256 header.s=s1 header.b="a/B+c=";\r\n\tdkim-atps=neutral',
            RECEIVED,
        ),
        "dmarc",
        id="postfix-opendkim-opendmarc",
    ),
    pytest.param(
        "mx.google.com",
        (
            "Delivered-To: help@ours.example",
            "Received: by 2002:a05:6000:1:b0:30a with SMTP id x1csp1; Sat, 21 Nov 2026 04:00:00 -0800 (PST)",
            "X-Received: by 2002:adf:ed50:: with SMTP id u16mr1; Sat, 21 Nov 2026 04:00:00 -0800 (PST)",
            "ARC-Authentication-Results: i=1; mx.google.com; dmarc=fail header.from=corp.example",
            "Return-Path: <ann@corp.example>",
            "Received: from out.corp.example (out.corp.example. [192.0.2.1]) by mx.google.com with ESMTPS id z9",
            "Received-SPF: pass (google.com: domain of ann@corp.example designates 192.0.2.1 as permitted sender)",
            "Authentication-Results: mx.google.com;\r\n       dkim=pass header.i=@corp.example header.s=s1 header.b=Xy;"
            "\r\n       spf=pass (google.com: domain of ann@corp.example designates 192.0.2.1 as permitted sender) "
            "smtp.mailfrom=ann@corp.example;\r\n       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=corp.example",
        ),
        "dmarc",
        id="gmail",
    ),
    pytest.param(
        NAMELESS,
        (
            "Received: from AB1.eurprd01.prod.outlook.com by CD2.eurprd01.prod.outlook.com with HTTPS",
            "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=corp.example; dkim=pass "
            "(signature was verified)\r\n header.d=corp.example;dmarc=pass action=none\r\n "
            "header.from=corp.example;compauth=pass reason=100",
            "Received-SPF: Pass (protection.outlook.com: domain of corp.example designates 192.0.2.1)",
            "Received: from out.corp.example (192.0.2.1) by EF3.mail.protection.outlook.com with Microsoft SMTP Server",
            "Authentication-Results-Original: spf=fail; dmarc=fail header.from=corp.example",
        ),
        "dmarc",
        id="microsoft-365",
    ),
    pytest.param(
        "mx.ours.example",
        (
            "Authentication-Results: mx.ours.example;\r\n\tdkim=pass header.d=corp.example header.s=mail header.b=q0;"
            '\r\n\tdmarc=pass (policy=none) header.from=corp.example;\r\n\tspf=pass (mx.ours.example: domain of '
            'ann@corp.example designates 192.0.2.1 as permitted sender) smtp.mailfrom=ann@corp.example',
            "X-Spamd-Bar: /",
            RECEIVED,
        ),
        "dmarc",
        id="rspamd",
    ),
    pytest.param(
        "mx.ours.example",
        (
            "Authentication-Results: mx.ours.example 1 ; dkim = pass (good) header.d = news.corp.example ; spf=none "
            "smtp.mailfrom=elsewhere.example",
            RECEIVED,
        ),
        "dkim",
        id="opendkim-alone",
    ),
    pytest.param(
        "MX.OURS.EXAMPLE",
        ("Authentication-Results: mx.ours.example; spf=pass smtp.mailfrom=bounce@mail.corp.example", RECEIVED),
        "spf",
        id="spf-alone",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("server", "above", "by"), SERVERS)
def test_what_our_server_says_in_a_mailbox_is_believed(server: str, above: tuple[str, ...], by: str) -> None:
    message = judged(mail(*above), Believed(servers=(server,)))
    assert (message.authentication.verdict, message.authentication.by) == (Verdict.PASS, by)
    assert message.sender.address == "ann@corp.example"


@pytest.mark.parametrize(("server", "above", "by"), SERVERS)
def test_d7_a_server_that_is_not_configured_is_not_believed(
    server: str, above: tuple[str, ...], by: str
) -> None:
    for believed in (Believed(), Believed(servers=("other.example",))):
        assert judged(mail(*above), believed).authentication.verdict is Verdict.UNKNOWN


def test_d5_a_forged_sender_is_told_to_the_agent() -> None:
    message = from_front(mail(FAILED, RECEIVED))
    assert message.authentication.verdict is Verdict.FAIL
    assert "DMARC of corp.example says that this sender is forged" in message.oddities


def test_d7_results_that_the_sender_injected_below_are_not_believed() -> None:
    for above in (
        (FAILED, RECEIVED, PASSED),  # the sender's own, below what our server wrote
        (RECEIVED, PASSED),  # our server said nothing: its filter was away
        (WITHIN, RECEIVED, PASSED),
        ("Authentication-Results: mx.ours.example; none", RECEIVED, PASSED, "Received: by mx.ours.example"),
    ):
        assert from_front(mail(*above)).authentication.verdict is not Verdict.PASS
    assert from_front(mail(RECEIVED, below=(PASSED,))).authentication.verdict is Verdict.UNKNOWN


def test_d7_in_a_mailbox_only_the_hop_of_our_topmost_server_counts() -> None:
    for above in (
        (WITHIN, FAILED, RECEIVED, PASSED),
        (WITHIN, RECEIVED, FAILED, "Received: from a by b", PASSED),
        (WITHIN, "Authentication-Results: mx.ours.example; none", RECEIVED, PASSED),
    ):
        assert judged(mail(*above)).authentication.verdict is not Verdict.PASS
    assert judged(mail(WITHIN, RECEIVED, below=(PASSED,))).authentication.verdict is Verdict.UNKNOWN
    assert judged(mail(WITHIN, PASSED, RECEIVED)).authentication.verdict is Verdict.PASS


def test_d7_what_another_server_has_passed_on_is_not_believed() -> None:
    foreign = "Authentication-Results: mx.other.example; dmarc=fail header.from=corp.example"
    broken = "Authentication-Results: mx.ours.example; ("
    for above in (foreign, broken):
        assert judged(mail(WITHIN, above, PASSED, RECEIVED)).authentication.verdict is Verdict.UNKNOWN
        assert judged(mail(WITHIN, PASSED, above, FAILED, RECEIVED)).authentication.verdict is Verdict.PASS


def test_d7_a_stranger_at_our_door_who_writes_our_servers_name_is_not_believed() -> None:
    raw = mail(PASSED, RECEIVED)
    assert from_front(raw).authentication.verdict is Verdict.PASS
    for peer in ("192.0.2.9", "", "nonsense", "2001:db8::1"):
        message = judged(raw, peer=peer, mail_from="ann@corp.example")
        assert message.authentication.verdict is Verdict.UNKNOWN


def test_d7_what_fails_outweighs_what_passes() -> None:
    for above in ((PASSED, FAILED, RECEIVED), (FAILED, PASSED, RECEIVED)):
        assert from_front(mail(*above)).authentication.verdict is Verdict.FAIL


def test_d8_the_verified_address_is_the_one_that_counts_as_sender() -> None:
    evil = "Authentication-Results: mx.ours.example; dmarc=pass header.from=x.example"
    message = from_front(mail(evil, RECEIVED, sender="agent@corp.example <evil@x.example>"))
    assert message.sender.address == "evil@x.example"
    assert message.authentication.verdict is Verdict.PASS


@pytest.mark.parametrize(
    "told",
    [
        "dmarc=pass header.from=x.example",
        "dmarc=pass",
        "dmarc=pass header.from=corp.example.x.example",
        "dmarc=pass header.from=xcorp.example",
        "dmarc=pass header.from=x.example header.from=corp.example",
        "dmarc=pass header.from=x.example; dkim=pass header.d=corp.example",
        'dmarc=pass header.from=x.example reason="header.from=corp.example"',
        "dmarc=pass (header.from=corp.example) header.from=x.example",
        "dkim=pass header.d=x.example; spf=pass smtp.mailfrom=x.example",
        "dkim=pass header.d=example; spf=pass smtp.mailfrom=evilcorp.example",
        "dkim=fail header.d=corp.example; spf=softfail smtp.mailfrom=corp.example",
        "dkim=policy header.d=corp.example",
        "spf=pass smtp.helo=corp.example",
        "iprev=pass policy.iprev=192.0.2.1; auth=pass smtp.auth=ann; arc=pass",
        "auth=pass smtp.auth=eve@corp.example",
        "auth=fail smtp.auth=ann@corp.example",
        "dmarc=pass header.from=corp.example (",
        'dmarc=pass header.from="corp.example',
        "dmarc=bestguesspass header.from=corp.example",
        "none",
        "",
    ],
)
def test_d8_a_pass_for_anybody_else_is_none(told: str) -> None:
    message = from_front(mail(f"Authentication-Results: mx.ours.example; {told}", RECEIVED))
    assert message.authentication.verdict is Verdict.UNKNOWN


def test_a_login_at_our_own_server_with_the_very_address_proves_it() -> None:
    told = "iprev=pass policy.iprev=192.0.2.1; auth=pass smtp.auth=ann@corp.example"
    message = from_front(mail(f"Authentication-Results: mx.ours.example; {told}", RECEIVED))
    assert message.authentication == Authentication(Verdict.PASS, "smtp-auth")


@pytest.mark.parametrize(
    "sender",
    [
        "ann@corp.example, evil@x.example",
        "<ann@corp.example> <evil@x.example>",
        "ann@corp.example\r\nFrom: evil@x.example",
        "undisclosed",
        "",
    ],
)
def test_c13_a_mail_that_does_not_say_who_wrote_it_is_never_proved(sender: str) -> None:
    both = "Authentication-Results: mx.ours.example; dmarc=pass header.from=x.example; dmarc=pass header.from=corp.example"
    assert from_front(mail(both, RECEIVED, sender=sender)).authentication.verdict is Verdict.UNKNOWN


def test_two_checks_that_fail_are_a_forgery_only_when_the_domain_asks_for_consequences() -> None:
    failed = "dkim=fail header.d=corp.example; spf=fail smtp.mailfrom=corp.example"
    told = "dmarc=permerror policy.published-domain-policy=reject header.from=corp.example"
    plain = mail(f"Authentication-Results: mx.ours.example; {failed}", RECEIVED)
    wished = mail(f"Authentication-Results: mx.ours.example; {failed}; {told}", RECEIVED)
    assert from_front(plain).authentication.verdict is Verdict.UNKNOWN
    assert from_front(wished).authentication.verdict is Verdict.FAIL


def test_neighbours_at_one_host_do_not_speak_for_each_other() -> None:
    told = "Authentication-Results: mx.ours.example; dkim=pass header.d=evil.github.io"
    message = from_front(mail(told, RECEIVED, sender="ann@corp.github.io"))
    assert message.authentication.verdict is Verdict.UNKNOWN


def test_d17_domains_are_compared_without_case_and_in_ascii() -> None:
    told = "Authentication-Results: mx.ours.example; dmarc=pass header.from=BÜCHER.example"
    message = from_front(mail(told, RECEIVED, sender="ann@Bücher.Example"))
    assert message.authentication.verdict is Verdict.PASS


def test_who_logs_in_at_our_door_vouches_for_the_own_address_only() -> None:
    def said(user: str, raw: bytes) -> tuple[Verdict, str]:
        found = judged(raw, peer="192.0.2.9", user=user).authentication
        return found.verdict, found.by

    assert said("Ann@Corp.Example", mail()) == (Verdict.PASS, "smtp-auth")
    assert said("bob@corp.example", mail()) == (Verdict.UNKNOWN, "")
    assert said("ann", mail()) == (Verdict.UNKNOWN, "")
    assert said("bob@corp.example", mail(PASSED, RECEIVED)) == (Verdict.UNKNOWN, "")
    assert said("ann@corp.example", mail(sender="ann@corp.example, bob@corp.example")) == (
        Verdict.UNKNOWN,
        "",
    )


def test_d13_headers_that_claim_a_verdict_in_our_name_do_nothing() -> None:
    claims = (
        "X-Deskbot-Authentication: pass",
        "X-Deskbot-Verdict: pass",
        "X-Deskbot-Agent: anna",
        "X-Deskbot-Ticket: 1",
        "Authentication-Results: deskbot; dmarc=pass header.from=corp.example",
    )
    assert judged(mail(*claims), peer="192.0.2.9").authentication.verdict is Verdict.UNKNOWN
    assert judged(mail(*claims)).authentication.verdict is Verdict.UNKNOWN


def test_comments_quotes_and_spaces_are_read_as_the_rfc_says() -> None:
    found = parse_results(
        r'MX.example (our (nested \) ) server) 1 ; dkim/1 = pass (ok; not an end) reason = "a \"b\"; c" '
        'header.b=abc= header.d="corp.example"; (a comment) ; auth=fail'
    )
    assert found is not None
    assert found.server == "mx.example"
    dkim, auth = found.results
    assert (dkim.method, dkim.value, auth.method, auth.value) == ("dkim", "pass", "auth", "fail")
    assert dkim.properties == {"reason": 'a "b"; c', "header.b": "abc=", "header.d": "corp.example"}


@pytest.mark.parametrize(
    "value",
    ["", "mx.example 2; dkim=pass", "mx.example one two; dkim=pass", "mx (", 'mx; "', "mx; )", "mx; \\"],
)
def test_a_field_that_is_not_well_formed_is_no_field(value: str) -> None:
    assert parse_results(value) is None


TEXT = st.text(st.sampled_from('()"\\;=/ \tdkim=pass.from@é\x00'), max_size=200)


@given(TEXT)
def test_reading_results_never_raises(value: str) -> None:
    found = parse_results(value)
    assert found is None or all(result.method and result.value for result in found.results)


@given(TEXT)
def test_d7_no_text_in_a_comment_or_quotes_becomes_a_result(text: str) -> None:
    quoted = text.replace("\\", "").replace('"', "")
    comment = text.replace("\\", "").replace("(", "").replace(")", "")
    found = parse_results(f'mx; spf=fail ({comment}) reason="{quoted}" smtp.mailfrom="{quoted}"@x')
    assert found is not None
    assert [(result.method, result.value) for result in found.results] == [("spf", "fail")]


@settings(max_examples=50)
@given(st.binary(max_size=2000))
def test_no_header_makes_the_reader_raise(junk: bytes) -> None:
    raw = b"Authentication-Results: mx.ours.example; " + junk + b"\r\nFrom: a@corp.example\r\n\r\nx"
    assert from_front(raw).authentication.verdict in set(Verdict)


PIECES = ["ann@corp.example", "evil@x.example", "<", ">", ",", ";", ":", '"', "(", ")", " ", "\\", "@", "=?utf-8?q?a=40corp.example?=",
    "\r\n ", "\r\nFrom: ", "\r\nfrom : ", "corp.example", "Ann", "\u202e", "\x00"]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_d8_whatever_from_says_a_pass_is_for_the_address_that_is_shown(sender: str) -> None:
    message = from_front(mail(PASSED, RECEIVED, sender=sender))
    if message.authentication.verdict is Verdict.PASS:
        assert message.sender.address.endswith("@corp.example")
        assert "two From headers" not in message.oddities
        assert "more than one address in From" not in message.oddities


HOSTILE = {
    "parentheses": b"mx.ours.example; " + b"(" * 65_000,
    "comments": b"mx.ours.example; " + b"()" * 32_000,
    "quotes": b"mx.ours.example; " + b'"' * 65_000,
    "escapes": b'mx.ours.example; "' + b"\\" * 65_000,
    "semicolons": b"mx.ours.example" + b";" * 65_000,
    "equals": b"mx.ours.example; " + b"= " * 32_000,
    "results": b"mx.ours.example" + b";dmarc=pass header.from=x" * 2_600,
    "spaces": b"mx.ours.example; " + b" " * 65_000 + b"x",
    "fields": b"\r\nAuthentication-Results: mx.ours.example; a=b".join([b"mx.ours.example"] * 1400),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_c3_sixty_four_kilobytes_of_anything_are_judged_in_fifty_milliseconds(name: str) -> None:
    value = HOSTILE[name]
    text = value.decode("latin-1")
    best = min(_seconds(text), _seconds(text), _seconds(text))
    assert best < 0.05


def _seconds(text: str) -> float:
    from bot.mail.authentication.reported import reported

    raw = b"Authentication-Results: " + text.encode("latin-1") + b"\r\n" + RECEIVED.encode() + b"\r\n\r\n"
    start = time.perf_counter()
    parse_results(text)
    reported(raw, "corp.example", ("mx.ours.example",), handed_over=True)
    return time.perf_counter() - start


@pytest.mark.fuzz
@settings(max_examples=20_000, deadline=None)
@given(st.text(max_size=5000) | TEXT)
def test_reading_results_never_raises_long_form(value: str) -> None:
    parse_results(value)
