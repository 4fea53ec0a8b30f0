# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server is as it was found, whatever ends the comparison."""

from __future__ import annotations

import json
import os
import signal
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.store import Store
from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import connecting
from ansible_collections.lowlat.redis.plugins.module_utils._effect import experiment, keeping, toggle
from ansible_collections.lowlat.redis.plugins.module_utils._effect.guardian import Guardian
from ansible_collections.lowlat.redis.plugins.module_utils._effect.restoring import Restored, restore
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError, ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._host import threads

from .conftest import Toggler, redis_setting, until

pytestmark = pytest.mark.slow

Make = Callable[..., Toggler]
# Margins that anything satisfies: the first look decides.
QUICK = {"margin_p50": 10, "margin_p99": 10}


def running(toggler: Toggler) -> dict[str, str]:
    return dict(toggler.server.client().config_get("*"))


@pytest.mark.parametrize("found", ["8", "10", "33"])
def test_after_success(toggler: Make, found: str) -> None:
    """Whichever of the two values it had, or another one."""
    here = toggler(f"hz {found}")
    before = running(here)
    result = here.run(redis_setting("hz", 8, 10), **QUICK)
    assert result["left_as_found"] is True
    assert result["settings"] == [{"kind": "redis", "key": "hz", "values": ["8", "10"], "found": found}]
    assert running(here) == before
    assert here.server.client().keys("lowlat:*") == []
    assert here.guardians() == []


def test_values_are_really_toggled(toggler: Make) -> None:
    here = toggler("hz 8")
    client = here.server.client()
    client.config_resetstat()
    result = here.run(redis_setting("hz", 8, 10), **QUICK)
    writes = client.info("commandstats")["cmdstat_config|set"]
    # The last value may be the one that was found; the question whether it can be set live at all fails by intent.
    assert writes["calls"] - writes["failed_calls"] - 4 * result["quads"] in (0, 1)


def test_after_an_error(toggler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = toggler("hz 33")

    def fail(*_arguments: Any) -> None:
        assert here.live("hz") in ("8", "10")
        raise RuntimeError("the judge has a fault")

    monkeypatch.setattr(experiment, "effects", fail)
    with pytest.raises(RuntimeError, match="has a fault"):
        here.run(redis_setting("hz", 8, 10), **QUICK)
    assert here.live("hz") == "33"


def test_after_a_value_that_the_server_refuses(toggler: Make) -> None:
    """The second of two settings cannot be had: the first one is put back too."""
    here = toggler("hz 33", "maxmemory-samples 7")
    settings = [
        redis_setting("maxmemory-samples", 7, 5),
        redis_setting("latency-tracking-info-percentiles", "50", "50 99"),
    ]
    refusing = here.server.client()
    refusing.execute_command("ACL", "SETUSER", "default", "-config|set")
    with pytest.raises(ServerError) as caught:
        here.run(*settings, **QUICK)
    assert caught.value.details["code"] == "noperm"
    assert caught.value.details["left_as_found"] is True
    assert (here.live("hz"), here.live("maxmemory-samples")) == ("33", "7")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_after_a_signal(toggler: Make, number: signal.Signals) -> None:
    here = toggler("hz 33")
    process = here.spawn(redis_setting("hz", 8, 10))
    here.wait_for("hz", "10")
    process.send_signal(number)
    said = json.loads(process.communicate(timeout=30)[0])
    # The process has ended: nothing is waited for.
    assert here.live("hz") == "33"
    assert number.name in said["msg"]
    assert said["left_as_found"] is True
    assert here.guardians() == []


def test_after_sigkill(toggler: Make) -> None:
    here = toggler("hz 33", "maxmemory-samples 7")
    process = here.spawn(redis_setting("hz", 8, 10), redis_setting("maxmemory-samples", 5, 6))
    here.wait_for("hz", "10")
    process.kill()
    process.wait()
    here.wait_for("hz", "33")
    here.wait_for("maxmemory-samples", "7")
    until(lambda: not here.guardians(), "the guardian to end")


def test_after_sigkill_of_the_whole_process_group(toggler: Make) -> None:
    """As the end of a session does it."""
    here = toggler("hz 33")
    process = here.spawn(redis_setting("hz", 8, 10))
    here.wait_for("hz", "10")
    (guardian,) = [pid for pid in here.guardians() if pid != process.pid]
    assert os.getsid(guardian) not in (os.getsid(process.pid), os.getsid(0))
    assert os.getpgid(guardian) != os.getpgid(process.pid)
    os.kill(guardian, signal.SIGTERM)
    os.kill(guardian, signal.SIGHUP)
    process.kill()
    process.wait()
    here.wait_for("hz", "33")


def test_no_change_begins_before_the_guardian_is_done(toggler: Make) -> None:
    """The server does not answer while the module dies: the guardian goes on trying, and holds the lock."""
    here = toggler("hz 33")
    process = here.spawn(redis_setting("hz", 8, 10))
    here.wait_for("hz", "10")
    os.kill(here.server.pid, signal.SIGSTOP)
    process.kill()
    process.wait()
    store = Store(here.state_directory)
    with pytest.raises(ChangeError, match="being worked on"), store.locked():
        pass
    os.kill(here.server.pid, signal.SIGCONT)
    here.wait_for("hz", "33")
    until(lambda: not here.guardians(), "the guardian to end")
    with store.locked():
        pass


def test_a_foreign_value_is_left_alone_after_sigkill(toggler: Make) -> None:
    here = toggler("hz 33", "maxmemory-samples 7")
    process = here.spawn(redis_setting("hz", 8, 10), redis_setting("maxmemory-samples", 5, 6))
    here.wait_for("hz", "10")
    os.kill(process.pid, signal.SIGSTOP)
    here.server.client().config_set("hz", 77)
    process.kill()
    process.wait()
    here.wait_for("maxmemory-samples", "7")
    until(lambda: not here.guardians(), "the guardian to end")
    assert here.live("hz") == "77"


def test_a_foreign_value_is_left_alone_and_told(toggler: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    here = toggler("hz 33")
    real = keeping.restore

    def somebody_else_first(*arguments: Any) -> Restored:
        here.server.client().config_set("hz", 77)
        return real(*arguments)

    monkeypatch.setattr(keeping, "restore", somebody_else_first)
    with pytest.raises(ChangeError, match="Somebody else set these values") as caught:
        here.run(redis_setting("hz", 8, 10), **QUICK)
    assert here.live("hz") == "77"
    assert caught.value.details["left_as_found"] is False
    assert "'77'" in caught.value.details["foreign"][0]


@pytest.mark.parametrize(("stored", "live"), [("33", "33"), ("8", "33")])
def test_a_server_that_was_restarted_has_what_its_start_gives(toggler: Make, stored: str, live: str) -> None:
    here = toggler(f"hz {stored}")
    here.server.client().config_set("hz", live)
    process = here.spawn(redis_setting("hz", 8, 10))
    here.wait_for("hz", "10")
    os.kill(process.pid, signal.SIGSTOP)
    here.server.stop()
    here.server.start()
    os.kill(process.pid, signal.SIGCONT)
    said = json.loads(process.communicate(timeout=30)[0])
    assert "was restarted" in said["msg"]
    assert said["left_as_found"] is False
    assert here.live("hz") == stored


@pytest.mark.parametrize("seconds", [1, 3600])
def test_a_module_within_its_time_does_not_hang(toggler: Make, monkeypatch: pytest.MonkeyPatch, seconds: int) -> None:
    """Nor while it confirms what it has found in the last moment."""
    limits = []

    def post(*_given: Any, limit: float, **_rest: Any) -> Guardian:
        limits.append(limit)
        raise ChangeError("seen")

    monkeypatch.setattr(Guardian, "post", post)
    with pytest.raises(ChangeError, match="seen"):
        toggler("hz 33").run(redis_setting("hz", 8, 10), seconds=seconds)
    assert limits[0] >= 1.1 * seconds + 60


def test_a_guardian_takes_over_from_a_module_that_hangs(tmp_path: Any) -> None:
    done = tmp_path / "put-back"

    def put_back() -> Restored:
        done.touch()
        return Restored()

    guardian = Guardian.post(put_back, limit=0.0)
    until(done.exists, "the guardian to act")
    guardian.dismiss(proven=True)


def test_a_guardian_tries_until_nothing_is_left(tmp_path: Any) -> None:
    tries = tmp_path / "tries"
    tries.write_text("")

    def put_back() -> Restored:
        tries.write_text(tries.read_text() + "x")
        if len(tries.read_text()) == 1:
            raise RuntimeError("unforeseen")
        return Restored(left=["hz"] if len(tries.read_text()) < 3 else [])

    guardian = Guardian.post(put_back)
    guardian.dismiss(proven=False)
    until(lambda: not os.path.exists(f"/proc/{guardian.pid}"), "the guardian to end")
    assert tries.read_text() == "xxx"


def test_a_dismissed_guardian_does_nothing(tmp_path: Any) -> None:
    done = tmp_path / "put-back"

    def put_back() -> Restored:
        done.touch()
        return Restored()

    guardian = Guardian.post(put_back)
    guardian.dismiss(proven=True)
    until(lambda: not os.path.exists(f"/proc/{guardian.pid}"), "the guardian to end")
    assert not done.exists()


@pytest.mark.parametrize(("half_way", "back"), [({0: {0}}, True), ({0: {0}, 1: {0}}, True), ({0: {1}}, False)])
def test_threads_that_were_pinned_half_way_are_put_back(
    toggler: Make, half_way: dict[int, set[int]], back: bool
) -> None:
    """They are pinned one by one, and a SIGKILL may come in between."""
    here = toggler()
    pid = here.server.pid
    for tid in threads.tasks(pid):
        os.sched_setaffinity(tid, {0, 1})
    connect = connecting(here.server.address())
    host = connect()
    (pinned,), _skipped = toggle.resolve([{"kind": "affinity", "key": "server", "values": ["0", "0-1"]}], host)
    for number, cpus in half_way.items():
        os.sched_setaffinity(threads.tasks(pid)[number], cpus)
    restored = restore([pinned], host, connect)
    assert (restored.as_found, not restored.foreign) == (back, back)
    assert (threads.affinities(pid) == dict.fromkeys(threads.tasks(pid), {0, 1})) == back


def test_a_limit_is_not_lowered_below_what_has_come_since(toggler: Make) -> None:
    here = toggler("maxmemory 4mb", "maxmemory-policy allkeys-lru")
    connect = connecting(here.server.address())
    host = connect()
    (limit,), _skipped = toggle.resolve([redis_setting("maxmemory", "4mb", "100mb")], host)
    limit.write(1, host)
    here.server.client().mset({f"key{number}": "x" * 50_000 for number in range(100)})
    with pytest.raises(ChangeError, match="would evict keys by now"):
        limit.write(0, host)
    assert "would evict keys by now" in restore([limit], host, connect).left[0]
    assert (here.live("maxmemory"), here.server.client().dbsize()) == (str(100 << 20), 100)
    here.server.client().flushall()
    assert restore([limit], host, connect).left == []
    assert here.live("maxmemory") == str(4 << 20)
