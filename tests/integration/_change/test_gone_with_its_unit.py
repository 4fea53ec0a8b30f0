# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit that takes its server's data away with it, however well that was saved."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd
from ansible_collections.lowlat.redis.plugins.module_utils._server import lasting
from tests.integration._change.in_unit import PlayedSystemd

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.fixture
def host(changer: Make, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Whose data is in the RuntimeDirectory= of its unit, once ``in_runtime_directory`` says so."""
    made = changer(persist=True)
    made.server.client().set("key", "value")
    above, name = os.path.split(os.path.realpath(made.server.directory))
    monkeypatch.setattr(lasting, "_RUN", above)
    made.systemd = PlayedSystemd(made.server)
    made.in_runtime_directory = {"RuntimeDirectory": f"other {name}", "RuntimeDirectoryPreserve": "no"}
    made.systemd.play(monkeypatch)
    return made


def test_it_is_not_restarted(host: Any) -> None:
    host.systemd.facts.update(host.in_runtime_directory)
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "data_goes_with_unit" and "RuntimeDirectory=" in hazard["reason"]
    deferred = host.apply(*host.redis(databases=8), restart="defer")
    assert any("data_goes_with_unit" in warning for warning in deferred["warnings"])


def test_nor_by_a_rollback_of_a_change_from_before_that(host: Any) -> None:
    host.apply(*host.redis(databases=8), restart="allowed")
    host.systemd.facts.update(host.in_runtime_directory)
    pid = host.pid
    with pytest.raises(ChangeError, match="would be removed in a restart"):
        host.run("rolled_back")
    assert (host.pid, host.server.client().get("key")) == (pid, "value")


def test_it_may_be_where_it_stays(host: Any) -> None:
    host.systemd.facts.update(host.in_runtime_directory, RuntimeDirectoryPreserve="restart")
    line = f"argv[]=/bin/rm -f {host.server.directory}/temp-*.rdb"
    host.systemd.facts["ExecStartPre"] = f"{{ path=/bin/rm ; {line} ; ignore_errors=yes }}"
    assert host.apply(*host.redis(databases=8), restart="allowed")["restarted"]


@pytest.mark.parametrize("command", ["rm -f {}/dump.rdb", "sh -c rm -rf '{}/*'", "redis-cli FLUSHALL"])
def test_what_the_unit_runs_may_remove_it(host: Any, command: str) -> None:
    line = command.format(os.path.realpath(host.server.directory))
    host.systemd.facts["ExecStartPre"] = f"{{ path=/bin/sh ; argv[]={line} ; ignore_errors=no ; pid=0 }}"
    (hazard,) = host.refused(*host.redis(databases=8), restart="allowed")
    assert hazard["id"] == "data_goes_with_unit" and "ExecStartPre= with" in hazard["reason"]


@pytest.fixture
def elsewhere(in_namespaces: tuple[str, ...]) -> Iterator[int]:
    """A process with mounts of its own, as of a unit with TemporaryFileSystem= and PrivateTmp=."""
    own = "mkdir -p /tmp/systemd-private-1/tmp"
    mounts = "mount -t tmpfs own /mnt && mount -t tmpfs own /tmp && mount --bind /tmp/systemd-private-1/tmp /tmp"
    script = f"{mounts.replace('&& mount --bind', f'&& {own} && mount --bind')} && echo there && read line"
    command = [*in_namespaces, "sh", "-c", script]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "there\n"
        yield process.pid
        process.communicate("\n")


def test_a_mount_of_the_unit_alone_goes_with_it(elsewhere: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(systemd, "show", lambda unit, properties: {})
    instance: Any = SimpleNamespace(unit="redis.service", pid=elsewhere)
    assert "only its unit has" in lasting.taken_away_by(instance, "/mnt/dump.rdb")
    assert "PrivateTmp=" in lasting.taken_away_by(instance, "/tmp/dump.rdb")
    assert lasting.taken_away_by(instance, "/var/lib/redis/dump.rdb") == ""
    by_hand: Any = SimpleNamespace(unit=None, pid=elsewhere)
    assert lasting.taken_away_by(by_hand, "/mnt/dump.rdb") == ""
