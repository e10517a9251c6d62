"""What the bench shows is what it measured: ratios are taken within a round, and a missing mail is seen."""

from __future__ import annotations

from typing import Any

import pytest

from bench.__main__ import rounded
from bench.table import lines, ratios


def cell(rate: float, missing: int = 0) -> dict[str, float]:
    return {"rate": rate, "mails": 100, "missing": missing, "cpu_ms": 1.5}


def row(number: int, limit: float, accept: float, missing: int = 0) -> dict[str, Any]:
    cells = {"limit": cell(limit), "accept sqlite": cell(accept, missing)}
    return {"round": number, "kind": "small", "connections": 10, **cells}


def test_a_ratio_is_taken_within_its_round() -> None:
    """A round in which the machine was busy slows both sides and leaves the ratio."""
    rows = [row(1, 1000, 900), row(2, 500, 450), row(3, 800, 720)]
    assert ratios(rows, "small", 10, "accept sqlite") == pytest.approx([0.9, 0.9, 0.9])


def test_the_table_shows_medians_and_ratios() -> None:
    text = "\n".join(lines({"throughput": [row(1, 1000, 900), row(2, 500, 450), row(3, 800, 720)]}))
    assert "720 (0.90)" in text


def test_a_mail_that_is_missing_is_seen_in_the_table() -> None:
    assert "900 (0.90) -2!" in "\n".join(lines({"throughput": [row(1, 1000, 900, missing=2)]}))


def test_parts_that_were_not_measured_are_not_shown() -> None:
    assert list(lines({"machine": {}})) == []


def test_figures_are_written_with_four_digits() -> None:
    assert rounded({"a": [1234.5678, 3, "x"]}) == {"a": [1235.0, 3, "x"]}
