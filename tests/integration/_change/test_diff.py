# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What `--diff` shows of a change and of taking it back: every value that would be another one, and a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import diff_rolled_back

Make = Callable[..., Any]


def lines(result: dict[str, Any], side: str) -> list[str]:
    text: str = result["diff"][side]
    return text.splitlines()


def test_a_restart_is_shown_with_what_it_is_for(changer: Make) -> None:
    host = changer(persist=True)
    before = host.pid
    planned = host.apply(*host.redis(databases=8, hz=8), check=True, restart="allowed")
    assert "server: would be restarted (for: databases)" in lines(planned, "after")
    assert not [line for line in lines(planned, "before") if line.startswith("server")]
    assert (planned["restarted"], planned["pending_restart"], host.pid) == (True, [], before)


def test_where_none_is_needed_none_is_shown(changer: Make) -> None:
    host = changer(persist=True)
    planned = host.apply(*host.redis(hz=8), check=True, restart="allowed")
    assert "server" not in planned["diff"]["after"] and planned["restarted"] is False


def test_of_a_restart_that_is_left_to_others_only_the_file_changes(changer: Make) -> None:
    host = changer(persist=True)
    planned = host.apply(*host.redis(databases=8), check=True, restart="defer")
    assert lines(planned, "before") == ["redis databases stored: (in no file)"]
    assert lines(planned, "after") == [
        "redis databases stored: 8",
        "server: would have to be restarted by somebody (for: databases)",
    ]
    assert (planned["restarted"], planned["pending_restart"]) == (False, ["databases"])
    assert host.apply(*host.redis(databases=8), restart="defer")["diff"]["after"].endswith(
        "server: has to be restarted by somebody (for: databases)\n"
    )


def test_what_is_not_there_is_shown_in_words(changer: Make) -> None:
    host = changer("save 3600 1")
    planned = host.apply(*host.redis(hz=8, save=""), check=True)
    assert "redis hz stored: (in no file)" in lines(planned, "before")
    assert "redis save live: (empty)" in lines(planned, "after")
    assert "None" not in str(planned["diff"])


def test_what_would_go_back_is_shown_and_nothing_does(changer: Make) -> None:
    host = changer("timeout 7", "tls-key-file-pass old-secret-one")
    host.apply(*host.redis(hz=8, timeout=9), {"kind": "redis", "key": "tls-key-file-pass", "secret": "new-secret-two"})
    host.server.client().config_set("hz", 77)  # as it is now, and not as the change has set it
    stored, there = host.config, (Path(host.state_directory) / "changes").iterdir()
    journal = next(there) / "journal"
    told = journal.read_bytes()
    rehearsed = host.run("rolled_back", check=True)
    assert rehearsed["diff"] == {
        "before": "redis hz live: 77 (set by somebody since the change)\nredis hz stored: 8\n"
        "redis timeout live: 9\nredis timeout stored: 9\n"
        "redis tls-key-file-pass live: (a secret)\nredis tls-key-file-pass stored: (a secret)\n",
        "after": "redis hz live: 10\nredis hz stored: (in no file)\nredis timeout live: 7\nredis timeout stored: 7\n"
        "redis tls-key-file-pass live: (another secret)\nredis tls-key-file-pass stored: (another secret)\n",
    }
    assert (rehearsed["changed"], rehearsed["restarted"]) == (True, False)
    assert (host.config, host.live("hz"), journal.read_bytes()) == (stored, "77", told)
    assert "diff" not in host.run("rolled_back")


def test_a_rollback_itself_shows_it_where_it_is_asked_to(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=8))
    assert host.run("rolled_back", diff=True)["diff"] == {
        "before": "redis hz live: 8\nredis hz stored: 8\n",
        "after": "redis hz live: 10\nredis hz stored: (in no file)\n",
    }
    for again in ({"check": True}, {"diff": True}):
        assert host.run("rolled_back", **again)["diff"] == {"before": "", "after": ""}


def test_values_of_a_server_that_does_not_answer_are_not_known(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(hz=8))
    host.server.stop()
    rehearsed = host.run("rolled_back", check=True)
    unknown = "(not known: Nobody answers there as a Redis server)"
    assert lines(rehearsed, "before") == [f"redis hz live: {unknown}", "redis hz stored: 8"]
    assert lines(rehearsed, "after") == ["redis hz live: 10", "redis hz stored: (in no file)"]


@pytest.mark.parametrize(
    ("policy", "becomes"),
    [("restore", "10"), ("keep", "(kept as it is)"), ("fail", "(left alone, and the rollback fails for it)")],
)
def test_what_somebody_else_has_set_is_named_with_what_becomes_of_it(changer: Make, policy: str, becomes: str) -> None:
    host = changer()
    host.apply(*host.redis(hz=8, timeout=9))
    host.server.client().config_set("hz", 77)
    rehearsed = host.run("rolled_back", check=True, on_foreign_change=policy)
    assert "redis hz live: 77 (set by somebody since the change)" in lines(rehearsed, "before")
    assert f"redis hz live: {becomes}" in lines(rehearsed, "after")
    assert "redis timeout live: 9" in lines(rehearsed, "before")
    assert "redis timeout live: 0" in lines(rehearsed, "after")


def test_of_a_secret_that_somebody_else_has_set_no_text_is_shown(changer: Make) -> None:
    host = changer("tls-key-file-pass old-secret-one")
    host.apply({"kind": "redis", "key": "tls-key-file-pass", "secret": "new-secret-two"})
    host.server.client().config_set("tls-key-file-pass", "their-secret-three")
    rehearsed = host.run("rolled_back", check=True)
    shown = "redis tls-key-file-pass live: (a secret) (set by somebody since the change)"
    assert shown in lines(rehearsed, "before")
    assert "redis tls-key-file-pass live: (another secret)" in lines(rehearsed, "after")
    assert "secret-" not in str(rehearsed)


def test_a_file_that_somebody_has_edited_is_named(changer: Make) -> None:
    host = changer()
    host.apply(*host.redis(hz=8))
    file = Path(host.server.config_file)
    assert "file" not in host.run("rolled_back", check=True)["diff"]["before"].replace("in no file", "")
    file.write_bytes(host.config + b"# mine\n")
    rehearsed = host.run("rolled_back", check=True)
    assert f"file {file}: edited by somebody since the change (content)" in lines(rehearsed, "before")
    kept = host.run("rolled_back", check=True, on_foreign_change="keep")
    assert f"file {file}: without the lines of the change" in lines(kept, "after")
    assert "redis hz stored: 8" in lines(kept, "before")
    left = host.run("rolled_back", check=True, on_foreign_change="fail")
    assert lines(left, "after") == ["redis hz live: 10", f"file {file}: left alone"]
    file.write_bytes(host.config.replace(b"hz 8\n", b"hz 9\n"))
    theirs = host.run("rolled_back", check=True, on_foreign_change="keep")
    assert "stored" not in theirs["diff"]["after"]


def test_no_rollback_fails_for_what_only_tells_of_it(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    host.apply(*host.redis(hz=20))

    def broken(*_given: object) -> None:
        raise ValueError("a journal of another time")

    monkeypatch.setattr(diff_rolled_back, "look", broken)
    assert host.run("rolled_back", diff=True)["state"] == "rolled_back"
    assert host.live("hz") == "10"


@pytest.mark.slow
def test_the_restart_of_a_rollback_is_shown_too(changer: Make) -> None:
    host = changer(persist=True)
    applied = host.apply(*host.redis(databases=8), restart="allowed")
    assert "server: restarted (for: databases)" in lines(applied, "after")
    rehearsed = host.run("rolled_back", check=True)
    assert "server: would be restarted (for: databases)" in lines(rehearsed, "after") and rehearsed["restarted"]
    undone = host.run("rolled_back", diff=True)
    assert "server: restarted (for: databases)" in lines(undone, "after") and undone["restarted"]
