"""``deskbot people``: bring in, look at, hand over, erase."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from bot.store.models import Person, Ticket
from tests.desk.by_mail import TEAM
from tests.desk.test_erasure import HOME, NAME, ROSA, TRACES, a_life, erase, everything
from tests.desks import OpenDesk, a_message, open_desk

PEOPLE = (
    "name;address;language;badge\nAnn \x1b[2JBianchi;ann@x.example;it;7\nBen;nobody;;\nC %;c@x.example;;\n"
)
SECRET = "a secret that is long enough to sign with, 32 octets"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[OpenDesk]:
    with open_desk(tmp_path, **TEAM) as desk:
        yield desk


def run(desk: OpenDesk, *words: str) -> Result:
    environment = {"DESKBOT_DESK__DATA": str(desk.folder), "DESKBOT_DESK__SECRET": SECRET}
    return CliRunner().invoke(cli, ["people", *words], env=environment)


def a_list(desk: OpenDesk, text: str = PEOPLE) -> str:
    path = desk.folder / "people.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_list_is_brought_in_and_its_faults_are_told_by_line(desk: OpenDesk) -> None:
    result = run(desk, "import", a_list(desk))
    assert result.exit_code == 1
    assert 'line 3: "nobody" is no address' in result.output
    assert "columns that nobody reads: badge" in result.output
    assert "2 people new" in result.output
    assert "1 rows left out" in result.output
    again = run(desk, "import", a_list(desk))
    assert "2 people known so already" in again.output
    assert len(desk.rows(Person)) == 2


def test_a_rehearsal_of_a_list_writes_nothing(desk: OpenDesk) -> None:
    result = run(desk, "import", "--dry-run", a_list(desk, "address\nann@x.example\n"))
    assert (result.exit_code, "1 people would be new" in result.output) == (0, True)
    assert desk.rows(Person) == []


def test_what_is_no_list_is_refused_with_what_to_write(desk: OpenDesk) -> None:
    result = run(desk, "import", a_list(desk, "a,b,c\n1,2,3\n"))
    assert "no column is named address" in str(result.exception)


def test_h8_a_wildcard_lists_only_who_bears_it(desk: OpenDesk) -> None:
    run(desk, "import", a_list(desk))
    found = json.loads(run(desk, "list", "--find", "%", "--json").output)
    assert [person["name"] for person in found] == ["C %"]
    assert run(desk, "list", "--find", "_").output == "There is nobody like that.\n"


def test_values_of_people_never_steer_the_terminal(desk: OpenDesk) -> None:
    a_life(desk)
    run(desk, "import", a_list(desk))
    for words in (("list",), ("show", "ann@x.example"), ("show", ROSA)):
        output = run(desk, *words).output
        assert all(c == "\n" or c.isprintable() for c in output)
    assert "HD-1" in run(desk, "show", ROSA).output


@pytest.mark.parametrize("who", ["4711", "nobody@x.example", "nobody", "", "9" * 30])
def test_nobody_is_told_as_nobody(desk: OpenDesk, who: str) -> None:
    for words in (("show", who), ("export", who), ("erase", who, "--yes")):
        result = run(desk, *words)
        assert result.exit_code == 1
        assert "nobody" in str(result.exception) or "write a number" in str(result.exception)


def test_a_copy_holds_all_of_a_person_and_nothing_of_others(desk: OpenDesk) -> None:
    life = a_life(desk)
    out = desk.folder / "copy.zip"
    result = run(desk, "export", ROSA, "--out", str(out))
    assert result.exit_code == 0, result.exception
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with ZipFile(out) as copy:
        names = copy.namelist()
        ticket = json.loads(copy.read("tickets/HD-1.json"))
        whole = b"\n".join(copy.read(name) for name in names).decode()
        person = json.loads(copy.read("person.json"))
        readme = copy.read("README.txt").decode()
    assert (person["name"], person["phone"], person["addresses"][0]["address"]) == (
        NAME,
        "+39 06 47.11",
        ROSA,
    )
    said = [(one["by"], one["kind"], one["text"].splitlines()[0]) for one in ticket["conversation"]]
    assert said == [
        ("you", "message", f"My sécret is 47.11. {NAME}"),
        ("Anna Rossi", "reply", "Dear Rósa, which one?"),
    ]
    assert (ticket["rating"]["rating"], ticket["fields"]) == (2, {"line": "06 47.11"})
    assert [name for name in names if name.startswith("raw/")] == ["raw/1.eml"]
    files = [name for name in names if name.startswith("attachments/")]
    assert len(files) == 2
    assert "only hers" in whole
    assert "Me too, says Rósa." in whole
    assert not [trace for trace in ("Ben asks", "ben@localhost", "sounded calm") if trace in whole]
    assert all(name in readme for name in ("person.json", "elsewhere.json", "letters.json", "raw/"))
    assert all(not name.startswith("/") and ".." not in name for name in names)
    assert "is there already" in str(run(desk, "export", ROSA, "--out", str(out)).exception)
    noted = desk.folder / "noted.zip"
    run(desk, "export", str(life["person"]), "--out", str(noted), "--with-notes")
    with ZipFile(noted) as copy:
        assert "sounded calm" in copy.read("tickets/HD-1.json").decode()


def test_a_copy_names_the_files_that_are_missing(desk: OpenDesk) -> None:
    life = a_life(desk)
    (desk.folder / "blobs" / life["mine"].sha256[:2] / life["mine"].sha256).unlink()
    out = desk.folder / "copy.zip"
    assert "1 attachments could not be read" in run(desk, "export", ROSA, "--out", str(out)).output
    with ZipFile(out) as copy:
        assert "private.txt" in copy.read("README.txt").decode().partition("could not be read")[2]


def test_l4_erasing_wants_a_yes_and_takes_everything_out(desk: OpenDesk) -> None:
    a_life(desk)
    assert "--yes" in str(run(desk, "erase", ROSA).exception)
    assert any(trace in everything(desk.store) for trace in TRACES)
    result = run(desk, "erase", ROSA, "--yes")
    assert result.exit_code == 0, result.exception
    assert "erased: 1 tickets" in result.output
    assert not [trace for trace in (*TRACES, HOME) if trace in everything(desk.store)]
    assert desk.rows(Ticket)[0].subject == "[erased]"
    assert "knows nobody" in str(run(desk, "erase", ROSA, "--yes").exception)
    report = run(desk, "import", a_list(desk, f"address\n{ROSA}\n"))
    assert "was erased" in report.output


def tickets(desk: OpenDesk, *words: str) -> str:
    environment = {"DESKBOT_DESK__DATA": str(desk.folder), "DESKBOT_DESK__SECRET": SECRET}
    return CliRunner().invoke(cli, ["tickets", *words], env=environment).output


@pytest.mark.parametrize("swept", [False, True])
def test_what_was_erased_is_shown_as_erased_and_what_was_not_as_it_is(desk: OpenDesk, swept: bool) -> None:  # noqa: FBT001  # pytest's
    life = a_life(desk)
    before = tickets(desk, "show", str(life["number"]))
    assert f"<{ROSA}>" in before
    assert "(erased)" not in before
    if not swept:  # the content came just now: its row waits for the next sweep
        (desk.folder / "blobs" / life["mine"].sha256[:2] / life["mine"].sha256).touch()
    erase(desk, life["person"])
    shown = tickets(desk, "show", str(life["number"]))
    assert shown.splitlines()[0] == f"HD-{life['number']}  (erased)"
    assert "  requester      (erased)\n" in shown
    assert "  (erased)  (message, mail)\n(erased)\n" in shown
    assert ("[(erased), 9 octets]" in shown) is not swept
    assert "Anna Rossi  (note" in shown
    assert not [mark for mark in ("<>", life["mine"].sha256[:12], "gone") if mark in shown]
    assert "(erased)" in tickets(desk, "list").splitlines()[-1]
    other = tickets(desk, "show", str(life["other"]))
    assert "Ben asks." in other
    assert "(erased)  (message, mail)" in other


def test_somebody_without_a_name_was_not_erased(desk: OpenDesk) -> None:
    desk.receive(a_message("It burns.", sender="nameless@x.example", name=""))
    assert "(erased)" not in tickets(desk, "show", "1")
    assert "nameless@x.example" in tickets(desk, "show", "1")
