"""What a template can do, and what not: SECURITY.md H1 to H5."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config import Workers as Section
from bot.errors import TemplateError
from bot.render import Renderer
from bot.render.environment import MAX_OUTPUT, Sandbox
from bot.render.mail import compose_mail
from bot.workers import Workers
from tests.render.jobs import NOW, VALUES, job, message, notice

ESCAPES = (
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ().__class__.__base__ }}",
    "{{ subject.__init__.__globals__ }}",
    "{{ subject['__class__'] }}",
    "{{ subject|attr('__class__') }}",
    "{{ '{0.__class__}'.format(subject) }}",
    "{{ '%s' % subject }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].system('id') }}",
    "{{ namespace(x=1) }}",
    "{{ joiner() }}",
    "{{ config }}",
    "{{ request.application.__globals__ }}",
    "{% include '/etc/passwd' %}",
    "{% import 'x' as x %}",
    "{% extends 'x' %}",
    "{% for c in [].__class__.__base__.__subclasses__() %}{{ c }}{% endfor %}",
    "{{ ticket.delete() }}",
    "{{ range.__self__ }}",
    "{{ loop.__class__ }}",
    "{% for x in (1, 2) %}{{ loop._iterator }}{% endfor %}",
    "{% for x in (1, 2) %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% set ns.x = 1 %}",
    "{{ subject.upper() }}",
    "{{ subject | map(attribute='__class__') | list }}",
    "{{ {'a': 1}.items() }}",
    "{{ subject | xmlattr }}",
)  # fmt: skip
GREEDY = (
    "{{ 'a' * 10**9 }}",
    "{{ 'a' * 1000000000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ (999999999999 * 999999999999) * 999999999999 }}",
    "{{ lipsum(n=99999) }}",
    "{{ 'a' | center(1000000000) }}",
    "{{ 'a' | indent(1000000000) }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ ('a',) * 1000000000 }}",
    "{{ subject ~ subject }}",
    "{{ subject + subject }}",
    "{% for a in range(100) %}{% for b in range(100) %}{% for c in range(100) %}x{% endfor %}{% endfor %}{% endfor %}",
    "{% for a in range(100000) %}{% for b in range(100000) %}" + "x" * 60 + "{% endfor %}{% endfor %}",
    "{% for a in range(9) recursive %}{{ loop(range(9)) }}{% endfor %}",
    "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}",
    "{% if 1 %}" * 5_000 + "{% endif %}" * 5_000,
    "x" * 70_000,
    "{{ 1 }}" * 9_000,
    "{{ 1 " + "+ 1 " * 8_000 + "}}",
)  # fmt: skip


def own(folder: Path, text: str, name: str = "en/received.md.j2") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def write(source: str, **values: Any) -> str:
    sandbox = Sandbox(markdown=True)
    return sandbox.write(sandbox.make(source), {**VALUES, **values})


# H1: nothing to reach


@pytest.mark.parametrize("payload", ESCAPES)
def test_h1_a_template_reaches_nothing_but_plain_data(payload: str) -> None:
    with pytest.raises(TemplateError):
        write(payload)


@pytest.mark.parametrize("payload", ESCAPES)
def test_h1_a_layout_reaches_nothing_but_plain_data(payload: str) -> None:
    sandbox = Sandbox(markdown=False)
    with pytest.raises(TemplateError):
        sandbox.write(sandbox.make(payload), VALUES)


def test_h1_there_is_no_loader_and_only_range_is_global() -> None:
    sandbox = Sandbox(markdown=True)
    assert sandbox.loader is None
    assert set(sandbox.globals) == {"range"}


# H2: one pass


@pytest.mark.parametrize("subject", ["{{ 7*7 }}", "{% if 1 %}x{% endif %}", "{# x #}", "{{ reference }}"])
def test_h2_what_people_write_is_never_run(subject: str) -> None:
    said = Renderer().render(notice(subject=subject), now=NOW)
    assert subject in said.text


# H3: nothing to use up


@pytest.mark.parametrize("payload", GREEDY, ids=range(len(GREEDY)))
def test_h3_a_greedy_template_is_refused_at_once(payload: str) -> None:
    start = time.process_time()
    with pytest.raises(TemplateError):
        write(payload)
    assert time.process_time() - start < 3


def test_h3_a_loop_ends_after_a_hundred_turns() -> None:
    assert write("{% for n in range(100000) %}x{% endfor %}") == "x" * 100
    assert write("{% for n in many %}x{% endfor %}", many=[0] * 100_000) == "x" * 100


def test_h3_a_text_has_an_end() -> None:
    body = "{% for a in range(100) %}{% for b in range(100) %}" + "x" * 51 + "{% endfor %}{% endfor %}"
    with pytest.raises(TemplateError, match=f"more than {MAX_OUTPUT} characters"):
        write(body)


def test_h3_a_huge_value_is_cut() -> None:
    said = Renderer().render(notice(desk_name="x" * 1_000_000), now=NOW)
    assert len(said.text) < 12_000


async def test_h3_a_greedy_template_in_a_small_child_falls_back_to_the_built_in_words(tmp_path: Path) -> None:
    workers = Workers(Section(processes=1, seconds=3, memory_mb=256))
    try:
        for payload in GREEDY:
            own(tmp_path, f"Subject\n{payload}\n")
            mail = await workers.run(compose_mail, job(templates=str(tmp_path)))
            assert replace(mail, warnings=()) == compose_mail(job())
            assert len(mail.warnings) == 1
    finally:
        await workers.close()


# H4: a broken template holds nothing up


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Subject\n{{ referense }}\n", "'referense' is undefined"),
        ("Subject\n{{ reference \n", "unexpected end"),
        ("Subject\n{{ subject | no_such_filter }}\n", "No filter named 'no_such_filter'"),
        ("", "needs a subject"),
        ("Only a subject\n", "needs a subject"),
        ("Subject\n{{ queue | when }}\n", "no moment"),
        ("Subject\n[x](javascript:alert(1))\n", "a link must begin with"),
        ("Subject\n![x](http://x.example/i.png)\n", "'image' is not available"),
        ("Subject\n<script>x</script>\n", "'block_html' is not available"),
        ("Subject\na <b>c</b>\n", "'inline_html' is not available"),
        ("Subject\n" + "> " * 12 + "deep\n", "levels deep"),
        ("Subject\n{{ open_now }}\n", "gives a bool"),
        ("Subject\n{{ outage }}\n", "gives nothing"),
        ("Subject\n\n{{ 1 / 0 }}\n", "division"),
    ],
)
def test_h4_a_broken_template_falls_back_to_the_built_in_one_and_says_why(
    tmp_path: Path, text: str, problem: str
) -> None:
    said = Renderer(own(tmp_path, text)).render(notice(), now=NOW)
    assert replace(said, warnings=()) == Renderer().render(notice(), now=NOW)
    (warning,) = said.warnings
    assert str(tmp_path / "en" / "received.md.j2") in warning
    assert problem in warning


def test_h4_an_error_names_the_line_that_the_author_sees(tmp_path: Path) -> None:
    folder = own(tmp_path, "Subject\n\n{% if reference %}\n{# remark #}\n{% no_such_tag %}\n{% endif %}\n")
    (warning,) = Renderer(folder).render(notice(), now=NOW).warnings
    assert "line 5" in warning


@pytest.mark.parametrize("text", ["{{ nothing }}", "{% for", "{{ body.__class__ }}"])
def test_h4_a_broken_layout_falls_back_too(tmp_path: Path, text: str) -> None:
    said = Renderer(own(tmp_path, text, "mail.html.j2")).render(notice(), now=NOW)
    assert said.html == Renderer().render(notice(), now=NOW).html
    assert "mail.html.j2" in said.warnings[0]


def test_h4_a_file_that_is_not_text_falls_back(tmp_path: Path) -> None:
    own(tmp_path, "")
    (tmp_path / "en" / "received.md.j2").write_bytes(b"\xff\xfe\x00")
    said = Renderer(tmp_path).render(notice(), now=NOW)
    assert "cannot be read" in said.warnings[0]


def test_h4_the_mail_goes_with_the_built_in_words_and_a_warning(tmp_path: Path) -> None:
    mail = compose_mail(job(templates=str(own(tmp_path, "Subject\n{{ referense }}\n"))))
    assert replace(mail, warnings=()) == compose_mail(job())
    assert mail.warnings


# An administrator's own words


def test_an_own_template_replaces_the_built_in_one_and_a_change_counts_at_once(tmp_path: Path) -> None:
    renderer = Renderer(own(tmp_path, "Number {{ reference }}\nFirst\n"))
    assert renderer.render(notice(), now=NOW).text == "First\n"
    path = tmp_path / "en" / "received.md.j2"
    own(tmp_path, "Number {{ reference }}\nSecond\n")
    os.utime(path, ns=(1, 1))
    said = renderer.render(notice(), now=NOW)
    assert (said.subject, said.text, said.warnings) == ("Number HD-42", "Second\n", ())
    path.unlink()
    assert renderer.render(notice(), now=NOW).text == Renderer().render(notice(), now=NOW).text


def test_an_own_template_in_another_language_leaves_this_one_alone(tmp_path: Path) -> None:
    renderer = Renderer(own(tmp_path, "Oggetto\nTesto\n", "it/received.md.j2"))
    assert renderer.render(notice(), now=NOW) == Renderer().render(notice(), now=NOW)
    assert renderer.render(notice("it"), now=NOW).text == "Testo\n"


def test_an_own_layout_surrounds_the_html(tmp_path: Path) -> None:
    renderer = Renderer(own(tmp_path, "<main>{{ subject }} {{ body }}</main>", "mail.html.j2"))
    html = renderer.render(notice(subject="<b>"), now=NOW).html or ""
    assert html.startswith("<main>We have received your request <p")
    assert "&lt;b&gt;" in html


def test_a_newline_in_an_own_subject_is_no_second_line(tmp_path: Path) -> None:
    folder = own(tmp_path, "A {{ subject }}\nText\n")
    mail = compose_mail(job(message(notice=notice(subject="x\r\nBcc: e@x")), templates=str(folder)))
    assert b"\r\nBcc" not in mail.raw


@pytest.mark.parametrize(
    "event", ["../en/received", "received.md", "", "x" * 99, "no_such_event", "Received"]
)
def test_an_event_without_words_is_an_error(event: str) -> None:
    with pytest.raises(TemplateError):
        Renderer().render(notice(event=event), now=NOW)


@pytest.mark.parametrize("locale", ["../../x", "", "en/..", "x" * 99])
def test_a_locale_cannot_name_a_path(locale: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateError):
        Renderer(tmp_path).render(notice(locale), now=NOW)


@pytest.mark.parametrize(
    ("locale", "found"), [("it-CH", "it"), ("zh_Hans", "zh"), ("fr", "en"), ("fr-CA", "en")]
)
def test_a_language_without_words_gets_the_nearest_that_has(locale: str, found: str) -> None:
    said = Renderer().render(notice(locale), now=NOW)
    assert said == Renderer().render(notice(found), now=NOW)
    assert f'<html lang="{found}">' in (said.html or "")


@given(st.text(max_size=200))
def test_no_text_makes_the_compiler_raise_anything_but_our_error(source: str) -> None:
    with contextlib.suppress(TemplateError):
        write(source)
