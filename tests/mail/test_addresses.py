from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.mail.addresses import Mailbox, canonical, parse_addresses


@pytest.mark.parametrize(
    ("field", "name", "address"),
    [
        ("ann@example.com", "", "ann@example.com"),
        ("Ann Example <ann@example.com>", "Ann Example", "ann@example.com"),
        ('"Example, Ann" <ann@example.com>', "Example, Ann", "ann@example.com"),
        ("Example, Ann <ann@example.com>", "Example, Ann", "ann@example.com"),
        ("ann@example.com (Ann Example)", "Ann Example", "ann@example.com"),
        ("=?utf-8?q?=C3=89va_K=C3=B3s?= <eva@example.com>", "Éva Kós", "eva@example.com"),
        ("=?utf-8?b?w4l2YSA8ZXZhQGV4YW1wbGUuY29tPg==?=", "Éva", "eva@example.com"),
        ('"Quo\\"ted" <q@example.com>', 'Quo"ted', "q@example.com"),
        ("Pete(A wonderful \\) chap) <pete(his account)@silly.test(his host)>", "Pete", "pete@silly.test"),
        ("<@a.example,@b.example:joe@example.com>", "", "joe@example.com"),
        ('"john doe"@example.com', "", '"john doe"@example.com'),
        ("<ann @ example.com>", "", "ann@example.com"),
        ("'ann@example.com'", "", "ann@example.com"),
        ("<mailto:ann@example.com>", "", "ann@example.com"),
        ("Cron Daemon <root>", "Cron Daemon", "root"),
        ("", "", ""),
    ],
)
def test_a_mailbox_is_read_as_people_write_it(field: str, name: str, address: str) -> None:
    assert (parse_addresses(field) or [Mailbox("", "")])[0] == Mailbox(name, address)


def test_d8_the_address_in_angle_brackets_wins_over_one_in_the_name() -> None:
    for field in (
        "agent@corp.com <evil@x.com>",
        '"agent@corp.com" <evil@x.com>',
        "agent@corp.com\t<evil@x.com>",
        "<agent@corp.com> <evil@x.com>",
        '"agent@corp.com <agent@corp.com>" <evil@x.com>',
        "=?utf-8?q?agent=40corp=2Ecom?= <evil@x.com>",
        "(agent@corp.com) evil@x.com",
    ):
        assert [box.address for box in parse_addresses(field)] == ["evil@x.com"], field


def test_d8_two_addresses_where_one_should_stand_are_doubtful() -> None:
    assert parse_addresses("<agent@corp.com> <evil@x.com>")[0].doubtful
    assert parse_addresses("agent@corp.com evil@x.com")[0].doubtful
    assert not parse_addresses("agent@corp.com <evil@x.com>")[0].doubtful


def test_d9_an_address_as_its_own_name_is_kept() -> None:
    assert parse_addresses("user@c.com <user@c.com>")[0].address == "user@c.com"


def test_d17_equality_folds_case_and_domains_but_guesses_no_dots() -> None:
    assert canonical("User@Ex.com") == canonical("user@ex.COM")
    assert canonical("u.ser@gmail.com") != canonical("user@gmail.com")
    assert canonical("user+a@ex.com") != canonical("user@ex.com")
    assert canonical("x@BÜCHER.example") == canonical("x@xn--bcher-kva.example") == "x@xn--bcher-kva.example"


def test_d18_names_lose_what_hides_and_domains_show_their_ascii_form() -> None:
    (box,) = parse_addresses('"Support\u200b Team\u202e" <x@аррӏе.com>')
    assert box.name == "Support Team"
    assert box.address.startswith("x@xn--")


def test_a_list_with_groups_and_rubbish_keeps_its_addresses() -> None:
    field = (
        'Team: ann@x.example, Bob <bob@x.example>; undisclosed-recipients:;, , <>, "Eve, E." <eve@x.example>'
    )
    assert [box.address for box in parse_addresses(field) if box.address] == [
        "ann@x.example",
        "bob@x.example",
        "eve@x.example",
    ]


@pytest.mark.parametrize("junk", ['"', "(", "((", "<", ",", "\\", ":", ";", '"\\', "a@", "=?utf-8?q?", "(\\"])
def test_c3_hostile_address_fields_take_linear_time(junk: str) -> None:
    start = time.process_time()
    parse_addresses(junk * 8_192)
    assert time.process_time() - start < 0.5


@given(st.text(max_size=200) | st.text(alphabet='"(<>,;:@\\ a.=?', max_size=60))
@example('"<"@0')
def test_reading_addresses_never_raises_and_gives_only_what_can_be_written_to(field: str) -> None:
    for box in parse_addresses(field):
        box.name.encode("utf-8", "surrogatepass")
        assert not set(box.address) & set("\r\n\0<>")
        canonical(box.address)


@given(st.emails())
def test_an_ordinary_address_is_read_as_it_stands(address: str) -> None:
    if not set(address) & set("=?'/"):
        assert [box.address.casefold() for box in parse_addresses(address)] == [address.casefold()]
        assert canonical(canonical(address)) == canonical(address)
