"""An agent answers a notification with the mail program they have: only their words are theirs (F10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from email.message import EmailMessage
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import LOCALES
from bot.mail.answer_line import ANSWER_LINES, is_answer_line
from bot.mail.parse import parse_mail
from bot.mail.quotes import reply_text
from bot.message import Kind, Notice, Payload
from bot.render.check import sample
from bot.render.events import FOR_AGENTS
from bot.render.mail import compose_mail
from tests.render.jobs import NOW, job, message
from tests.render.test_mail_job import words

SAID = "Please leave it off.\n\nA colleague comes at 14:00, see below.\nAda"
PAGE = "".join(f"<div>{escape(line) or '<br>'}</div>" for line in SAID.split("\n"))
FROM = "Help desk <help+hd.42.abc@desk.example>"
COMMANDS = "#take\n#note Third time\n\n" + SAID


def notification(event: str, locale: str, name: str = "usual") -> tuple[str, str]:
    """Text and page of what the agent was sent."""
    told = Notice(event, locale, "Europe/Rome", sample(event, name))
    mail = compose_mail(job(message(notice=told, kind=Kind.NOTICE)))
    return words(mail, "plain"), words(mail, "html")


def quoted(text: str, mark: str = "> ") -> str:
    return "\n".join((mark + line).rstrip() for line in text.rstrip().split("\n"))


def gmail(text: str, page: str) -> tuple[str, str]:
    intro = f"On Tue, 10 Mar 2026 at 13:00, {FROM}"
    return (
        f"{SAID}\n\n{intro}\nwrote:\n\n{quoted(text)}\n",
        f'<div dir="ltr">{PAGE}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" class="gmail_attr">'
        f"{escape(intro)} wrote:<br></div><blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px 0.8ex\">{page}</blockquote></div>",
    )  # fmt: skip


def outlook(text: str, page: str) -> tuple[str, str]:
    fields = {
        "From": FROM,
        "Sent": "Tuesday, March 10, 2026 1:00 PM",
        "To": "Ada Lovelace <ada@desk.example>",
        "Subject": "[HD-42] My printer",
    }
    block = "\n".join(f"{name}: {value}" for name, value in fields.items())
    shown = "<br>".join(f"<b>{name}:</b> {escape(value)}" for name, value in fields.items())
    return (
        f"{SAID}\n\n________________________________\n{block}\n\n{text}",
        f'<html><body><div class="elementToProof">{PAGE}</div><hr style="display:inline-block;width:98%"><div id="divRplyFwdMsg" dir="ltr">'
        f"<font>{shown}</font><div>&nbsp;</div></div>{page}</body></html>",
    )  # fmt: skip


def outlook_of_italy(text: str, page: str) -> tuple[str, str]:
    block = f"Da: {FROM}\nInviato: martedì 10 marzo 2026 13:00\nA: Ada Lovelace\nOggetto: [HD-42] My printer"
    return (
        f"{SAID}\n\n{block}\n\n{text}",
        f'<body>{PAGE}<div style="border-top:solid #E1E1E1 1.0pt">{escape(block).replace(chr(10), "<br>")}</div>{page}</body>',
    )


def outlook_of_china(text: str, page: str) -> tuple[str, str]:
    block = f"发件人: {FROM}\n发送时间: 2026年3月10日 13:00\n收件人: Ada\n主题: [HD-42] My printer"
    return (
        f"{SAID}\n\n{block}\n\n{text}",
        f"<body>{PAGE}<div>{escape(block).replace(chr(10), '<br>')}</div>{page}</body>",
    )


def apple(text: str, page: str) -> tuple[str, str]:
    intro = f"On 10 Mar 2026, at 13:00, {FROM} wrote:"
    return (
        f"{SAID}\n\n> {intro[:0]}{intro}\n> \n{quoted(text)}\n",
        f'<body>{PAGE}<br><div><blockquote type="cite"><div>{escape(intro)}</div><br class="Apple-interchange-newline"><div>{page}</div></blockquote></div></body>',
    )


def thunderbird(text: str, page: str) -> tuple[str, str]:
    intro = "On 10/03/2026 13:00, Help desk wrote:"
    return (
        f"{SAID}\n\n{intro}\n{quoted(text)}\n",
        f'<body><p>{PAGE}</p><div class="moz-cite-prefix">{intro}<br></div><blockquote type="cite" cite="mid:x">{page}</blockquote></body>',
    )


def thunderbird_below(text: str, page: str) -> tuple[str, str]:
    intro = "On 10/03/2026 13:00, Help desk wrote:"
    return (
        f"{intro}\n{quoted(text)}\n\n{SAID}\n",
        f'<body><div class="moz-cite-prefix">{intro}<br></div><blockquote type="cite" cite="mid:x">{page}</blockquote>{PAGE}</body>',
    )


def mutt(text: str, page: str) -> tuple[str, str]:
    return (
        f"On Tue, Mar 10, 2026 at 12:00:00PM +0000, Help desk wrote:\n{quoted(text)}\n\n{SAID}\n\n-- \nAda Lovelace\nHelp desk\n",
        "",
    )


def mutt_between(text: str, page: str) -> tuple[str, str]:
    lines = quoted(text).split("\n")
    first, second = SAID.split("\n\n")
    above, below = "\n".join(lines[:8]), "\n".join(lines[8:])
    return (
        f"On Tue, Mar 10, 2026 at 12:00:00PM +0000, Help desk wrote:\n{above}\n\n{first}\n\n{below}\n\n{second}\n",
        "",
    )


def phone_without_a_word_of_introduction(text: str, page: str) -> tuple[str, str]:
    return f"{SAID}\n\n{text}", f"<body>{PAGE}{page}</body>"


PROGRAMS = (
    gmail, outlook, outlook_of_italy, outlook_of_china, apple, thunderbird, thunderbird_below, mutt, mutt_between,
    phone_without_a_word_of_introduction,
)  # fmt: skip
Program = Callable[[str, str], tuple[str, str]]


def read(text: str, page: str, *, subject: str = "Re: [HD-42] My printer") -> str:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ada <ada@desk.example>", "help@desk.example", subject
    if text:
        mail.set_content(text)
        if page:
            mail.add_alternative(page, subtype="html")
    else:
        mail.set_content(page, subtype="html")
    return parse_mail(Payload("mail", "k", mail.as_bytes(), NOW)).reply_text


def squeezed(text: str) -> str:
    return re.sub(r"\n{2,}", "\n\n", text)


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("event", ["new_ticket", "commands", "escalated"])
def test_f10_an_answer_holds_only_what_the_agent_wrote(program: Program, locale: str, event: str) -> None:
    text, page = program(*notification(event, locale, "everything" if event == "new_ticket" else "usual"))
    assert squeezed(read(text, page)) == SAID
    if page:
        assert squeezed(read("", page)) == SAID


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("event", sorted(FOR_AGENTS))
def test_f10_whoever_answers_without_a_word_sends_nothing_of_the_notification(
    program: Program, event: str
) -> None:
    text, page = program(*notification(event, "en"))
    for part in SAID.split("\n\n"):
        text = text.replace(f"{part}\n\n", "").replace(part, "")
    assert "colleague" not in text
    found = read(text, "")
    assert found in {"", "-- \nAda Lovelace\nHelp desk"} or "Help desk" not in found
    if page:
        assert read("", page.replace(PAGE, "")) == ""


def test_f10_a_notification_that_is_passed_on_to_the_desk_says_nothing_to_the_requester() -> None:
    text, _ = notification("escalated", "en")
    whole = f"---------- Forwarded message ---------\nFrom: {FROM}\nSubject: [HD-42] My printer\n\n\n{text}"
    assert read(whole, "", subject="Fwd: [HD-42] My printer") == ""
    assert read(f"{SAID}\n\n{whole}", "", subject="Fwd: [HD-42] My printer") == SAID


def test_commands_stay_on_top_of_the_answer() -> None:
    text, _ = gmail(*notification("new_ticket", "en"))
    assert read(text.replace(SAID, COMMANDS), "") == COMMANDS


@pytest.mark.parametrize("event", sorted(FOR_AGENTS))
@pytest.mark.parametrize("locale", LOCALES)
def test_every_notification_begins_with_the_line_to_answer_above(event: str, locale: str) -> None:
    text, page = notification(event, locale)
    assert text.split("\n")[0] == ANSWER_LINES[locale]
    assert page.count(ANSWER_LINES[locale]) == 1
    assert page.index(ANSWER_LINES[locale]) < page.index('class="card"')


@pytest.mark.parametrize("event", ["reply", "resolved", "received"])
def test_what_a_requester_gets_has_no_such_line(event: str) -> None:
    text, page = notification(event, "en")
    assert not any(map(is_answer_line, text.split("\n")))
    assert ANSWER_LINES["en"] not in page


@pytest.mark.parametrize(
    "line",
    [
        "-- Write your answer above this line --",
        "> -- Write your answer above this line --",
        "> > –– Write your answer above this line ––",
        "*-- Write your answer above this line --*",
        "—Write your  answer above this line—",
        "\xa0-- 请在此行上方回复 --",
    ],
)
def test_the_line_is_known_however_a_program_writes_it(line: str) -> None:
    assert is_answer_line(line)


@pytest.mark.parametrize("line", ["", "--", "Please write your answer above this line.", "x" * 100_000])
def test_other_lines_are_not_taken_for_it(line: str) -> None:
    assert not is_answer_line(line)


def test_answers_between_the_quotes_keep_nothing_of_the_quotes() -> None:
    text = "On 10/03/2026 13:00, Help desk wrote:\n> -- Write your answer above this line --\n> Is it hot?\nYes.\n> Since when?\nToday.\n"
    assert reply_text(text) == "Yes.\nToday."


def test_what_an_agent_cites_above_stays() -> None:
    text = f"As Bob wrote on 3 March 2026:\nit is the fuser.\n\n{ANSWER_LINES['en']}\n\nAnna asks"
    assert reply_text(text) == "As Bob wrote on 3 March 2026:\nit is the fuser."


NOTIFICATION = notification("handed_over", "en")[0]
SECRETS = {line.strip("> ") for line in NOTIFICATION.split("\n") if len(line) > 20}


@given(
    st.lists(
        st.sampled_from(
            ["", "It burns.", "> a", "-- ", "--", "On Monday Bob wrote:", "From: x", "#note a", "____"]
        ),
        max_size=8,
    ),
    st.sampled_from(["", ">", "> ", "> > "]),
    st.sampled_from(
        ["", "On 10/03/2026 13:00, Help desk wrote:", "Da: x\nA: y\nOggetto: z", "-----Original Message-----"]
    ),
    st.lists(st.sampled_from(["", "Below.", "> b"]), max_size=4),
)
def test_f10_whatever_is_written_around_a_notification_nothing_of_it_is_the_agents(
    above: list[str], mark: str, intro: str, below: list[str]
) -> None:
    told = quoted(NOTIFICATION, mark)
    answer = reply_text("\n".join([*above, intro, told, *(below if mark else [])]))
    assert not any(secret in answer for secret in SECRETS)
    if mark and "Below." in below and not intro:
        assert "Below." in answer
