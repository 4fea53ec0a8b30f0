# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A unit that somebody edits while its server runs: the next stop and start go by what its files say then."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import restart
from ansible_collections.lowlat.redis.plugins.module_utils._change.guard import RestartMode
from ansible_collections.lowlat.redis.plugins.module_utils._change.hazards import preflight
from ansible_collections.lowlat.redis.plugins.module_utils._change.plan import Plan, PlannedSetting
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import systemd
from ansible_collections.lowlat.redis.plugins.module_utils._server import unit_files
from ansible_collections.lowlat.redis.plugins.module_utils._settings.setting import Reading, Setting
from tests.integration._change.in_unit import UNIT, PlayedSystemd
from tests.integration._change.test_starts import connected, ids

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


@pytest.fixture
def host(changer: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """A server with a key, in a unit whose file is older than its process."""
    unit = tmp_path / "lib" / UNIT
    unit.parent.mkdir()
    unit.write_text("[Service]\n")
    monkeypatch.setattr(unit_files, "PLACES", (str(tmp_path / "etc"), str(tmp_path / "lib")))
    monkeypatch.setattr(unit_files, "_SLACK", 3600.0)  # however slow the test is
    made = changer(persist=True)
    made.server.client().set("key", "value")
    made.systemd, made.unit = PlayedSystemd(made.server), unit
    made.systemd.facts.update(FragmentPath=str(unit), NeedDaemonReload="no", KillSignal="15")
    made.systemd.play(monkeypatch)
    return made


def drop_in(host: Any, name: str = "50-site.conf") -> Path:
    path = Path(host.unit.parent.parent / "etc" / f"{UNIT}.d" / name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("[Service]\n")
    return path


def restarting(host: Any, **params: Any) -> dict[str, Any]:
    result: dict[str, Any] = host.apply(*host.redis(tcp_backlog=100), restart="allowed", check=True, **params)
    return result


def the_hazard(host: Any) -> dict[str, str]:
    (hazard,) = host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    return dict(hazard)


def test_a_unit_that_nobody_has_edited(host: Any) -> None:
    assert restarting(host)["warnings"] == []
    drop_in(host, "90-lowlat.conf")
    assert restarting(host)["warnings"] == []


def test_an_edit_that_systemd_knows_it_has_not_read(host: Any) -> None:
    host.systemd.facts["NeedDaemonReload"] = "yes"
    hazard = the_hazard(host)
    assert hazard["id"] == "unit_edited" and str(host.unit) in hazard["reason"]
    (warning,) = host.apply(*host.redis(tcp_backlog=100), restart="defer", check=True)["warnings"]
    assert "[unit_edited]" in warning and str(host.unit) in warning
    host.apply(*host.redis(hz=20), check=True)


def test_a_drop_in_that_systemd_does_not_know_of(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drop_in(host)
    hazard = the_hazard(host)
    assert hazard["id"] == "unit_edited" and str(path) in hazard["reason"] and str(host.unit) not in hazard["reason"]
    host.systemd.facts["DropInPaths"] = str(path)
    assert restarting(host)["warnings"] == []
    monkeypatch.setattr(unit_files, "_SLACK", -3600.0)  # as if it had been written an hour later
    (warning,) = restarting(host)["warnings"]
    assert str(path) in warning and "was changed after" in warning


def test_a_drop_in_that_is_none(host: Any) -> None:
    """An empty file takes away the one of its name."""
    path = drop_in(host)
    path.unlink()
    path.symlink_to("/dev/null")
    assert restarting(host)["warnings"] == []


def test_a_drop_in_over_another_of_its_name(host: Any) -> None:
    path = drop_in(host)
    read = host.unit.parent / f"{UNIT}.d" / path.name
    read.parent.mkdir()
    read.write_text("[Service]\n")
    host.systemd.facts["DropInPaths"] = str(read)
    hazard = the_hazard(host)
    assert str(path) in hazard["reason"] and str(read) not in hazard["reason"]


def test_a_whole_unit_over_that_of_the_package(host: Any) -> None:
    over = Path(host.unit.parent.parent / "etc" / UNIT)
    over.parent.mkdir()
    over.write_text("[Service]\n")
    hazard = the_hazard(host)
    assert hazard["id"] == "unit_edited" and str(over) in hazard["reason"]


def test_another_config_file(host: Any, tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_bytes(host.config)
    host.systemd.facts["ExecStart"] = f"{{ path=/usr/bin/redis-server ; argv[]=/usr/bin/redis-server {other} ; }}"
    reasons = {
        hazard["id"]: hazard["reason"] for hazard in host.refused(*host.redis(tcp_backlog=100), restart="allowed")
    }
    assert list(reasons) == ["unit_edited"] and f"names {other}" in reasons["unit_edited"]


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"ExecStop": "{ path=/x ; argv[]=redis-cli -a planted shutdown NOSAVE ; ignore_errors=no }"}, "with NOSAVE"),
        ({"ExecStop": "{ path=/x ; argv[]=/bin/kill -9 $MAINPID ; ignore_errors=no }"}, "kill -9"),
        ({"KillSignal": "9"}, "KillSignal=9"),
    ],
)
def test_a_stop_that_does_not_save(host: Any, facts: dict[str, str], says: str) -> None:
    host.systemd.facts.update(facts)
    hazard = the_hazard(host)
    assert "planted" not in str(hazard)  # no password
    assert hazard["id"] == "stop_does_not_save" and says in hazard["reason"] and str(host.unit) in hazard["reason"]
    with pytest.raises(ChangeError, match="before it has saved"):
        restart.restart(connected(host), frozenset(), 0.2)
    assert host.pid == host.server.pid


@pytest.mark.parametrize("harmless", ["shutdown", "-p 6379 shutdown save", "/bin/kill -s TERM $MAINPID"])
def test_a_stop_that_saves(host: Any, harmless: str) -> None:
    host.systemd.facts["ExecStop"] = f"{{ path=/x ; argv[]=/usr/bin/redis-cli {harmless} ; ignore_errors=no }}"
    restarting(host)


def test_a_stop_that_need_not_save(host: Any) -> None:
    """The log has all by then."""
    host.systemd.facts["KillSignal"] = "9"
    host.server.client().config_set("appendonly", "yes")
    assert "stop_does_not_save" not in ids(host.refused(*host.redis(tcp_backlog=100), restart="allowed"))


@pytest.mark.parametrize("restart", ["refuse", "defer", "allowed"])
def test_an_edit_that_our_daemon_reload_would_bring(
    host: Any, restart: RestartMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change makes it now, whoever restarts the server, and whether anything waits for that."""
    monkeypatch.setattr(systemd, "available", lambda: True)
    path, there = drop_in(host), connected(host)
    nice = PlannedSetting(Setting("systemd", "Nice", "-5", UNIT), Reading(None, None), persisted=True)
    (hazard,) = preflight(Plan([nice]), there, restart)
    assert hazard.id == "unit_edited" and str(path) in hazard.reason and "daemon-reload by this change" in hazard.reason
    nice.restart = restart != "refuse"
    assert [found.id for found in preflight(Plan([nice]), there, restart)] == ["unit_edited"]


def test_a_drop_in_over_which_set_property_has_the_last_word(host: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its directory begins as that of the administrator does."""
    path = drop_in(host, "50-MemoryHigh.conf")
    own = Path(f"{host.unit.parent.parent}/etc.control/{UNIT}.d/{path.name}")
    own.parent.mkdir(parents=True)
    own.write_text("[Service]\n")
    host.systemd.facts["DropInPaths"] = str(own)
    assert restarting(host)["warnings"] == []


def test_a_drop_in_of_the_template(host: Any) -> None:
    """For all its instances."""
    etc = host.unit.parent.parent / "etc"
    for name in ("played@.service.d", "played@one.service.d"):
        (etc / name).mkdir(parents=True)
    path = etc / "played@.service.d/50-site.conf"
    path.write_text("[Service]\n")
    assert unit_files._unknown("played@one.service", (), [str(host.unit)]) == [str(path)]
    over = etc / "played@one.service.d/50-site.conf"
    over.write_text("[Service]\n")
    assert unit_files._unknown("played@one.service", (), [str(host.unit)]) == [str(over)]
    assert unit_files._unknown("played@one.service", (), [str(host.unit), str(over)]) == []


@pytest.mark.parametrize("name", ["other-name.service", "other-.service", "service"])
def test_a_drop_in_for_more_units_than_this(host: Any, name: str) -> None:
    """For all services, for those whose names begin alike, or under another name of this one."""
    host.systemd.facts["Names"] = f"{UNIT} other-name.service"
    path = Path(host.unit.parent.parent / "etc" / f"{name}.d" / "50-site.conf")
    path.parent.mkdir(parents=True)
    path.write_text("[Service]\n")
    assert str(path) in the_hazard(host)["reason"]


@pytest.mark.parametrize("name", ["other-name.service", "service"])
def test_a_drop_in_that_one_of_the_units_own_overrules(host: Any, name: str) -> None:
    """Wherever that is, see systemd.unit(5): those for all services and those of other names come last."""
    host.systemd.facts["Names"] = f"{UNIT} other-name.service"
    read = Path(host.unit.parent / f"{UNIT}.d" / "50-site.conf")
    overruled = Path(host.unit.parent.parent / "etc" / f"{name}.d" / "50-site.conf")
    for path in (read, overruled):
        path.parent.mkdir(parents=True)
        path.write_text("[Service]\n")
    host.systemd.facts["DropInPaths"] = str(read)
    assert restarting(host)["warnings"] == []
