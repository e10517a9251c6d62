"""What a mail server is given: the right fields, once each, whatever people call themselves."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.errors import ChannelError
from bot.mail.compose import ComposedMail, Desk, Words, compose, subject_line
from bot.mail.headers_out import address_field, bare_address, clean_header, message_ids, text_field
from bot.message import Kind, Notice, OutgoingMessage, Party, ThreadRef

TOKEN = "hd.42.abcdefgh.ijklmnop.abcdefghijklmnopqrstuvwxyz"
NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
DESK = Desk("Help desk", "help@desk.example", "desk.example")
WORDS = Words("We have received your request", "Hello\n", "<p>Hello</p>\n")
ALLOWED = {
    "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-Deskbot-Loop", "Content-Language", "MIME-Version", "Content-Type",
}  # fmt: skip
HOSTILE = (
    "x\r\nBcc: evil@x.example", "x\nBcc: evil@x.example", "x\rBcc: evil@x.example", "x\x00y", "x\x0bBcc: e@x",
    "x\x0cBcc: e@x", "x\u2028Bcc: e@x", "x\u2029Bcc: e@x", "x\x85Bcc: e@x", "=?utf-8?q?x=0D=0ABcc:_evil@x.example?=",
    "=0D=0ABcc: evil@x.example", "Evil <evil@x.example>, ", '"Evil" <evil@x.example>', "a\u202egnp.exe", "\ud800",
    "evil@x.example, other", "é\r\nBcc: evil@x.example", ",;:<>@()[]\\\"", "x" * 5000, "好" * 5000, "word " * 1000,
)  # fmt: skip


def message(**changes: Any) -> OutgoingMessage:
    usual = OutgoingMessage(
        channel="mail",
        to=Party("email", "anna@example.com", "Anna Rossi"),
        ticket=42,
        kind=Kind.ACKNOWLEDGEMENT,
        token=TOKEN,
        notice=Notice("received", "en", "UTC", {"reference": "HD-42"}),
        created_at=NOW,
    )
    return replace(usual, **changes)


def read(mail: ComposedMail) -> EmailMessage:
    parsed = message_from_bytes(mail.raw, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def content(mail: ComposedMail, subtype: str = "plain") -> str:
    body = read(mail).get_body((subtype,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def value(field: str) -> Any:
    """What the standard library reads in one field."""
    name = field.partition(":")[0]
    return message_from_bytes(field.encode() + b"\r\n\r\n", policy=policy.default)[name]


# Who, and how it is found again


def test_a_mail_says_who_writes_to_whom_and_how_to_answer() -> None:
    mail = compose(message(), DESK, WORDS)
    parsed = read(mail)
    assert parsed["From"] == "Help desk <help@desk.example>"
    assert parsed["To"] == "Anna Rossi <anna@example.com>"
    assert parsed["Reply-To"] == f"Help desk <help+{TOKEN}@desk.example>"
    assert parsed["Message-ID"] == f"<{TOKEN}@desk.example>"
    assert parsed["Date"].datetime == datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
    assert parsed["Subject"] == "[HD-42] We have received your request"
    assert (mail.recipient, mail.smtputf8, mail.warnings) == ("anna@example.com", False, ())
    assert content(mail) == "Hello\n"
    assert content(mail, "html") == "<p>Hello</p>\n"


def test_a_local_part_too_long_for_the_token_answers_to_the_desk_itself() -> None:
    desk = Desk("", "the-service-desk-of-us-all@desk.example", "desk.example")
    assert read(compose(message(), desk, WORDS))["Reply-To"] == "the-service-desk-of-us-all@desk.example"


def test_a_notice_without_a_ticket_has_no_tag() -> None:
    mail = compose(message(notice=Notice("alert", "en", "UTC")), DESK, WORDS)
    assert read(mail)["Subject"] == "We have received your request"


@pytest.mark.parametrize(
    ("original", "subject"),
    [
        ("My printer", "[HD-42] Re: My printer"),
        ("Re: My printer", "[HD-42] Re: My printer"),
        ("RE: Re: [HD-42] Re: My printer", "[HD-42] Re: My printer"),
        ("[HD-42] Re: My printer", "[HD-42] Re: My printer"),
        ("AW: R: 回复：打印机", "[HD-42] Re: 打印机"),
        ("[HD-7] other ticket", "[HD-42] Re: [HD-7] other ticket"),
        ("Reprint: please", "[HD-42] Re: Reprint: please"),
        ("Re: [HD-42]", "[HD-42] own words"),
        ("", "[HD-42] own words"),
    ],
)
def test_a_subject_carries_tag_and_re_once(original: str, subject: str) -> None:
    assert subject_line("HD-42", original, "own words", answers=True) == subject
    first = subject.replace("[HD-42] Re: ", "[HD-42] ")
    assert subject_line("HD-42", original, "own words", answers=False) == first
    if " Re: " in subject:
        assert subject_line("HD-42", subject, "own words", answers=True) == subject
        assert subject_line("HD-42", first, "own words", answers=True) == subject


def test_a_long_subject_is_cut_at_one_place_in_the_whole_thread() -> None:
    long = "very " * 100 + "long"
    first = subject_line("HD-42", long, "own words", answers=False)
    answer = subject_line("HD-42", long, "own words", answers=True)
    assert answer == first.replace("[HD-42] ", "[HD-42] Re: ")
    assert subject_line("HD-42", answer, "own words", answers=True) == answer
    assert 190 < len(answer) <= 200


@given(st.text(max_size=300))
def test_a_subject_does_not_change_when_it_goes_to_and_fro(original: str) -> None:
    once = subject_line("HD-42", original, "own words", answers=True)
    again = subject_line("HD-42", once, "own words", answers=True)
    assert again in {once, "[HD-42] Re: own words"}
    assert len(once) <= 200


@given(st.datetimes(datetime(1970, 1, 1), datetime(9990, 1, 1), timezones=st.timezones()))  # noqa: DTZ001  (hypothesis wants them bare)
def test_the_date_is_the_moment_of_the_message(moment: datetime) -> None:
    parsed = read(compose(message(created_at=moment), DESK, WORDS))
    assert parsed["Date"].datetime == moment.astimezone(UTC).replace(microsecond=0)
    assert parsed["Date"] == format_datetime(moment.astimezone(UTC))


# F1, F2: injection


@pytest.mark.parametrize("text", HOSTILE)
def test_f1_no_text_of_a_person_makes_a_header(text: str) -> None:
    outgoing = message(
        to=Party("email", "anna@example.com", text),
        thread=ThreadRef(text, text, (text, "<ok@example.com>")),
        notice=Notice("received", "en", "UTC", {"reference": text}),
    )
    mail = compose(outgoing, replace(DESK, name=text), Words(text, "Hello\n", "<p>Hello</p>\n"))
    parsed = read(mail)
    assert set(parsed.keys()) <= ALLOWED
    assert len(parsed.keys()) == len(set(parsed.keys()))
    assert [address.addr_spec for address in parsed["To"].addresses] == ["anna@example.com"]
    assert mail.recipient == "anna@example.com"
    assert content(mail) == "Hello\n"
    head = mail.raw.partition(b"\r\n\r\n")[0]
    assert head.isascii()
    assert not any(octet < 32 for octet in head.replace(b"\r\n", b""))
    assert max(map(len, head.split(b"\r\n"))) <= 998


@pytest.mark.parametrize("name", HOSTILE)
def test_f2_the_recipient_comes_from_the_stored_address_only(name: str) -> None:
    mail = compose(message(to=Party("email", "anna@example.com", name)), DESK, WORDS)
    assert mail.recipient == "anna@example.com"
    assert [address.addr_spec for address in read(mail)["To"].addresses] == ["anna@example.com"]


@pytest.mark.parametrize(
    "address",
    ["", "anna", "@example.com", "anna@", "a\r\nb@example.com", "anna@exa mple.com", "anna@example.com>", "a@b@",
     "anna@example.com\r\nBcc: evil@x.example", "\ud800@example.com", "a" * 65 + "@example.com", "anna@" + "a" * 254],
)  # fmt: skip
def test_f2_an_address_that_cannot_stand_in_a_mail_is_a_permanent_failure(address: str) -> None:
    with pytest.raises(ChannelError) as caught:
        compose(message(to=Party("email", address)), DESK, WORDS)
    assert caught.value.permanent


@given(st.text(max_size=400))
@example("=?utf-8?b?aGk=?=")
@example("a =?x")
@example("é a")
@example(" x")
def test_f1_the_standard_library_reads_back_the_very_same_subject(text: str) -> None:
    field = text_field("Subject", text)
    assert value(field) == clean_header(text)
    assert all(len(line) <= 78 for line in field.split("\r\n"))


@given(
    st.text(max_size=100), st.sampled_from(["anna@example.com", '"a b"@example.com', "o'neil+x@example.com"])
)
@example('"', "anna@example.com")
@example("\\", "anna@example.com")
@example("é, <e@x>", "anna@example.com")
def test_f2_the_standard_library_reads_back_the_very_same_name_and_address(name: str, address: str) -> None:
    field = address_field("To", name, address)
    (found,) = value(field).addresses
    assert found.addr_spec == address
    # policy.default of Python 3.11 leaves a space between two encoded words of a name; the older reader does
    # as RFC 2047, 6.2 says.
    assert found.display_name.replace(" ", "") == clean_header(name).replace(" ", "")
    written, _ = parseaddr(field.removeprefix("To: ").replace("\r\n", ""))
    assert str(make_header(decode_header(written))) == clean_header(name)


@given(st.lists(st.text(max_size=60), max_size=30))
def test_f1_only_what_has_the_form_of_a_message_id_is_repeated(ids: list[str]) -> None:
    for found in message_ids(ids):
        assert found.isascii()
        assert found.isprintable()
        assert not set(found[1:-1]) & set("<> ")


# Addresses beyond ASCII


def test_a_domain_is_written_in_ascii_and_needs_no_extension() -> None:
    mail = compose(message(to=Party("email", "anna@bücher.example", "Anna")), DESK, WORDS)
    assert mail.recipient == "anna@xn--bcher-kva.example"
    assert not mail.smtputf8


def test_an_address_beyond_ascii_asks_for_smtputf8() -> None:
    mail = compose(message(to=Party("email", "安娜@example.com", "安娜")), DESK, WORDS)
    assert mail.smtputf8
    assert mail.recipient == "安娜@example.com"
    assert "<安娜@example.com>".encode() in mail.raw


def test_a_name_beyond_ascii_needs_no_extension() -> None:
    mail = compose(message(to=Party("email", "anna@example.com", "安娜")), DESK, WORDS)
    assert not mail.smtputf8
    assert read(mail)["To"].addresses[0].display_name == "安娜"


@pytest.mark.parametrize(
    ("given_", "written"), [("a b@x.example", '"a b"@x.example'), ("a@[192.0.2.1]", "a@[192.0.2.1]")]
)
def test_an_odd_but_lawful_address_is_written_as_the_rfc_says(given_: str, written: str) -> None:
    assert bare_address(given_) == written


# F10, F11: what a mail carries, and what not


@pytest.mark.parametrize("kind", Kind)
def test_f10_headers_are_from_a_closed_list_and_for_one_recipient(kind: Kind) -> None:
    parsed = read(compose(message(kind=kind), DESK, WORDS))
    assert set(parsed.keys()) <= ALLOWED
    assert len(parsed["To"].addresses) == 1


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind.automatic])
def test_f11_automatic_mail_says_so_and_cannot_be_answered_by_a_bounce(kind: Kind) -> None:
    mail = compose(message(kind=kind), DESK, WORDS)
    parsed = read(mail)
    replied = kind in {Kind.ACKNOWLEDGEMENT, Kind.SURVEY}
    assert parsed["Auto-Submitted"] == ("auto-replied" if replied else "auto-generated")
    assert parsed["X-Auto-Response-Suppress"] == "DR, RN, OOF, AutoReply"
    assert parsed["X-Deskbot-Loop"] == TOKEN
    assert mail.mail_from == ""


def test_f11_what_a_person_wrote_carries_no_sign_of_a_machine() -> None:
    mail = compose(message(kind=Kind.REPLY), DESK, WORDS)
    assert not {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Deskbot-Loop"} & set(read(mail).keys())
    assert mail.mail_from == "help@desk.example"


def test_f11_references_are_bounded_on_a_long_thread() -> None:
    earlier = tuple(f"<m{number}@example.com>" for number in range(200))
    parsed = read(compose(message(thread=ThreadRef("x", "<last@example.com>", earlier)), DESK, WORDS))
    kept = [*earlier[:4], *earlier[-5:], "<last@example.com>"]
    assert parsed["References"].split() == kept
    assert parsed["In-Reply-To"] == "<last@example.com>"


def test_addresses_with_our_tokens_are_no_message_ids() -> None:
    thread = ThreadRef("x", "last@example.com", (f"help+{TOKEN}@desk.example", "first@example.com"))
    parsed = read(compose(message(thread=thread), DESK, WORDS))
    assert parsed["References"] == "<first@example.com> <last@example.com>"


# F12: the body


@pytest.mark.parametrize(
    "body",
    [".\n..\n.a\n", "x" * 5000 + "\n", "From here\n", "--=_a\n", "好" * 2000 + "\n", "è\n" * 300, "a \nb\t\n", "=\n=3D\n",
     "x" * 998 + "\n", "x" * 999 + "\n", "\n\nx\n"],
)  # fmt: skip
def test_f12_what_is_hard_to_carry_arrives_as_it_was(body: str) -> None:
    mail = compose(message(), DESK, Words("x", body, f"<p>{body}</p>\n"))
    assert content(mail) == body
    assert content(mail, "html") == f"<p>{body}</p>\n"
    assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
    assert b"\n" not in mail.raw.replace(b"\r\n", b"")
    assert b"\r" not in mail.raw.replace(b"\r\n", b"")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=2000))
def test_f12_any_text_arrives_as_it_was(text: str) -> None:
    assert content(compose(message(), DESK, Words("x", text + "\n"))) == text.rstrip("\n") + "\n"


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\v", "\f", "\x85", "\u2028", "\u2029"])
def test_f12_every_kind_of_line_end_becomes_the_one_of_mail(ending: str) -> None:
    assert content(compose(message(), DESK, Words("x", f"one{ending}two"))) == "one\ntwo\n"


@pytest.mark.parametrize(
    ("text", "said"), [("a\x00b\x1bc\x7fd", "abcd\n"), ("a\ud800b", "a?b\n"), ("a\tb", "a\tb\n")]
)
def test_f12_what_is_no_text_does_not_stop_the_mail(text: str, said: str) -> None:
    assert content(compose(message(), DESK, Words("x", text))) == said


# F14: nothing is fetched


def test_f14_an_image_in_the_html_is_never_fetched() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        compose(message(), DESK, Words("x", "x", f'<img src="http://127.0.0.1:{port}/">\n'))
        with pytest.raises(BlockingIOError):
            server.accept()


# One thread


def test_a_bare_token_of_ours_is_the_message_id_that_was_made_of_it() -> None:
    token = "hd.42.abcdefghijkabcdefghijklmnopqrstuvwxyz"
    thread = ThreadRef("x", token, ("question@example.com", "hd.42.first", "<no-at-sign>", token))
    parsed = read(compose(message(thread=thread), DESK, WORDS))
    assert parsed["In-Reply-To"] == f"<{token}@desk.example>"
    references = parsed["References"].split()
    assert references == [
        "<question@example.com>",
        "<hd.42.first@desk.example>",
        "<no-at-sign>",
        f"<{token}@desk.example>",
    ]


def test_what_a_mail_answers_stands_last_in_its_references() -> None:
    thread = ThreadRef("x", "b@example.com", ("a@example.com", "b@example.com", "hd.42.last"))
    parsed = read(compose(message(thread=thread), DESK, WORDS))
    assert parsed["References"].split() == ["<a@example.com>", "<hd.42.last@desk.example>", "<b@example.com>"]


@given(
    st.lists(
        st.sampled_from([f"m{n}@x.example" for n in range(30)] + [f"hd.42.{n}" for n in range(30)]),
        max_size=60,
    )
)
def test_a_chain_keeps_its_first_four_and_last_six(keys: list[str]) -> None:
    whole = list(dict.fromkeys(f"<{key}>" if "@" in key else f"<{key}@desk.example>" for key in keys))
    if keys:
        last = f"<{keys[-1]}>" if "@" in keys[-1] else f"<{keys[-1]}@desk.example>"
        whole = [one for one in whole if one != last] + [last]
    thread = ThreadRef("x", keys[-1] if keys else "", tuple(keys))
    found = str(read(compose(message(thread=thread), DESK, WORDS)).get("References", "")).split()
    assert found == (whole if len(whole) <= 10 else whole[:4] + whole[-6:])
