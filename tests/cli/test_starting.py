"""Starting and stopping: what goes wrong is one line with what to do, and exit status 1."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import cli
from tests.cli.commands import Ended, deskbot, running

CANARY = "canary-4711-never-shown"
NOWHERE = f"postgresql://bot:{CANARY}@127.0.0.1:1/desk"
SECRET = "0123456789abcdef0123456789abcdef"


def one_line(ended: Ended) -> str:
    """The only line that a failed command has written."""
    assert (ended.status, ended.out) == (1, "")
    (line,) = ended.err.splitlines()
    assert line.startswith("deskbot: ")
    return line


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"CALENDAR__HOURS__MON": ""}, "calendar.hours: no weekday has working hours; write at least one"),
        ({"CALENDAR__HOURS__MON": "9-18"}, 'calendar.hours.mon: "9-18" are no hours; write them like'),
        ({"CALENDAR__COUNTRY": "ZZ"}, "calendar.country: no public holidays are known"),
        ({"SMTP__PORT": "x"}, "smtp.port: write a whole number (it stands in DESKBOT_SMTP__PORT)"),
        (
            {"SMTP__ACCOUNTS__BOB": CANARY},
            "smtp.accounts.bob: not a hash that `deskbot hash-password` has made",
        ),
        ({"STORE__URL": f"mysql://{CANARY}@x/y"}, "store.url: write postgresql://USER:PASSWORD@HOST/NAME"),
        ({"STORE__URL": NOWHERE}, "desk.secret: several processes must sign alike"),
        ({"STORE__URL": NOWHERE, "DESK__SECRET": SECRET}, "the database cannot be used: is it running"),
        ({"DESK__DATA": "/proc/nowhere"}, "/proc/nowhere: No such file or directory"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_keeps_a_desk_from_starting_is_one_line(
    tmp_path: Path, values: dict[str, str], told: str
) -> None:
    line = one_line(deskbot(tmp_path, "run", **values))
    assert line.startswith(f"deskbot: {told}")
    assert CANARY not in line


@pytest.mark.parametrize("key", ["SMTP", "WEB"])
def test_a_port_that_is_taken_is_told_at_the_start(tmp_path: Path, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        line = one_line(deskbot(tmp_path, "run", **{f"{key}__PORT": port}))
    assert port in line
    assert f"set {key.lower()}.port to another" in line


def test_a_database_that_is_not_up_to_date_is_told(tmp_path: Path, postgres_url: str) -> None:
    line = one_line(deskbot(tmp_path, "run", STORE__URL=postgres_url, DESK__SECRET=SECRET))
    assert line == "deskbot: the database is not up to date: run `deskbot db upgrade` once, then start again"
    upgraded = deskbot(tmp_path, "db", "upgrade", STORE__URL=postgres_url)
    assert upgraded.status == 0
    known = deskbot(tmp_path, "db", "version", STORE__URL=postgres_url).out
    assert known.split()[0] == upgraded.out.split()[-1] == known.rstrip(")\n").split()[-1]


def here(folder: Path, *words: str, **values: str) -> Result:
    """One command in this process, where starting another would show no more."""
    variables = {f"DESKBOT_{key}": value for key, value in values.items()}
    own = {"DESKBOT_DESK__DATA": str(folder / "var"), "DESKBOT_SMTP__PORT": "0", "DESKBOT_WEB__PORT": "0"}
    return CliRunner().invoke(cli, words, env={**own, **variables})


@pytest.mark.parametrize("roles", ["smpt", ",", ""])
def test_a_role_that_is_none_is_told(tmp_path: Path, roles: str) -> None:
    ended = here(tmp_path, "run", "--only", roles)
    assert (ended.exit_code, "smtp, " in ended.output) == (2, True)


def test_the_first_mail_its_answer_and_an_orderly_end(tmp_path: Path) -> None:
    """As a newcomer does it: run, try, look, a second run by mistake, stop."""
    with running(tmp_path) as process:
        port = _port(process)
        tried = deskbot(tmp_path, "try", "My printer is on fire", SMTP__PORT=port)
        assert tried.status == 0
        assert "It is ticket HD-1 (" in tried.out
        assert "Subject: [HD-1] Re: My printer is on fire" in tried.out
        assert "A person will answer you" in tried.out
        assert "HD-1" in deskbot(tmp_path, "tickets", "list").out
        assert "was opened" in deskbot(tmp_path, "tickets", "why", "HD-1").out
        assert "another Deskbot runs on" in one_line(deskbot(tmp_path, "run"))
        checked = deskbot(tmp_path, "check", SMTP__PORT=port)
        assert checked.status == 0
        assert f"127.0.0.1:{port} is in use: by this desk if it is running" in checked.out
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        rest = [json.loads(line)["action"] for line in process.stderr]
        assert process.wait(20) == 0
        assert rest[-1] == "runner.stopped"
    told = deskbot(tmp_path, "try", "hi", SMTP__PORT=port)
    assert "is `deskbot run` running with this configuration?" in one_line(told)


def _port(process: subprocess.Popen[str]) -> str:
    """Where the door listens, from the log: one JSON line for each thing, and nothing else."""
    assert process.stderr is not None
    for line in process.stderr:
        entry = json.loads(line)
        if entry["action"] == "smtp.listening":
            return str(entry["port"])
    raise AssertionError("the desk has ended")


@pytest.mark.parametrize(
    "words", [("tickets", "list"), ("inbox", "list"), ("outbox", "list"), ("tickets", "why", "1")]
)
def test_where_there_is_no_desk_yet_the_way_to_one_is_told(tmp_path: Path, words: tuple[str, ...]) -> None:
    told = str(here(tmp_path, *words).exception)
    assert told.endswith("yet: start one with `deskbot run`")


def test_check_names_each_door_and_what_to_do(tmp_path: Path) -> None:
    ended = here(tmp_path, "check")
    assert ended.exit_code == 0
    names = [line[6:16].strip() for line in ended.output.splitlines()]
    assert {"promises", "templates", "database", "smtp", "mail out", "web"} <= set(names)


def test_check_leaves_nothing_behind_and_knows_a_stranger_on_its_port(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as stranger:
        ended = here(tmp_path, "check", SMTP__PORT=str(stranger.getsockname()[1]))
    failed = [line for line in ended.output.splitlines() if line.startswith("FAIL")]
    assert ended.exit_code == 1
    assert [("smtp" in line, line.endswith("choose another smtp.port")) for line in failed] == [(True, True)]
    assert not (tmp_path / "var").exists()


def test_check_goes_on_after_a_fault_and_ends_with_status_1(tmp_path: Path) -> None:
    ended = here(tmp_path, "check", RELAY__HOST="127.0.0.1", RELAY__PORT="1", RELAY__TLS="off")
    failed = [line for line in ended.output.splitlines() if line.startswith("FAIL")]
    assert ended.exit_code == 1
    assert [line[6:16].strip() for line in failed] == ["mail out"]
    assert ended.output.splitlines()[-1].startswith("ok    links")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "nowhere but on this machine: set desk.base_url"),
        ({"DESK__BASE_URL": "https://help.example.org"}, "begin with https://help.example.org"),
        ({"WEB__ENABLED": "false"}, "see web.enabled"),
    ],
)
def test_check_tells_where_the_links_of_messages_lead(
    tmp_path: Path, settings: dict[str, str], said: str
) -> None:
    (links,) = [
        line for line in here(tmp_path, "check", **settings).output.splitlines() if "  links " in line
    ]
    assert links.endswith(said)


def test_l1_check_shows_no_secret(tmp_path: Path) -> None:
    ended = deskbot(
        tmp_path,
        "check",
        STORE__URL=NOWHERE,
        DESK__SECRET=CANARY + SECRET,
        RELAY__HOST="127.0.0.1",
        RELAY__PORT="1",
        RELAY__USER="bot",
        RELAY__PASSWORD=CANARY,
        WEB__METRICS_TOKEN=CANARY,
        SMTP__ACCOUNTS__BOB=CANARY,
        LOG__LEVEL="debug",
    )
    assert ended.status == 1
    assert "FAIL  database" in ended.out
    assert CANARY not in ended.out + ended.err


def test_l1_a_running_desk_logs_no_secret_at_any_level(tmp_path: Path) -> None:
    secrets = {
        "DESK__SECRET": CANARY + SECRET,
        "RELAY__HOST": "127.0.0.1",
        "RELAY__PORT": "1",
        "RELAY__USER": "bot",
        "RELAY__PASSWORD": CANARY,
        "WEB__METRICS_TOKEN": CANARY,
        "LOG__LEVEL": "debug",
    }
    seen: list[str] = []
    with running(tmp_path, **secrets) as process:
        assert process.stderr is not None
        port = _port(process)
        with smtplib.SMTP("127.0.0.1", int(port)) as client:
            client.sendmail("ann@localhost", "help@localhost", f"From: ann@localhost\r\n\r\n{CANARY} words")
        for line in process.stderr:
            seen.append(line)
            if "delivery.put-off" in line:
                break
        process.send_signal(signal.SIGTERM)
        seen += process.stderr
    assert CANARY not in "".join(seen)


def test_check_of_a_desk_whose_agents_are_all_in_chats_asks_for_no_proof_of_mail(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    agents = '[agents.bo]\nname = "Bo"\naddresses = ["bo@localhost"]\nteams = ["first-line"]\n'
    chat = 'chats = ["acme:U2"]\n[slack.acme]\nenabled = false\nbot_token = "xoxb-1"\napp_token = "xapp-1"\n'
    config.write_text(agents + chat)
    assert "ok    agents     1, who work in chats" in here(tmp_path, "--config", str(config), "check").output
    config.write_text(agents)
    told = here(tmp_path, "--config", str(config), "check").output
    assert "FAIL  agents     nothing proves their mail" in told
