# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A damaged journal blocks what it is about, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, ChangeError

Make = Callable[..., Any]


def damage(host: Any, change_id: str, line: int) -> None:
    """One byte of that line."""
    path = Path(host.state_directory) / "changes" / change_id / "journal"
    lines = path.read_bytes().split(b"\n")
    lines[line] = lines[line][:-9] + b"#" + lines[line][-8:]
    path.write_bytes(b"\n".join(lines))


@pytest.fixture
def host(changer: Make) -> Any:
    return changer()


def made(host: Any, name: str, end: str, **values: Any) -> str:
    change_id = str(host.apply(*host.redis(**values), name=name)["change_id"])
    host.run(end)
    return change_id


@pytest.mark.parametrize("line", [0, 1])
def test_an_old_finished_change_is_named_and_in_nobodys_way(host: Any, line: int) -> None:
    old = made(host, "old", "rolled_back", hz=8)
    made(host, "new", "confirmed", timeout=5)
    damage(host, old, line)
    assert host.apply(*host.redis(hz=9), name="newest")["state"] == "applied"
    assert [change["state"] for change in host.history()["changes"]] == ["damaged", "confirmed", "applied"]
    told = host.history()["changes"][0]
    assert told["change_id"] == old and f"line {line + 1}" in told["left"][0]
    assert host.run("rolled_back")["state"] == "rolled_back"
    with pytest.raises(ChangeError, match="damaged"):
        host.run("rolled_back", change_id=old)


@pytest.mark.parametrize("line", [0, 1, 2])
def test_the_newest_change_blocks(host: Any, line: int) -> None:
    made(host, "old", "rolled_back", hz=8)
    new = made(host, "new", "confirmed", timeout=5)
    damage(host, new, line)
    with pytest.raises(ChangeError, match=f"damaged.*{new}.*line {line + 1}"):
        host.apply(*host.redis(hz=9))
    assert host.live("hz") == "10"


def test_one_whose_end_is_not_certain_blocks(host: Any) -> None:
    old = made(host, "old", "confirmed", hz=8)
    made(host, "new", "confirmed", timeout=5)
    damage(host, old, 2)
    with pytest.raises(ChangeError, match=f"damaged.*{old}"):
        host.apply(*host.redis(hz=9))


def test_a_later_one_that_may_still_be_in_effect_stops_a_rollback_below_it(host: Any) -> None:
    first = made(host, "one", "confirmed", hz=8)
    second = made(host, "two", "confirmed", hz=9)
    made(host, "three", "confirmed", timeout=5)
    damage(host, second, 1)
    with pytest.raises(BadInput, match=second):
        host.run("rolled_back", change_id=first)
    assert host.live("hz") == "9"
