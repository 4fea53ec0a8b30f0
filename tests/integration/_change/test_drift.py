# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host tells of its changes: how they ended, who ended them, and what is no longer as they have set it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import history, writing
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

Make = Callable[..., Any]


def status(host: Any, **params: Any) -> dict[str, Any]:
    return history.tell(host.state_directory, None, host.options("applied", **params))


def drift(host: Any) -> list[tuple[str, str, Any, Any]]:
    found = status(host)
    assert found["drift_unknown"] == ""
    return [(one["key"], one["where"], one["wanted"], one["found"]) for one in found["drift"]]


def kept(host: Any, name: str = "one", **values: Any) -> str:
    change_id = str(host.apply(*host.redis(**values), name=name)["change_id"])
    host.run("confirmed")
    return change_id


def store(host: Any, old: bytes, new: bytes) -> None:
    Path(host.server.config_file).write_bytes(host.config.replace(old, new))


def test_a_host_that_is_as_it_was_confirmed_has_not_drifted(changer: Make) -> None:
    host = changer()
    kept(host, hz=8, maxmemory="1gb")
    assert drift(host) == []


def test_live_and_stored_values_are_compared(changer: Make) -> None:
    host = changer()
    kept(host, hz=8, timeout=5)
    host.server.client().config_set("hz", 77)
    store(host, b"timeout 5\n", b"")
    assert drift(host) == [("hz", "live", "8", "77"), ("timeout", "stored", "5", None)]
    assert host.live("hz") == "77"  # read only


def test_what_a_later_change_has_set_anew_is_its_own(changer: Make) -> None:
    host = changer()
    kept(host, hz=8, timeout=5)
    second = kept(host, "two", hz=9)
    assert drift(host) == []
    host.server.client().config_set("hz", 8)
    assert [(one["change_id"], one["wanted"]) for one in status(host)["drift"]] == [(second, "9")]
    host.server.client().config_set("hz", 9)
    host.run("rolled_back")
    assert drift(host) == []
    host.apply(*host.redis(timeout=6))  # open: nobody has confirmed that yet
    assert drift(host) == []


def test_what_waits_for_a_restart_has_not_drifted(changer: Make) -> None:
    host = changer(persist=True)
    host.apply(*host.redis(databases=1), restart="defer")
    host.run("confirmed")
    assert drift(host) == []


def test_a_secret_that_has_drifted_is_masked(changer: Make) -> None:
    host = changer()
    host.apply({"kind": "redis", "key": "tls-key-file-pass", "secret": "token-ours"})
    host.run("confirmed")
    assert drift(host) == []
    host.server.client().config_set("tls-key-file-pass", "token-theirs")
    store(host, b"token-ours", b"token-stored")
    assert {key for key, _where, _wanted, _found in drift(host)} == {"tls-key-file-pass"} and len(drift(host)) == 2
    assert "token" not in str(status(host))


def test_without_a_server_files_are_compared_and_the_rest_is_unknown(changer: Make) -> None:
    host = changer()
    kept(host, hz=8)
    store(host, b"hz 8\n", b"hz 30\n")
    host.server.stop()
    found = status(host)
    assert [(one["where"], one["found"]) for one in found["drift"]] == [("stored", "30")]
    assert "not compared: Nobody answers there" in found["drift_unknown"]


def test_a_config_file_that_is_gone_is_no_failure(changer: Make) -> None:
    host = changer()
    kept(host, hz=8)
    Path(host.server.config_file).unlink()
    assert "redis hz was not compared" in status(host)["drift_unknown"]


def test_a_host_without_changes_needs_no_server(changer: Make) -> None:
    host = changer()
    host.server.stop()
    found = status(host)
    assert (found["changes"], found["drift"], found["drift_unknown"]) == ([], [], "")


def test_it_is_told_who_ended_a_change(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    kept(host, hz=8)
    host.run("rolled_back")

    def fail(*_arguments: Any) -> None:
        raise ChangeError("no")

    monkeypatch.setattr(writing, "write_files", fail)
    with pytest.raises(ChangeError):
        host.apply(*host.redis(hz=8))
    changes = status(host)["changes"]
    assert [(change["state"], change["ended_by"]) for change in changes] == [
        ("rolled_back", "operator"),
        ("rolled_back", "apply"),
    ]
    assert all(change["ended_at"].endswith("Z") for change in changes)
    assert [change["confirmed_at"].endswith("Z") for change in changes] == [True, False]
