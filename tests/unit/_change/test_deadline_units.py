# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the units that watch over a change tell systemd."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import deadline_units, watching
from ansible_collections.lowlat.redis.plugins.module_utils._change.armed import Deadline

CHANGE = "20260101T000000Z-trial-0000"


@pytest.fixture
def units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The text of each, by how its file ends."""
    calls: list[Any] = []
    monkeypatch.setattr(deadline_units, "UNITS", tmp_path)
    monkeypatch.setattr(deadline_units.systemd, "systemctl", lambda *words: calls.append(words))
    monkeypatch.setattr(deadline_units.systemd, "show", lambda *_words: {"ActiveState": "active"})
    deadline = Deadline(300, 2e9, 9e9, "boot/1", "systemd", "/state/x.pyz", "/usr/bin/python3", {}, "redis.service")
    changed = ["/srv/my redis/redis.conf", "/etc/sysctl.d/99-lowlat.conf"]
    deadline_units.start(Path("/state/changes", CHANGE), deadline, changed)
    assert calls == [("start", f"lowlat-{CHANGE}.timer")]
    return {path.name.removeprefix(f"lowlat-{CHANGE}"): path.read_text() for path in tmp_path.glob("lowlat-*")}


def test_what_somebody_left_who_was_killed_while_writing_them_goes(units: dict[str, str], tmp_path: Path) -> None:
    for name in (f".lowlat-lowlat-{CHANGE}.timer-a1b2c3d4", f".lowlat-lowlat-{CHANGE}-boot.service-a1b2c3d4"):
        (tmp_path / name).touch()
    deadline_units.remove(Path("/state/changes", CHANGE))
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def lines(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def test_a_server_that_the_rollback_starts_outlives_its_unit(units: dict[str, str]) -> None:
    assert lines(units[".service"], "KillMode") == ["process"]


def test_only_what_needs_a_person_is_not_tried_again(units: dict[str, str]) -> None:
    """Python itself ends with 2 where it cannot open the file that it is to run."""
    assert lines(units[".service"], "RestartPreventExitStatus") == [str(watching.BY_HAND)]
    assert watching.BY_HAND not in (0, 1, 2)


def test_the_rollback_after_a_boot_begins_also_where_the_first_part_failed(units: dict[str, str]) -> None:
    """ExecStartPost= does not run then."""
    boot = units["-boot.service"]
    assert lines(boot, "ExecStopPost") == [f"-systemctl --no-block start lowlat-{CHANGE}.service"]
    assert lines(boot, "ExecStartPost") == []


def test_at_boot_the_files_are_waited_for(units: dict[str, str]) -> None:
    (mounts,) = lines(units["-boot.service"], "RequiresMountsFor")
    assert mounts == f'"/state/changes/{CHANGE}" "/etc/sysctl.d" "/srv/my redis"'


@pytest.mark.parametrize("state", ["/state", "/srv/of %h $HOME", '/srv/"quoted" \\ back'])
def test_they_tell_which_change_they_are_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    monkeypatch.setattr(deadline_units, "UNITS", tmp_path)
    monkeypatch.setattr(deadline_units.systemd, "systemctl", lambda *_words: None)
    monkeypatch.setattr(deadline_units.systemd, "show", lambda *_words: {"ActiveState": "active"})
    (tmp_path / "lowlat-other.service").write_text("[Service]\nExecStart=/bin/true\n")
    for known in ("", "0" * 64):  # as older releases armed, and as this one does
        armed = Deadline(300, 2e9, 9e9, "b/1", "systemd", "/r.pyz", "/python", {}, None, runner_digest=known)
        directory = Path(state, "changes", f"{CHANGE}{len(known)}")
        deadline_units.start(directory, armed)
        assert directory in set(deadline_units.directories())
    assert len(list(deadline_units.directories())) == 2
