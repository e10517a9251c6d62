"""A test may name the place at which the process dies; without that, the places cost nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from bot.failpoints import POINTS, VARIABLE, failpoint

PASS_TWICE = "from bot.failpoints import failpoint\nfor n in (1, 2):\n    failpoint({name!r})\n    print(n, flush=True)"


def passing(name: str, setting: str | None) -> subprocess.Popen[str]:
    environment = {key: value for key, value in os.environ.items() if key != VARIABLE}
    if setting is not None:
        environment[VARIABLE] = setting
    command = [sys.executable, "-c", PASS_TWICE.format(name=name)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_point_that_is_not_armed_does_nothing() -> None:
    for name in POINTS:
        failpoint(name)


def test_an_armed_point_kills_the_process_the_first_time() -> None:
    with passing("after_claim", "after_claim") as process:
        assert process.communicate()[0] == ""
    assert process.returncode == -signal.SIGKILL


def test_a_count_lets_the_process_pass_until_then() -> None:
    with passing("after_claim", "after_claim:2") as process:
        assert process.communicate()[0] == "1\n"
    assert process.returncode == -signal.SIGKILL


def test_other_points_are_passed_freely() -> None:
    with passing("after_record", "after_claim") as process:
        assert process.communicate()[0] == "1\n2\n"
    assert process.returncode == 0


def test_a_point_can_pause_the_process_instead() -> None:
    with passing("after_claim", "after_claim:1:stop") as process:
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        process.send_signal(signal.SIGCONT)
        assert process.communicate()[0] == "1\n2\n"


@pytest.mark.parametrize("setting", ["no_such_point", "after_claim:x", "after_claim:1:explode"])
def test_a_setting_that_means_nothing_is_an_error_that_lists_the_points(setting: str) -> None:
    with passing("after_claim", setting) as process:
        assert "before_commit, after_commit," in process.communicate()[1]
    assert process.returncode == 1
