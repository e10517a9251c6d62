"""Known people come in from a list: what is wrong with it is told line by line, and nobody is guessed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.desk import tombstones
from bot.desk.directory import Import, Report
from bot.desk.directory_file import Fault, PeopleFile, Row, UnreadableList
from bot.message import EMAIL, Party
from bot.store import people
from bot.store import tombstones as store_tombstones
from bot.store.engine import Store, Tx
from bot.store.models import Address, Person
from tests.desk.by_mail import ALIAS, ANNA, TEAM
from tests.desk.databases import KINDS, desk_on
from tests.desks import MONDAY, OpenDesk, a_desk, open_desk


def read(text: str | bytes) -> list[Row | Fault]:
    raw = text.encode() if isinstance(text, str) else text
    return list(PeopleFile(io.BytesIO(raw)))


def bring_in(store: Store, text: str, *, replace: bool = False, dry_run: bool = False) -> Report:
    run = Import(a_desk(**TEAM), replace=replace, dry_run=dry_run)
    run.keep(store.write_now(lambda tx: run.take(tx, read(text), MONDAY)))
    return run.report


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    with open_desk(tmp_path, **TEAM) as desk:
        yield desk


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    with desk_on(request, tmp_path) as desk:
        yield desk.store


def known(store: Store) -> list[tuple[str, str, str | None, str | None]]:
    columns = (Person.name, Person.department, Person.locale, Person.time_zone)
    return store.read_now(
        lambda tx: [(a, b, c, d) for a, b, c, d in tx.run(sa.select(*columns).order_by(Person.id))]
    )


WHOLE = (
    "name,address,language,time zone,department,phone\nAnn Bianchi,ann@x.example,it,Europe/Rome,Sales,+39 1\n"
)


@pytest.mark.parametrize(
    "text",
    [
        WHOLE,
        "\ufeff" + WHOLE,
        WHOLE.replace("\n", "\r\n"),
        WHOLE.replace(",", ";"),
        WHOLE.replace(",", "\t"),
        "Nome;Telefono;Indirizzo;Lingua;Fuso orario;Reparto\nAnn Bianchi;+39 1;ann@x.example;italiano;europe/rome;Sales\n",
        "姓名,邮箱,语言,时区,部门,电话\nAnn Bianchi,ann@x.example,意大利语,Europe/Rome,Sales,+39 1\n",
        "PHONE,Time_Zone,Language,E-Mail,Name,Department\n+39 1,Europe/Rome,it-IT,ann@x.example,Ann Bianchi,Sales",
        'name,address,language,time zone,department,phone\n"Ann Bianchi","ann@x.example",it,Europe/Rome,"Sales","+39 1"',
    ],
)
def test_a_list_is_read_whatever_program_wrote_it(text: str) -> None:
    (row,) = read(text)
    assert isinstance(row, Row)
    assert (row.name, row.locale, row.time_zone, row.department, row.phone) == (
        "Ann Bianchi",
        "it",
        "Europe/Rome",
        "Sales",
        "+39 1",
    )
    assert [(a.medium, a.shown) for a in row.addresses] == [(EMAIL, "ann@x.example")]


def test_a_person_has_several_addresses_in_several_worlds() -> None:
    (row,) = read("address,mail\nann@x.example|Ann@Y.example slack:U0123,telegram:42\n")
    assert isinstance(row, Row)
    assert [(a.medium, a.canonical) for a in row.addresses] == [
        (EMAIL, "ann@x.example"),
        (EMAIL, "ann@y.example"),
        ("slack", "u0123"),
        ("telegram", "42"),
    ]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",Ann", "no address"),
        ("nobody,Ann", '"nobody" is no address'),
        ("a@b@c,Ann", "is no address"),
        ("slack:,Ann", "is no address"),
        ("a@x.example,Ann,klingon", "is no language"),
        ("a@x.example,Ann,en,Mars/Base", "is no time zone"),
        ("a@x.example,Ann,en,UTC,too,many", "more fields than columns"),
        ("a@x.example," + "n" * 201, "more than 200 characters"),
        (" ".join(f"a{n}@x.example" for n in range(21)), "more than 20 addresses"),
        ('a@x.example,"Ann', "quotation mark"),
        ('a@x.example,"Ann"a', "quotation mark"),
        ("a@x.example," + "x" * 70_000, "longer than"),
        (b"a@x.example,Andr\xe9", "not UTF-8"),
    ],
)
def test_a_faulty_row_is_told_with_its_line_and_the_rows_around_it_are_taken(
    line: str | bytes, words: str
) -> None:
    raw = line.encode() if isinstance(line, str) else line
    found = read(b"address,name,language,time zone\nfirst@x.example\n" + raw + b"\nlast@x.example\n\n")
    faults = [row for row in found if isinstance(row, Fault)]
    assert [row.addresses[0].shown for row in found if isinstance(row, Row)] == [
        "first@x.example",
        "last@x.example",
    ]
    assert [fault.line for fault in faults] == [3]
    assert words in faults[0].words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "no column is named address"),
        (b"name,phone\n", "no column is named address"),
        ("name,address\n".encode("utf-16"), "not UTF-8"),
        (b"address,name,full name\n", "two columns"),
        (b"," * 300, "more than 200 columns"),
    ],
)
def test_what_is_no_list_of_people_is_refused_as_a_whole(text: bytes, words: str) -> None:
    with pytest.raises(UnreadableList, match=words):
        read(text)


def test_columns_that_nobody_reads_are_named() -> None:
    assert PeopleFile(io.BytesIO(b"badge,address,shoe size\n")).unknown == ("badge", "shoe size")


def test_a_row_may_go_over_lines_and_the_count_of_lines_goes_on() -> None:
    first, second = read('address,department\na@x.example,"Sales\nand more"\nnobody,x\n')
    assert isinstance(first, Row)
    assert first.department == "Sales and more"
    assert isinstance(second, Fault)
    assert second.line == 4


def test_a_value_that_would_steer_a_terminal_loses_its_signs() -> None:
    (row,) = read("address,name,phone\na@x.example,\x1b[2JAnn\u202e,\x07 1\n")
    assert isinstance(row, Row)
    assert row.name.isprintable()
    assert row.phone.isprintable()


_cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=30).filter(
    lambda cell: cell.count("\n") < 3
)


@given(st.lists(st.lists(_cells, max_size=8), max_size=8), st.sampled_from(",;\t"))
def test_whatever_stands_in_the_cells_the_row_behind_them_is_read(rows: list[list[str]], by: str) -> None:
    written = io.StringIO()
    writer = csv.writer(written, delimiter=by)
    writer.writerow(["name", "address", "language", "phone"])
    writer.writerows(rows)
    writer.writerow(["Last", "last@x.example", "", ""])
    last = read(written.getvalue())[-1]
    assert isinstance(last, Row)
    assert last.addresses[0].shown == "last@x.example"


@given(st.binary(max_size=400))
def test_any_bytes_at_all_are_rows_faults_or_no_list(raw: bytes) -> None:
    found = read(b"address,name\n" + raw)
    assert all(row.line > 1 for row in found)
    assert len(found) <= raw.count(b"\n") + 1


def test_a_list_that_is_brought_in_twice_changes_nothing_the_second_time(store: Store) -> None:
    text = WHOLE + "Ben,ben@x.example ben@y.example slack:U1,,,,\n"
    first, second = bring_in(store, text), bring_in(store, text)
    assert (first.new, first.changed, first.same, first.faults) == (2, 0, 0, [])
    assert (second.new, second.changed, second.same, second.faults) == (0, 0, 2, [])
    assert known(store) == [("Ann Bianchi", "Sales", "it", "Europe/Rome"), ("Ben", "", None, None)]


def test_what_is_known_is_filled_in_and_a_persons_own_language_stands(store: Store) -> None:
    def wrote(tx: Tx) -> None:
        person = people.add(tx, Party(EMAIL, "ann@x.example", "ann"), "ann@x.example", MONDAY)
        people.change(tx, person.id, locale="zh")

    store.write_now(wrote)
    assert bring_in(store, WHOLE).changed == 1
    assert known(store) == [("Ann Bianchi", "Sales", "zh", "Europe/Rome")]
    assert bring_in(store, WHOLE, replace=True).changed == 1
    assert known(store)[0][2] == "it"
    assert bring_in(store, "address,name,phone\nann@x.example,,\n").same == 1


def test_a_rehearsal_tells_the_same_and_writes_nothing(store: Store) -> None:
    assert bring_in(store, WHOLE, dry_run=True).new == 1
    assert known(store) == []


def test_two_people_of_the_desk_are_never_joined_by_a_list(store: Store) -> None:
    bring_in(store, "address\nann@x.example\nben@x.example\n")
    report = bring_in(
        store, "address,name\nann@x.example ben@x.example new@x.example,Ann\ncat@x.example,Cat\n"
    )
    assert (report.new, [fault.line for fault in report.faults]) == (1, [2])
    assert "two people" in report.faults[0].words
    count = sa.select(Address.person_id).where(Address.canonical.like("%@x.example"))
    assert len(set(store.read_now(lambda tx: tx.run(count).scalars().all()))) == 3


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("help@localhost", "the desk's own"),
        ("HELP+hd.1@localhost", "the desk's own"),
        (ANNA, "an agent's"),
        (ALIAS.upper(), "an agent's"),
        ("ann@x.example", "stands in line 2"),
        ("gone@x.example", "erased"),
    ],
)
def test_addresses_that_are_not_the_lists_to_give_are_refused(
    desk: OpenDesk, address: str, words: str
) -> None:
    buried = tombstones.of_address(EMAIL, "gone@x.example", desk.desk)
    desk.store.write_now(lambda tx: store_tombstones.bury(tx, store_tombstones.ADDRESS, [buried], MONDAY))
    report = bring_in(desk.store, f"address\nann@x.example\nmore@x.example {address}\n")
    assert (report.new, report.faults[0].line) == (1, 3)
    assert words in report.faults[0].words


@pytest.mark.parametrize("sign", ["%", "_", "\\", "a%n", "/"])
def test_h8_a_wildcard_finds_only_itself(store: Store, sign: str) -> None:
    bring_in(store, f"address,name\nann@x.example,Ann\nben@x.example,Ben {sign} Co\n")
    names = [row.name for row in store.read_now(lambda tx: people.found(tx, sign, 9))]
    assert names == [f"Ben {sign} Co"]


def test_h8_a_name_is_found_in_either_normal_form_and_any_case(store: Store) -> None:
    bring_in(store, "address,name,department\nann@x.example,Zoe\u0308 MÜLLER,Vertrieb\nben@x.example,Ben,\n")
    for words in ("zoë", "müller zoe\u0308", "ANN@X", "vertrieb"):
        rows = store.read_now(partial(people.found, words=words, limit=9))
        assert [row.name for row in rows] == ["Zoë MÜLLER"]
