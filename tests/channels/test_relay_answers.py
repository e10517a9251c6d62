"""What an answer of the relay means for a mail, as a table; and how mails and addresses are written."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.channels.relay_answers import SHOWN, Stage, broken, classify, secrets_of, shown
from bot.channels.relay_wire import path, stuffed
from bot.errors import ChannelError

TEMPORARY, FOR_GOOD = "temporary", "for good"
TABLE = [
    # (stage, what the relay said, what it means, retry_after)
    (Stage.CONNECT, "554 5.7.1 no service for you", TEMPORARY, None),
    (Stage.CONNECT, "421 4.3.2 too busy", TEMPORARY, None),
    (Stage.HELLO, "550 5.7.1 bad name", TEMPORARY, None),
    (Stage.STARTTLS, "454 4.7.0 no TLS now", TEMPORARY, None),
    (Stage.STARTTLS, "501 5.5.4 what?", TEMPORARY, None),
    (Stage.AUTH, "535 5.7.8 authentication failed", TEMPORARY, None),
    (Stage.AUTH, "534 5.7.9 application-specific password required", TEMPORARY, None),
    (Stage.AUTH, "454 4.7.0 temporary failure", TEMPORARY, None),
    (Stage.MAIL, "530 5.7.0 authentication required", TEMPORARY, None),
    (Stage.MAIL, "553 5.7.1 sender not owned by user", TEMPORARY, None),
    (Stage.MAIL, "550 5.7.1 sender rejected", TEMPORARY, None),
    (Stage.MAIL, "452 4.3.1 insufficient storage", TEMPORARY, 300.0),
    (Stage.MAIL, "552 message size exceeds fixed maximum", FOR_GOOD, None),
    (Stage.MAIL, "552 5.3.4 too big", FOR_GOOD, None),
    (Stage.MAIL, "553 5.6.7 SMTPUTF8 is not for this recipient", FOR_GOOD, None),
    (Stage.RCPT, "550 5.1.1 no such user", FOR_GOOD, None),
    (Stage.RCPT, "550 unknown", FOR_GOOD, None),
    (Stage.RCPT, "501 5.1.3 bad address syntax", FOR_GOOD, None),
    (Stage.RCPT, "553 5.1.2 no such domain", FOR_GOOD, None),
    (Stage.RCPT, "556 5.1.10 takes no mail", FOR_GOOD, None),
    (Stage.RCPT, "550 5.7.1 you are blocked", FOR_GOOD, None),
    (Stage.RCPT, "554 5.7.1 <ada@example.com>: Relay access denied", TEMPORARY, None),
    (Stage.RCPT, "550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain", TEMPORARY, None),
    (Stage.RCPT, "550 5.7.1 Relaying denied. Proper authentication required.", TEMPORARY, None),
    (Stage.RCPT, "530 5.7.0 Must issue a STARTTLS command first", TEMPORARY, None),
    (Stage.RCPT, "503 5.5.1 need MAIL", TEMPORARY, None),
    (Stage.RCPT, "450 4.2.0 Greylisted, see the help page", TEMPORARY, 300.0),
    (Stage.RCPT, "450 4.7.1 Greylisting in action, please come back in 00:04:59", TEMPORARY, 299.0),
    (Stage.RCPT, "451 4.7.1 Greylisted, try again in 10 minutes", TEMPORARY, 600.0),
    (Stage.RCPT, "450 try again in 3 seconds", TEMPORARY, 60.0),
    (Stage.RCPT, "450 try again in 99999 seconds", TEMPORARY, 3600.0),
    (Stage.RCPT, "451 4.3.0 local error", TEMPORARY, None),
    (Stage.RCPT, "452 4.5.3 too many recipients", TEMPORARY, 300.0),
    (Stage.RCPT, "421 4.4.2 bye", TEMPORARY, None),
    (Stage.DATA, "554 5.5.1 no valid recipients", FOR_GOOD, None),
    (Stage.DATA, "503 5.5.1 need RCPT", TEMPORARY, None),
    (Stage.DATA, "250 2.0.0 ok?", TEMPORARY, None),
    (Stage.CONTENT, "554 5.7.1 looks like spam", FOR_GOOD, None),
    (Stage.CONTENT, "550 5.4.5 Daily user sending limit exceeded", TEMPORARY, None),
    (Stage.CONTENT, "554 5.2.252 SendAsDenied", TEMPORARY, None),
    (Stage.CONTENT, "550 5.7.60 Client does not have permissions to send as this sender", TEMPORARY, None),
    (Stage.CONTENT, "552 5.3.4 too big after all", FOR_GOOD, None),
    (Stage.CONTENT, "451 4.3.0 queue file write error", TEMPORARY, None),
]

texts = st.text(max_size=400)
stages = st.sampled_from(Stage)


@pytest.mark.parametrize(("stage", "said", "meaning", "retry_after"), TABLE)
def test_f5_every_answer_has_its_meaning(
    stage: Stage, said: str, meaning: str, retry_after: float | None
) -> None:
    code, _, text = said.partition(" ")
    error = classify(stage, int(code), text)
    assert (error.permanent, error.retry_after, error.ambiguous) == (meaning is FOR_GOOD, retry_after, False)
    assert said in str(error)


@given(stage=stages, code=st.integers(-1, 999), text=texts)
@example(stage=Stage.CONTENT, code=-1, text="what is this?")
def test_f5_only_a_refusal_of_the_mail_itself_is_for_good(stage: Stage, code: int, text: str) -> None:
    error = classify(stage, code, text)
    if error.permanent:
        assert 500 <= code <= 599
        assert stage in (Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.CONTENT)
        assert not error.ambiguous
    assert error.retry_after is None or 60 <= error.retry_after <= 3600
    assert not error.ambiguous or (stage is Stage.CONTENT and not 400 <= code <= 599)


@pytest.mark.parametrize("stage", [Stage.CONNECT, Stage.HELLO, Stage.STARTTLS, Stage.AUTH, Stage.MAIL])
def test_a_fault_of_the_relay_says_that_it_is_one_and_what_to_do(stage: Stage) -> None:
    text = str(classify(stage, 550, "5.7.1 no"))
    assert text.startswith("the relay refuses Deskbot, not this mail")
    assert re.search(r"check |ask ", text)


@pytest.mark.parametrize("stage", list(Stage))
def test_f3_only_silence_after_the_final_dot_is_ambiguous(stage: Stage) -> None:
    error = broken(stage, "the relay closed the connection")
    assert error.ambiguous is (stage is Stage.CONTENT)
    assert not error.permanent


@given(user=texts, password=st.text(min_size=1, max_size=40), before=texts, after=texts)
def test_f9_no_form_of_the_password_is_ever_shown(user: str, password: str, before: str, after: str) -> None:
    secrets = secrets_of(user, password)
    for secret in secrets:
        seen = shown(before + secret + after, secrets)
        assert len(seen) <= SHOWN + len("...")
        assert seen.isprintable()
        # cut out before the text is cut, so that not even a beginning of it is left at the end
        assert secret not in seen or secret in "***..."


def test_f9_the_login_is_taken_out_however_the_relay_echoes_it() -> None:
    blob = base64.b64encode(b"\0desk\0hunter2!").decode()
    for echo in (f"AUTH PLAIN {blob}", "hunter2!", base64.b64encode(b"hunter2!").decode(), blob.upper()):
        assert shown(f"5.7.8 bad: {echo}", secrets_of("desk", "hunter2!")).endswith("***")


def test_an_answer_is_one_bounded_printable_line() -> None:
    assert shown("a\nb\x1b[31m\udcff\u202e\0") == "a b [31m   "
    assert len(shown("x" * 100_000)) == SHOWN + 3


def unstuffed(written: bytes) -> bytes:
    """What a server makes of DATA (RFC 5321, 4.5.2)."""
    lines = written.split(b"\r\n")
    end = lines.index(b".")
    assert lines[end + 1 :] == [b""], "the mail ended early"
    return b"".join(line.removeprefix(b".") + b"\r\n" for line in lines[:end])


@given(
    lines=st.lists(st.sampled_from([b"", b".", b"..", b"...", b". ", b".a", b"a", b"x" * 5000]), max_size=8)
)
def test_f12_dots_survive_and_no_line_ends_the_mail(lines: list[bytes]) -> None:
    raw = b"".join(line + b"\r\n" for line in lines)
    assert unstuffed(stuffed(raw)) == (raw or b"\r\n")


@given(raw=st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n"]), max_size=14).map(b"".join))
def test_a_lone_cr_or_lf_never_leaves_and_so_cannot_smuggle(raw: bytes) -> None:
    written = stuffed(raw)
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", written)
    assert written.count(b"\r\n.\r\n") + written.startswith(b".\r\n") == 1


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com",
        "danger-$USER@example.com",
        "`id`|;&'%s@example.com",
        '"a b>c"@example.com',
        '"a\\"b"@example.com',
        "用户@例え.jp",
        "ada@[192.0.2.1]",
    ],
)
def test_f15_an_address_is_written_literally(address: str) -> None:
    assert path(address) == b"<" + address.encode() + b">"


@pytest.mark.parametrize(
    "address",
    [
        "a@b> SIZE=1",
        "a@b>\r\nDATA",
        "a b@c",
        "a@b\n",
        "a@b\0",
        "<a@b>",
        "ada",
        "@",
        "a@",
        '"a@b',
        '"a"b"@c',
        "a@b\u2028",
        "\udcff@b",
        "a" * 400 + "@b",
        '"' + "\\" * 99 + "@b",
    ],
)
def test_an_address_can_be_no_second_command(address: str) -> None:
    with pytest.raises(ChannelError) as caught:
        path(address)
    assert caught.value.permanent


def test_the_null_sender_is_empty() -> None:
    assert path("") == b"<>"
