# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change is open on a host, in whichever state directory. The units are written here, and systemd is not asked."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import boot, deadline, deadline_units, lock, proposal
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from tests.integration._change.conftest import Changer
from tests.integration._runner.test_deadline import apply, directory

pytestmark = pytest.mark.slow


@pytest.fixture
def two(changer: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Changer, Changer, Path]:
    """The same server from two places, with a change open in the first; that one's directory."""
    monkeypatch.setattr(deadline_units, "UNITS", tmp_path / "units")
    first = changer()
    second = replace(first, state_directory=os.fspath(tmp_path / "state-second"))
    where = directory(first, apply(first, *first.redis(hz=20)))
    known = deadline.load(where)
    assert known is not None
    with monkeypatch.context() as patch:
        patch.setattr(deadline_units.systemd, "systemctl", lambda *_words: None)
        patch.setattr(deadline_units.systemd, "show", lambda *_words: {"ActiveState": "active"})
        deadline_units.start(where, known)
    return first, second, where


def test_a_second_one_elsewhere_is_refused(two: tuple[Changer, Changer, Path]) -> None:
    first, second, where = two
    for check in (True, False):
        with pytest.raises(ChangeError, match="open on this host, in another state directory") as caught:
            second.apply(*second.redis(timeout=7), check=check)
        assert caught.value.details["open_change"] == where.name
        assert first.state_directory in caught.value.message and "phase trial, applied" in caught.value.message
    assert not Path(second.state_directory).exists() and first.live("timeout") == "0"
    first.run("rolled_back")
    assert second.apply(*second.redis(timeout=7))["state"] == "applied"


def test_one_whose_state_directory_is_gone_is_in_nobodys_way(two: tuple[Changer, Changer, Path]) -> None:
    _first, second, where = two
    shutil.rmtree(where)
    assert second.apply(*second.redis(timeout=7))["state"] == "applied"


def test_nor_is_one_that_has_ended_with_units_that_could_not_be_removed(
    two: tuple[Changer, Changer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, where = two

    def in_vain(_directory: Path) -> None:
        raise OSError("read-only")

    with monkeypatch.context() as patch:
        patch.setattr(deadline_units, "remove", in_vain)
        assert first.run("confirmed")["warnings"] and (where / "armed").exists()
    assert second.apply(*second.redis(timeout=7))["state"] == "applied"


def test_nor_is_one_of_whom_was_killed_before_he_opened_it(two: tuple[Changer, Changer, Path]) -> None:
    """He has written nothing, and nobody could confirm it or roll it back."""
    first, second, where = two
    (where / "journal").unlink()
    place = Path(first.state_directory)
    with Store(os.fspath(place)).locked(doing="apply trial"), pytest.raises(ChangeError, match="only just being"):
        second.apply(*second.redis(timeout=7), check=True)
    ended = subprocess.Popen(["true"])
    started = boot.started(ended.pid)
    ended.wait()
    killed = lock.Holder(ended.pid, started, boot.identity(), 0.0, "apply trial")
    (place / "lock").write_text(json.dumps(asdict(killed)))
    assert second.apply(*second.redis(timeout=7))["state"] == "applied"


def test_of_two_that_come_at_once_one_sees_the_other(
    two: tuple[Changer, Changer, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there yet when the second has looked, before it was armed itself."""
    first, second, where = two
    monkeypatch.setattr(proposal.other_places, "refuse", later(proposal.other_places.refuse))
    monkeypatch.setattr(deadline.systemd, "available", lambda: True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(deadline_units, "start", lambda *_given: None)
    with pytest.raises(ChangeError, match="in another state directory"):
        apply(second, *second.redis(timeout=7))
    assert list(Path(second.state_directory, "changes").iterdir()) == [] and first.live("timeout") == "0"


def later(refuse: Callable[[Path], None]) -> Callable[[Path], None]:
    """Sees nothing at the first two looks."""
    looks: list[Path] = []

    def look(place: Path) -> None:
        looks.append(place)
        if len(looks) > 2:
            refuse(place)

    return look
