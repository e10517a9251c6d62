"""The key that signs references: made once, whole, and never an empty one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.errors import ConfigError
from bot.premises import signing_key
from tests.desks import a_config


def key_of(folder: Path, *, secret: str = "", embedded: bool = True) -> bytes:
    """The key of a desk whose data lie in ``folder``."""
    return signing_key(a_config(desk={"data": folder, "secret": secret}), embedded=embedded)


def test_a_key_is_made_at_the_first_start_and_kept(tmp_path: Path) -> None:
    first = key_of(tmp_path / "new")
    assert len(first) == 64
    assert key_of(tmp_path / "new") == first
    assert (tmp_path / "new" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret.key"]


def test_two_desks_have_two_keys(tmp_path: Path) -> None:
    assert key_of(tmp_path / "a") != key_of(tmp_path / "b")


def test_those_who_start_at_the_same_time_have_the_same_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: key_of(tmp_path), range(32)))
    assert len(keys) == 1


@pytest.mark.parametrize("content", [b"", b"\n", b"short"])
def test_d2_a_key_that_was_cut_short_signs_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(ConfigError, match=r"secret\.key is damaged: put back a copy"):
        key_of(tmp_path)


def test_the_configured_secret_comes_first(tmp_path: Path) -> None:
    assert key_of(tmp_path, secret="s" * 40) == b"s" * 40
    assert list(tmp_path.iterdir()) == []


def test_processes_that_share_a_database_must_share_a_secret(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^desk\.secret: .*desk\.secret_file"):
        key_of(tmp_path, embedded=False)
