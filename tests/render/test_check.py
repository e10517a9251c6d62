"""``deskbot templates``: faults are found before people see them, each with what to do."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bot.cli.templates import faults, templates
from bot.config import LOCALES, Config
from bot.config import Templates as Section
from bot.render.check import FORMS, sample
from bot.render.library import BUILT_IN, events
from bot.render.samples import SAMPLES


def run(*words: str, folder: Path | None = None) -> Result:
    return CliRunner().invoke(templates, words, obj=Config(templates=Section(folder=folder)))


def own(folder: Path, text: str, name: str = "en/received.md.j2") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_built_in_templates_are_complete_in_every_language() -> None:
    assert faults(Config()) == []
    assert run("check").exit_code == 0
    for event in events():
        assert all((BUILT_IN / locale / f"{event}.md.j2").is_file() for locale in LOCALES)
        assert SAMPLES[event]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("en/received.md.j2", "S\n{{ referense }}\n", "'referense'"),
        ("en/received.md.j2", "S\nx {% if outage == 'never' %}{{ outagee }}{% endif %}\n", "no value 'outagee'"),
        ("en/received.md.j2", "S\n{% if %}\n", "repair it"),
        ("en/received.md.j2", "S\n" + "word " * 5000, "keep it under 10000"),
        ("en/received.md.j2", "word " * 35 + "\ntext\n", "keep it under 150"),
        ("zh/received.md.j2", "S\n**你好！**我们{{ reference }}\n", "Markdown is left in the text"),
        ("en/recieved.md.j2", "S\ntext\n", "replaces nothing"),
        ("received.md.j2", "S\ntext\n", "replaces nothing"),
        ("fr/received.md.j2", "S\ntext\n", "replaces nothing"),
        ("mail.html.j2", "{{ boddy }}", "'boddy'"),
    ],
)  # fmt: skip
def test_check_finds_a_fault_and_names_the_file(tmp_path: Path, name: str, text: str, said: str) -> None:
    own(tmp_path, text, name)
    result = run("check", "received", folder=tmp_path)
    assert result.exit_code == 1
    assert said in result.output
    assert name in result.output or name.removesuffix(".md.j2") in result.output
    assert len(result.output.splitlines()) == len(set(result.output.splitlines()))


def test_check_tells_when_the_folder_is_not_there(tmp_path: Path) -> None:
    result = run("check", "received", folder=tmp_path / "nowhere")
    assert result.exit_code == 1
    assert "templates.folder" in result.output


def test_check_tells_when_a_language_has_no_words() -> None:
    from bot.render import check

    (*found,) = check.faults(None, ["en", "fr"])
    assert len(found) == sum(len(SAMPLES[event]) for event in events()) * len(FORMS)
    assert all("write fr/" in fault for fault in found)


def test_a_good_own_template_passes(tmp_path: Path) -> None:
    own(
        tmp_path,
        "Your number {{ reference }}\nHello {{ requester_name | default('you') }}, all is **well**.\n",
    )
    assert run("check", "received", "late", folder=tmp_path).output.startswith(
        f"2 events in {len(LOCALES)} languages"
    )


def test_an_event_that_there_is_not_cannot_be_checked() -> None:
    result = run("check", "recieved")
    assert result.exit_code != 0
    assert "no such event: recieved" in str(result.exception)


def test_list_says_whose_template_speaks(tmp_path: Path) -> None:
    path = own(tmp_path, "S\ntext\n", "it/received.md.j2")
    broken = own(tmp_path, "S\n{% if %}\n", "zh/received.md.j2")
    lines = run("list", folder=tmp_path).output.splitlines()
    assert len(lines) == len(events()) * len(LOCALES)
    assert any(line.split()[:2] == ["received", "it"] and str(path) in line for line in lines)
    assert any("built in, not usable" in line and str(broken) in line for line in lines)


def test_preview_shows_what_a_person_would_read() -> None:
    result = run("preview", "received", "--locale", "it")
    assert result.output.startswith("[HD-42] Abbiamo ricevuto la sua richiesta\n\nBuongiorno Anna Rossi,\n")


@pytest.mark.parametrize("event", events())
def test_every_sample_can_be_previewed(event: str) -> None:
    for name, _ in SAMPLES[event]:
        for form in FORMS:
            assert run("preview", event, "--sample", name, "--channel", form).exit_code == 0


def test_preview_writes_a_page_and_a_mail(tmp_path: Path) -> None:
    assert run("preview", "received", "--out", str(tmp_path / "x.html")).exit_code == 0
    assert (tmp_path / "x.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert run("preview", "received", "--locale", "zh", "--out", str(tmp_path / "x.eml")).exit_code == 0
    mail = message_from_bytes((tmp_path / "x.eml").read_bytes(), policy=policy.default)
    assert mail["Subject"] == "[HD-42] 我们已收到您的请求"


@pytest.mark.parametrize(
    "words",
    [
        ("preview", "no_such_event"),
        ("preview", "received", "--sample", "none"),
        ("preview", "received", "--out", "x.pdf"),
        ("preview", "received", "--channel", "plain", "--out", "x.html"),
        ("preview", "received", "--out", "/no/such/folder/x.html"),
    ],
)
def test_preview_says_what_cannot_be_shown(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code != 0
    assert str(result.exception)


def test_a_sample_is_what_it_is_called() -> None:
    assert sample("received", "outside hours")["open_now"] is False
