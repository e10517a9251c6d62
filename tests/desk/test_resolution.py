"""What an agent writes behind "resolve" becomes solution, cause, steps and a flag, and no word of it is lost."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.desk.resolution import LABELS, Part, Resolution, read


@pytest.mark.parametrize(
    ("words", "resolution"),
    [
        ("", Resolution()),
        ("New toner.\n\nTry again.", Resolution("New toner.\n\nTry again.")),
        ("solution: new toner", Resolution("new toner")),
        ("Cause: dust", Resolution(cause="dust")),
        ("cause: dust\nWe cleaned it.", Resolution("We cleaned it.", "dust")),
        ("We cleaned it.\ncause: dust\n\nSorry!", Resolution("We cleaned it.\n\nSorry!", "dust")),
        ("Cause:\nDust in\nthe drum\n\nGone.", Resolution("Gone.", "Dust in\nthe drum")),
        ("causa: polvere\nsoluzione: pulita", Resolution("pulita", "polvere")),
        ("原因：灰尘\n解决方案：清理", Resolution("清理", "灰尘")),
        ("- cause: dust\n- solution: cleaned", Resolution("cleaned", "dust")),
        ("root cause : dust\nreason: heat", Resolution(cause="dust\nheat")),
    ],
)
def test_labels_name_what_stands_behind_them_and_the_rest_is_the_solution(
    words: str, resolution: Resolution
) -> None:
    assert read(words) == resolution


@pytest.mark.parametrize(
    "words",
    [
        "Done.\nsteps:\n1. open the lid\n2. clean it",
        "Done.\nSteps:\n- open the lid\n- clean it",
        "passi:\n1) open the lid\n\n2) clean it\n\nDone.",
        "步骤：\n1、open the lid\n2、clean it\n\nDone.",
        "steps:\nopen the lid\nclean it\nsolution: Done.",
        "steps: open the lid\n- clean it\n\nDone.",
    ],
)
def test_steps_stand_in_a_list_below_their_label(words: str) -> None:
    assert read(words) == Resolution("Done.", "", ("open the lid", "clean it"))


def test_a_line_that_was_broken_goes_on() -> None:
    assert read("steps:\n1. open\nthe lid\n2. clean").steps == ("open\nthe lid", "clean")
    long = "cause: " + "dust and heat in the drum and under it " * 2
    assert read(f"{long}\nand more") == Resolution(cause=f"{long[7:].strip()}\nand more")


@pytest.mark.parametrize("words", ["steps:\n1.5 litres of oil", "steps:\n10:30 it was\nstarted again"])
def test_a_number_that_counts_no_steps_stays(words: str) -> None:
    assert read(words).steps[0] == words.splitlines()[1]


@pytest.mark.parametrize(
    ("words", "solution"),
    [
        ("workaround: print upstairs", "print upstairs"),
        ("print upstairs\nworkaround:", "print upstairs"),
        ("Workaround", "Workaround"),
        ("workaround print upstairs", "workaround print upstairs"),
        ("temporary: print upstairs", "print upstairs"),
        ("Temporary fix, print upstairs", "Temporary fix, print upstairs"),
        ("temporary", "temporary"),
        ("soluzione temporanea: di sopra", "di sopra"),
        ("Provvisorio, di sopra", "Provvisorio, di sopra"),
        ("临时方案：去楼上打印", "去楼上打印"),
        ("临时去楼上打印", "临时去楼上打印"),
    ],
)
def test_a_fix_for_the_time_being_is_marked(words: str, solution: str) -> None:
    assert read(words) == Resolution(solution, workaround=True)


@pytest.mark.parametrize(
    "words",
    [
        "Temporary files removed.",
        "No workaround needed.",
        "临时文件已删除",
        "temporary password sent",
        "fixed",
    ],
)
def test_what_is_called_temporary_itself_marks_nothing(words: str) -> None:
    assert not read(words).workaround


_LABELS = st.sampled_from([word for words in LABELS.values() for word in words])
_WORD = re.compile(r"\w+")
_LINE = st.one_of(
    st.text("abc 你好1234567890.:-()\t*", max_size=90),
    st.tuples(_LABELS, st.sampled_from([":", " :", "："]), st.text("xyz 灰尘", max_size=90)).map("".join),
    st.tuples(st.sampled_from(["1. ", "2) ", "- ", "* "]), st.text("xyz", max_size=9)).map("".join),
    st.just(""),
)


@given(st.lists(_LINE, max_size=12).map("\n".join))
def test_no_word_of_the_agents_is_lost(words: str) -> None:
    """Only labels and the marks of lists are left out."""
    done = read(words)
    kept = sorted(_WORD.findall("\n".join([done.solution, done.cause, *done.steps])))
    left: list[str] = []
    for line in words.splitlines():
        label = max(
            (
                w
                for ws in LABELS.values()
                for w in ws
                if re.match(rf"(?:[-*]\s{{0,3}})?{w}\s{{0,3}}[:：]", line.strip())
            ),
            key=len,
            default="",
        )
        left += _WORD.findall(line.strip()[line.strip().find(label) + len(label) :] if label else line)
    missing = list(left)
    for word in kept:
        missing.remove(word)
    assert all(word.isdecimal() and len(word) <= 3 for word in missing)


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(words: str) -> None:
    done = read(words)
    assert set(done.kept()) == {Part.SOLUTION, Part.CAUSE, Part.STEPS, Part.WORKAROUND}


@pytest.mark.parametrize(
    "words", ["- " * 200_000, "cause:\n" * 50_000, "1. x\n" * 50_000, "steps:" + " " * 500_000]
)
def test_a_long_text_is_read_at_once(words: str) -> None:
    started = time.process_time()
    read(words)
    assert time.process_time() - started < 1
