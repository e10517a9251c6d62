"""What goes to a requester holds nothing of the agents' side; what goes to agents says all that happened."""

from __future__ import annotations

import hashlib
import re
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any

import pytest

from bot.config import LOCALES
from bot.desk import commands
from bot.mail.compose import ComposedMail
from bot.message import Attachment, Kind, Notice, OutgoingMessage, ThreadRef
from bot.render.check import NOW as READ_AT
from bot.render.check import sample
from bot.render.events import FOR_AGENTS, KINDS, TO_REQUESTERS, WITH_FILES
from bot.render.library import BUILT_IN, events
from bot.render.mail import compose_mail
from bot.render.renderer import Renderer
from tests.render.jobs import NOW, job, message
from tests.render.test_mail_job import read, words

CANARIES: dict[str, Any] = {
    "address": "ada.private@canary.example",
    "agent_address": "ada.private@canary.example",
    "who": "canary who",
    "reason": "canary reason",
    "note": "canary note",
    "story": [{"who": "canary", "at": "2026-03-10T08:12:00+00:00", "kind": "note", "text": "canary note"}],
    "done": [{"code": "noted", "verb": "note", "ticket": "canary"}],
    "problems": [{"code": "unknown-verb", "line": "canary", "verb": "canary"}],
    "known": ["canary"],
    "oddities": ["canary"],
    "proposed": ["canary"],
    "files": ["canary.pdf"],
    "queue": "canary team",
    "priority": "canary",
    "state": "canary",
    "level": "canary",
    "due": "2026-03-10T15:40:00+00:00",
    "standing": "canary",
    "status": "canary",
    "comment": "canary comment",
    "category": "canary category",
    "contacts": [{"unit": "canary", "name": "canary", "phone": "canary"}],
    "fields": [{"question": "canary", "answer": "canary"}],
    "answers": [{"question": "canary", "answer": "canary"}],
    "asked": ["canary"],
    "to_team": "canary team",
    "percent": "canary",
}
THEIR_OWN: dict[str, set[str]] = {"link_code": {"who"}, "link_failed": {"reason"}}
"""Names that mean something else in what a requester is told."""


def sent(event: str, locale: str = "en", **changes: Any) -> OutgoingMessage:
    values = changes.pop("values", {})
    told = Notice(event, locale, "Europe/Rome", {**sample(event), **values})
    return message(notice=told, kind=KINDS.get(event, Kind.NOTICE), **changes)


def everything(mail: ComposedMail) -> str:
    """Every octet that can be read: header fields and all parts, decoded."""

    def parts(part: Message) -> list[str]:
        inner = part.get_payload()
        found = [str(value) for value in part.values()]
        if isinstance(inner, list):
            return [*found, *(text for one in inner if isinstance(one, Message) for text in parts(one))]
        payload = part.get_payload(decode=True)
        return [*found, payload.decode() if isinstance(payload, bytes) else ""]

    return "\n".join(
        (mail.mail_from, mail.recipient, *parts(message_from_bytes(mail.raw, policy=policy.default)))
    )


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("event", sorted(TO_REQUESTERS))
def test_f10_the_customers_copy_has_no_agent_data(event: str, locale: str) -> None:
    secrets = {name: value for name, value in CANARIES.items() if name not in THEIR_OWN.get(event, set())}
    mail = compose_mail(job(sent(event, locale, values=secrets)))
    found = everything(mail)
    assert "canary" not in found
    assert "#" not in words(mail, "plain")
    assert "help@desk.example" in found
    if event in {"reply", "resolved"}:
        assert "Ada Lovelace" in found


def test_every_event_is_either_for_requesters_or_for_agents() -> None:
    assert TO_REQUESTERS | FOR_AGENTS | {"alert"} == set(events())
    assert not TO_REQUESTERS & FOR_AGENTS


def test_f10_an_agents_words_go_out_under_the_desks_address_and_as_a_persons() -> None:
    mail = compose_mail(job(sent("reply")))
    parsed = read(mail)
    assert parsed["From"] == "Help desk <help@desk.example>"
    assert not {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Deskbot-Loop"} & set(parsed.keys())
    assert words(mail, "plain").startswith("Hello Anna,\n\nplease leave the printer off")


@pytest.mark.parametrize("event", events())
def test_the_subject_is_the_same_in_all_that_is_said_of_a_request(event: str) -> None:
    thread = ThreadRef("My printer", "question@example.com", ("question@example.com",))
    assert read(compose_mail(job(sent(event, values={"reference": "HD-42"}, thread=thread))))["Subject"] == (
        "[HD-42] Re: My printer"
    )
    first = read(
        compose_mail(job(sent(event, values={"reference": "HD-42"}, thread=ThreadRef("My printer"))))
    )
    assert first["Subject"] == "[HD-42] My printer"


# Files


def file(name: str, content: bytes, size: int | None = None) -> Attachment:
    return Attachment(name, "application/pdf", len(content) if size is None else size, hashlib.sha256(content).hexdigest(), content)  # fmt: skip


def names(mail: ComposedMail) -> list[str | None]:
    parsed = read(mail)
    assert isinstance(parsed, EmailMessage)
    return [part.get_filename() for part in parsed.iter_attachments()]


@pytest.mark.parametrize("event", sorted(WITH_FILES))
@pytest.mark.parametrize("locale", LOCALES)
def test_a_file_that_is_not_there_is_named_in_the_text(event: str, locale: str) -> None:
    files = (file("here.pdf", b"x"), file("film.mp4", b"", 10**9), file("empty.txt", b""))
    mail = compose_mail(job(sent(event, locale, attachments=files)))
    assert names(mail) == ["here.pdf", "empty.txt"]
    for subtype in ("plain", "html"):
        assert "film.mp4" in words(mail, subtype)
        assert "here.pdf" not in words(mail, subtype)
    assert mail.warnings == ()


@pytest.mark.parametrize("event", sorted(set(events()) - WITH_FILES))
def test_f10_nothing_else_carries_files(event: str) -> None:
    mail = compose_mail(job(sent(event, attachments=(file("secret.pdf", b"x"),))))
    assert names(mail) == []
    assert "secret.pdf" not in everything(mail)


# What agents are told


@pytest.mark.parametrize("locale", LOCALES)
def test_the_help_names_every_command(locale: str) -> None:
    helped = {"done": [{"code": "help", "verb": "help", "verbs": list(commands.VERBS)}], "problems": []}
    text = words(compose_mail(job(sent("commands", locale, values=helped))), "plain")
    shown = text.partition("\n----\n")[2]
    assert {verb for verb in commands.VERBS if f"#{verb}" not in shown} == set()


def codes_in_the_desk(pattern: str) -> set[str]:
    folder = BUILT_IN.parent / "desk"
    return {
        code for path in folder.glob("*.py") for code in re.findall(pattern, path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize("locale", LOCALES)
def test_there_is_a_sentence_for_all_that_can_become_of_a_command(locale: str) -> None:
    done = codes_in_the_desk(r'Done\(\s*"([a-z-]+)"') | codes_in_the_desk(r'"code": "([a-z-]+)"')
    problems = codes_in_the_desk(r'Refused\(\s*"([a-z-]+)"') | {str(problem) for problem in commands.Problem}
    assert len(done) >= 17
    assert len(problems) >= 18
    template = (BUILT_IN / locale / "commands.md.j2").read_text(encoding="utf-8")
    assert {code for code in done | problems if f'one.code == "{code}"' not in template} == set()
    sampled = {one["code"] for name in ("everything done", "everything refused")
               for key in ("done", "problems") for one in sample("commands", name)[key]}  # fmt: skip
    assert done | problems <= sampled


@pytest.mark.parametrize("locale", LOCALES)
def test_no_two_answers_to_commands_are_the_same(locale: str) -> None:
    for name, key in (("everything done", "done"), ("everything refused", "problems")):
        values = sample("commands", name)
        told = Renderer().render(Notice("commands", locale, "UTC", values), now=READ_AT, form="plain")
        body = told.text.partition("\n----\n")[0]
        items = [line for line in body.split("\n") if line.startswith("- ")]
        assert len(items) == len(set(items)) == len(values[key])


@pytest.mark.parametrize("standing", ["not-participant", "unproved-agent", "other-sender"])
@pytest.mark.parametrize("locale", LOCALES)
def test_words_of_somebody_unproved_are_never_shown_as_the_requesters(standing: str, locale: str) -> None:
    def first(value: str) -> str:
        told = sent("requester_wrote", locale, values={"standing": value})
        return words(compose_mail(job(told)), "plain").split("\n\n")[1]

    assert first(standing) != first("reference")
    assert "anna@example.com" in first(standing)


@pytest.mark.parametrize("event", sorted(FOR_AGENTS))
def test_what_agents_are_told_is_marked_as_a_machines(event: str) -> None:
    parsed = read(compose_mail(job(sent(event))))
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert parsed["Date"].datetime == NOW
