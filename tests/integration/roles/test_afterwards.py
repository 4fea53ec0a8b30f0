# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A record goes on telling the truth when its change is taken back later. The modules are stubs, the rest is real."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.integration.roles.stubbed_play import Played, run_play

pytestmark = pytest.mark.slow

KEPT = {"schema": 2, "state": "confirmed", "decision": {"decision": "keep"}, "message": "phase9 was kept", "left": []}
TEXT = "# phase9: kept\n"
FOREIGN = {"where": "live", "kind": "redis", "key": "hz", "unit": "", "before": "10", "set": "8", "found": "77"}
FOREIGN.update(done="restored", copy="")
BY_OTHERS = "- Set by somebody else after the change: redis `hz`, live 77 (before 10, by the change 8): restored\n"
NOT_ALL = {"failed": True, "msg": "not all came back", "state": "rollback_failed", "left": ["start the server"]}


def earlier(root: Path, *hosts: str) -> dict[str, str]:
    """Records of a change that was kept there; the variables that name their place."""
    directory = root / "reports" / "c1"
    directory.mkdir(parents=True)
    for host in hosts:
        (directory / f"{host}.json").write_text(json.dumps(KEPT))
        (directory / f"{host}.md").write_text(TEXT)
    return {"report_directory": str(root / "reports")}


def record(played: Played, host: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((played.root / "reports" / "c1" / f"{host}.json").read_text())
    return found


def text(played: Played, host: str) -> str:
    return (played.root / "reports" / "c1" / f"{host}.md").read_text()


@pytest.fixture(scope="module")
def rolled_back(tmp_path_factory: pytest.TempPathFactory) -> Played:
    """lowlat.redis.rollback over a host for each case."""
    root = tmp_path_factory.mktemp("afterwards")
    variables = earlier(root, "back", "failed", "damaged")
    (root / "reports" / "c1" / "damaged.json").write_text("{")
    hosts = {
        "back": {
            "rolled_back": {"restarted": True, "warnings": ["an edited file was kept aside"], "foreign": [FOREIGN]}
        },
        "failed": {"rolled_back": NOT_ALL},
        "unrecorded": {"rolled_back": {"changed": False}},
        "damaged": {},
        "refused": {"rolled_back": {"failed": True, "msg": "nobody answers", "state": None, "change_id": None}},
    }
    return run_play(root, "lowlat.redis.rollback", hosts, variables, records=True)


def test_the_record_of_a_change_that_was_taken_back_says_so(rolled_back: Played) -> None:
    found = record(rolled_back, "back")
    assert (found["state"], found["decision"], found["message"]) == ("rolled_back", KEPT["decision"], KEPT["message"])
    (event,) = found["afterwards"]
    assert (event["state_before"], event["restarted"]) == ("confirmed", True)
    assert event["warnings"] == ["an edited file was kept aside"]
    assert event["by"].startswith("lowlat.redis.rollback, run by ")
    assert text(rolled_back, "back").startswith("# c1 on back: rolled back afterwards\n")
    assert f"- an edited file was kept aside\n{BY_OTHERS}" in text(rolled_back, "back")
    assert text(rolled_back, "back").endswith(f"---\n\n{TEXT}")
    assert "c1 on back was rolled back, and every value has been read back; the server was restarted" in (
        rolled_back.printed
    )
    assert not rolled_back.failed("back")


def test_a_rollback_that_failed_is_written_down_and_still_fails(rolled_back: Played) -> None:
    found = record(rolled_back, "failed")
    assert (found["state"], found["left"]) == ("rollback_failed", ["start the server"])
    assert "ROLLBACK FAILED afterwards" in text(rolled_back, "failed")
    assert "- Left to do by hand: start the server\n" in text(rolled_back, "failed")
    assert rolled_back.failed("failed")


def test_a_change_of_which_nothing_is_known_here_gets_a_record(rolled_back: Played) -> None:
    assert record(rolled_back, "unrecorded")["message"].startswith("c1 on unrecorded had been rolled back before")


def test_a_record_that_cannot_be_read_is_left_alone_and_that_is_said(rolled_back: Played) -> None:
    assert (rolled_back.root / "reports" / "c1" / "damaged.json").read_text() == "{"
    assert text(rolled_back, "damaged") == TEXT
    assert "THERE IS NO RECORD OF IT: The record that is there cannot be read" in rolled_back.printed
    assert not rolled_back.failed("damaged")


def test_of_what_was_refused_there_is_nothing_to_write(rolled_back: Played) -> None:
    assert not (rolled_back.root / "reports" / "c1" / "refused.json").exists()
    assert rolled_back.failed("refused")


def test_a_rehearsal_says_that_it_is_one_and_writes_nothing(tmp_path: Path) -> None:
    variables = earlier(tmp_path, "one")
    hosts = {
        "one": {"rolled_back": {"state": "confirmed", "diff": {"before": "hz 8\n", "after": "hz 10\n"}}},
        "again": {"rolled_back": {"state": "rollback_failed"}},
        "gone": {"rolled_back": {"changed": False, "still_confirmed": "c0"}},
        "refused": {"rolled_back": {"failed": True, "msg": "nobody answers", "state": None, "change_id": None}},
    }
    played = run_play(tmp_path, "lowlat.redis.rollback", hosts, variables, "--check", "--diff", records=True)
    assert "c1 on one would be rolled back" in played.printed
    assert "c1 on again would be rolled back once more: an earlier rollback has failed" in played.printed
    assert "ROLLBACK FAILED" not in played.printed
    assert "c1 on gone had been rolled back before" in played.printed
    assert "Still kept is c0: to take it back give -e lowlat_change_id=c0" in played.printed
    assert played.printed.count("Still kept is") == 1
    assert "-hz 8" in played.printed and "+hz 10" in played.printed
    assert "was rolled back" not in played.printed
    assert record(played, "one") == KEPT
    assert [path.name for path in (tmp_path / "reports" / "c1").iterdir() if "gone" in path.name] == []


def test_status_writes_down_what_the_host_did_by_itself_where_there_is_a_record(tmp_path: Path) -> None:
    variables = earlier(tmp_path, "late", "asked")
    change = {"change_id": "c1", "state": "rolled_back", "settings": [], "age": 1, "owner": "ops", "left": []}
    ended = {**change, "ended_at": "2026-01-02T03:04:05Z", "ended_by": "deadline"}
    hosts = {
        "late": {"history": {"changes": [ended]}},
        "asked": {"history": {"changes": [{**ended, "ended_by": "operator"}]}},
        "unrecorded": {"history": {"changes": [ended]}},
        "broken": {"history": {"failed": True, "msg": "no such directory"}},
    }
    played = run_play(tmp_path, "lowlat.redis.status", hosts, variables, records=True)
    (event,) = record(played, "late")["afterwards"]
    assert (event["by"], event["at"]) == ("the host, at its deadline", "2026-01-02T03:04:05Z")
    assert record(played, "asked") == KEPT
    assert [host for host in hosts if played.failed(host)] == ["broken"]


@pytest.mark.parametrize("kept", [True, False])
def test_status_writes_the_record_that_nobody_could_where_there_are_any(tmp_path: Path, kept: bool) -> None:
    setting = {"kind": "redis", "key": "hz", "before": "10", "after": "8"}
    change = {"change_id": "20260102T030405Z-phase2-1a2b", "name": "phase2", "owner": "ops", "age": 1, "left": []}
    change.update(settings=[setting], state="rolled_back", opened_at="2026-01-02T03:04:05Z")
    change.update(ended_at="2026-01-02T03:09:05Z", ended_by="deadline", foreign=[FOREIGN])
    still_open = {**change, "change_id": "c2", "state": "applied", "ended_at": "", "ended_by": ""}
    reports = earlier(tmp_path, "other") if kept else {"report_directory": str(tmp_path / "reports")}
    hosts = {
        "killed": {"history": {"changes": [change, still_open]}},
        "broken": {"history": {"failed": True, "msg": "no such directory"}},
    }
    played = run_play(tmp_path, "lowlat.redis.status", hosts, reports, records=True)
    assert not played.failed("killed"), played.printed
    found = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob("reports/*/killed.*"))
    place = f"reports/{change['change_id']}/killed"
    assert found == ([f"{place}.json", f"{place}.md"] if kept else [])
    assert (tmp_path / "reports").exists() == kept
    if kept:
        written = json.loads((tmp_path / f"{place}.json").read_text())
        assert [written[part] for part in ("schema", "name", "state", "owner", "ended_by", "settings")] == (
            [2, "phase2", "rolled_back", "ops", "deadline", [setting]]
        )
        text = (tmp_path / f"{place}.md").read_text()
        assert text.startswith("# phase2 on killed: rolled back\n") and "| redis `hz` | 10 | 8 |" in text
        assert BY_OTHERS in text
