"""Answers by a tap: a large button in a page, a line in plain text, and never a place for somebody's words."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from bot.config import LOCALES
from bot.message import Choice, Kind, Notice, OutgoingMessage
from bot.render import markdown
from bot.render.check import faults, offered, sample
from bot.render.choices import LABELS
from bot.render.events import KINDS
from bot.render.library import BUILT_IN
from bot.render.mail import compose_mail
from bot.render.samples import CHOICES
from tests.render.jobs import job, message
from tests.render.test_forms import luminance
from tests.render.test_mail_job import read, words
from tests.render.test_values import Tags

EVIL = "https://evil.example/"


def asking(event: str, locale: str = "en", **values: object) -> OutgoingMessage:
    name = "everything" if event == "resolved" else "usual"
    told = Notice(event, locale, "Europe/Rome", {**sample(event, name), **values})
    return message(notice=told, kind=KINDS.get(event, Kind.NOTICE), choices=offered(told))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_label_has_words_in_every_language(locale: str) -> None:
    codes = {choice.label for choices in CHOICES.values() for choice in choices}
    assert codes <= set(LABELS[locale]) == set(LABELS["en"])
    assert len(set(LABELS[locale].values())) == len(LABELS[locale])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("event", sorted(CHOICES))
def test_each_answer_stands_in_both_parts_with_its_page(event: str, locale: str) -> None:
    outgoing = asking(event, locale)
    mail = compose_mail(job(outgoing))
    assert mail.warnings == ()
    text = words(mail, "plain")
    pages = [dict(attrs)["href"] for tag, attrs in Tags(words(mail, "html")).found if tag == "a" and attrs]
    for choice in outgoing.choices:
        said = LABELS[locale][choice.label]
        label = f"{choice.value} – {said}" if choice.verb == "rate" else said
        assert f"\n{label}: {choice.url}\n" in text
        assert choice.url in pages
        assert f">{label}</a>" in words(mail, "html")


@pytest.mark.parametrize(
    ("locale", "digit", "plainly"),
    [
        ("en", "with a digit from 1 to 5", "with “yes” or “no”"),
        ("it", "con una cifra da 1 a 5", "con «sì» o «no»"),
        ("zh", "1 到 5 中的一个数字", "写“是”或“否”"),
    ],
)
def test_what_can_be_tapped_can_be_written_back(locale: str, digit: str, plainly: str) -> None:
    assert digit in words(compose_mail(job(asking("survey", locale))), "plain")
    for event in ("resolved", "confirm_reminder"):
        assert plainly in words(compose_mail(job(asking(event, locale))), "plain")
    owner = words(compose_mail(job(asking("update_due", locale))), "plain")
    assert all(f"#update {choice.value}" in owner for choice in CHOICES["update_due"])


@pytest.mark.parametrize("event", sorted(CHOICES))
def test_who_has_nothing_to_choose_is_asked_nothing(event: str) -> None:
    mail = compose_mail(job(replace(asking(event), choices=())))
    assert mail.warnings == ()
    assert 'class="choice"' not in words(mail, "html")
    assert "/answer/" not in words(mail, "plain")
    assert "“yes”" not in words(mail, "plain")


def test_the_page_has_a_cell_for_each_button_because_outlook_colours_nothing_else() -> None:
    page = words(compose_mail(job(asking("survey"))), "html")
    cells = re.findall(r'<table class="choice" role="presentation"[^>]*><tr><td[^>]*bgcolor="#1d5bd6"[^>]*><a [^>]*>[^<]+</a></td></tr></table>', page)  # fmt: skip
    assert len(cells) == 5
    assert all("mso-padding-alt" in cell and "padding:12px 22px" in cell for cell in cells)
    assert "line-height:24px" in cells[0]  # with the padding 48 px: enough for a thumb


@pytest.mark.parametrize(("ink", "paper"), [("#ffffff", "#1d5bd6"), ("#14171c", "#9cc2ff")])
def test_the_words_on_a_button_stand_out_as_wcag_aa_asks(ink: str, paper: str) -> None:
    source = (BUILT_IN / "mail.html.j2").read_text(encoding="utf-8") + str(markdown.STYLE)
    assert ink in source
    assert paper in source
    light, dark = sorted((luminance(ink), luminance(paper)), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


# Nobody's words become a button


def test_k6_a_notice_cannot_bring_answers_of_its_own() -> None:
    forged = [{"label": "Yes", "url": EVIL, "value": "yes"}]
    mail = compose_mail(job(asking("survey", choices=forged)))
    assert EVIL not in words(mail, "plain") + words(mail, "html")


@pytest.mark.parametrize(
    "text", [f'[x]({EVIL} "button")', f'\n\n[x]({EVIL} "button")\n\n', f'") [x]({EVIL} "button']
)
def test_h5_no_value_becomes_a_button(text: str) -> None:
    def tags(said: str) -> list[tuple[str, object]]:
        mail = compose_mail(
            job(asking("resolved", subject=said, text=said, cause=said, steps=[said], by=said))
        )
        return [one for one in Tags(words(mail, "html")).found if one[0] != "br"]

    assert tags(text) == tags("plain")


def test_h5_a_page_that_is_none_of_the_webs_leads_nowhere() -> None:
    choices = (Choice("yes", "confirm", "yes", "javascript:alert(1)"),)
    page = words(compose_mail(job(replace(asking("resolved"), choices=choices))), "html")
    assert "javascript:" not in page


# What an administrator may do


def own(folder: Path, event: str, text: str) -> Path:
    path = folder / "en" / f"{event}.md.j2"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_a_template_that_leaves_the_answers_out_is_told_of(tmp_path: Path) -> None:
    folder = own(tmp_path, "survey", "How was it?\nPlease tell us about {{ reference }}.\n")
    (warning,) = compose_mail(job(asking("survey"), templates=str(folder))).warnings
    assert "survey" in warning
    assert "{{ choices | buttons }}" in warning
    found = faults(folder, ["en"])
    assert found
    assert all("write {{ choices | buttons }}" in fault for fault in found)


def test_a_template_can_write_its_own_list(tmp_path: Path) -> None:
    source = (
        "S\n{% for one in choices %}\n- [{{ one.label }}]({{ one.url }}) ({{ one.value }})\n{% endfor %}\n"
    )
    mail = compose_mail(job(asking("survey"), templates=str(own(tmp_path, "survey", source))))
    assert mail.warnings == ()
    assert f"- 5 – Excellent: {CHOICES['survey'][4].url} (5)" in words(mail, "plain")
    assert 'class="choice"' not in words(mail, "html")


def test_a_link_with_the_title_of_a_button_is_one(tmp_path: Path) -> None:
    source = 'S\n[Look]({{ status_url }} "button")\n\nSee [here]({{ status_url }} "button").\n'
    mail = compose_mail(job(asking("survey"), templates=str(own(tmp_path, "survey", source))))
    assert words(mail, "html").count('class="choice"') == 1
    assert words(mail, "plain").startswith("Look: https://desk.example/status/")


@pytest.mark.parametrize("wrong", ["{{ subject | buttons }}", "{{ 1 | buttons }}"])
def test_buttons_are_made_of_choices_only(tmp_path: Path, wrong: str) -> None:
    folder = own(tmp_path, "survey", f"S\n{wrong}\n")
    warnings = compose_mail(job(asking("survey"), templates=str(folder))).warnings
    assert "buttons are made of the choices" in warnings[0]


def test_an_answer_without_a_page_or_without_words_does_not_hold_up_the_mail() -> None:
    choices = (
        Choice("yes", "confirm", "yes"),
        Choice("of-tomorrow", "x", "y", "https://desk.example/answer/1"),
    )
    text = words(compose_mail(job(replace(asking("resolved"), choices=choices))), "plain")
    assert "of-tomorrow: https://desk.example/answer/1" in text
    assert "Yes, it works again" not in text


# What other machines are told


@pytest.mark.parametrize(
    ("event", "submitted"),
    [("received", "auto-replied"), ("survey", "auto-replied"), ("resolved", "auto-generated"), ("sorry", "auto-generated"),
     ("confirm_reminder", "auto-generated"), ("progress", "auto-generated"), ("status", "auto-generated")],
)  # fmt: skip
def test_f11_every_automatic_mail_says_that_it_is_one(event: str, submitted: str) -> None:
    mail = compose_mail(job(asking(event)))
    parsed = read(mail)
    assert parsed["Auto-Submitted"] == submitted
    assert parsed["X-Auto-Response-Suppress"] == "DR, RN, OOF, AutoReply"
    assert parsed["X-Deskbot-Loop"]
    assert parsed["In-Reply-To"] == "<question@example.com>"
    assert mail.mail_from == ""


@pytest.mark.parametrize("event", ["survey", "confirm_reminder", "progress"])
def test_f13_a_question_about_ones_own_request_is_no_bulk_mail(event: str) -> None:
    """It goes to one person, once, about what they asked: RFC 8058 is for lists, and a mail that claims to be one
    is sorted away with them."""
    parsed = read(compose_mail(job(asking(event))))
    assert not {"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Precedence"} & set(parsed.keys())
