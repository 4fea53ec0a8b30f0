# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One change at a time, found again by id, name or state."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import asking
from ansible_collections.lowlat.redis.plugins.module_utils._change.journal import Journal
from ansible_collections.lowlat.redis.plugins.module_utils._change.store import STATE_DIRECTORY, Store
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "state"))


def test_looking_makes_nothing(store: Store) -> None:
    assert store.all() == []
    assert store.unfinished() is None
    assert not store.path.exists()


def test_a_change_is_roots_alone(store: Store) -> None:
    change = store.open("phase2", owner="me")
    for path in (store.path, store.path / "changes", change.directory):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("entry", "state", "unfinished"),
    [
        ("applied", "applied", True),
        ("confirmed", "confirmed", False),
        ("rolling_back", "rolling_back", True),
        ("rolled_back", "rolled_back", False),
        ("rollback_failed", "rollback_failed", True),
    ],
)
def test_the_state_is_what_the_last_entry_says(store: Store, entry: str, state: str, unfinished: bool) -> None:
    store.open("phase2", owner="me").journal.append(entry)
    assert store.find().state == state
    assert (store.unfinished() is not None) is unfinished


def test_without_an_id_the_unfinished_change_is_meant_else_the_newest(store: Store) -> None:
    first = store.open("phase1", owner="me")
    second = store.open("phase2", owner="me")
    second.journal.append("rolled_back")
    assert store.find().change_id == first.change_id
    first.journal.append("confirmed")
    assert store.find().change_id == second.change_id
    assert store.find(name="phase1").change_id == first.change_id


def test_an_unknown_id_names_those_there_are(store: Store) -> None:
    known = store.open("phase2", owner="me").change_id
    with pytest.raises(BadInput, match=known):
        store.find("nonsense")


def test_an_unknown_name_is_an_error(store: Store) -> None:
    with pytest.raises(BadInput, match="phase9.*none was ever opened here"):
        store.find(name="phase9")


def test_it_tells_the_names_there_are_and_the_nearest(store: Store) -> None:
    for name in ("phase2", "cpu_isolation", "phase2"):
        store.open(name, owner="me")
    with pytest.raises(BadInput, match="'phaze2'") as caught:
        store.find(name="phaze2")
    assert caught.value.why == "the changes of this host are of cpu_isolation, phase2"
    assert caught.value.remedy == "Did you mean phase2?"
    with pytest.raises(BadInput, match="Name one of them"):
        store.find(name="zzz")


def test_a_directory_whose_journal_never_began_is_no_change(store: Store) -> None:
    def killed(directory: Path) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.open("phase2", killed, owner="me")
    assert list((store.path / "changes").iterdir()) and store.all() == []


def test_facts_come_back_as_they_were_given(store: Store) -> None:
    setting = {"setting": {"kind": "redis", "key": "hz", "unit": None}, "before": {"live": "10"}}
    facts = {"settings": [setting] * 2, "files": [{"path": "/etc/x"}], "runtime": {"hz": "10"}, "launch": None}
    store.open("phase2", owner="me", mode="allowed", **facts)
    change = store.find()
    assert {name: change.opened[name] for name in facts} == facts and change.lost == []
    assert (change.name, change.opened["owner"], change.opened["mode"], change.sequence) == (
        "phase2",
        "me",
        "allowed",
        1,
    )


def test_a_journal_is_read_once_and_again_when_somebody_has_written_to_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = store.open("phase2", owner="me")
    read: list[Path] = []
    load = Journal.load

    def noted(path: Path) -> Journal:
        read.append(path)
        return load(path)

    monkeypatch.setattr(Journal, "load", noted)
    other = Store(str(store.path))
    assert [other.all()[0].state, other.find().state] == ["open", "open"]
    assert len(read) == 1
    change.journal.append("applied", restarted=False, pending=[])
    assert other.all()[0].state == "applied"
    assert len(read) == 2


def test_only_a_place_that_is_not_the_usual_one_is_named_to_who_wants_a_change_back() -> None:
    usual, other = Path(STATE_DIRECTORY), Path("/srv/state")
    for told in (asking.to_take_back("c1", usual), asking.to_keep("c1", usual)):
        assert "state_directory" not in told
    assert " -e gated_change_state_directory=/srv/state," in asking.to_take_back("c1", other)
    for told in (asking.to_take_back("c1", other), asking.to_keep("c1", other)):
        assert told.endswith("change_id: c1, state_directory: /srv/state")
