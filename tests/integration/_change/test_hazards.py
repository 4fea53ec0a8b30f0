# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every guard fires on a real server, before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import Refused

Make = Callable[..., Any]


def refused(host: Any, *settings: dict[str, Any], **params: Any) -> list[str]:
    """Ids of the hazards; the host is proven untouched."""
    hazards = host.refused(*settings, **params)
    assert not Path(host.state_directory).exists()
    return [hazard["id"] for hazard in hazards]


def with_acl_file(changer: Make, directory: Path, lines: str) -> Any:
    users = directory / "users.acl"
    users.write_text(lines)
    return changer(f"aclfile {users}", persist=True)


def test_tcp_nodelay_is_explained(changer: Make) -> None:
    assert refused(changer(), {"kind": "redis", "key": "tcp-nodelay", "value": True}) == ["tcp_nodelay"]


def test_fewer_databases_than_hold_keys(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client(db=3).set("key", "value")
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["databases_in_use"]


def test_maxmemory_below_what_is_used(changer: Make) -> None:
    host = changer()
    assert refused(host, *host.redis(maxmemory="100kb")) == ["maxmemory_below_used"]


def test_an_evicting_policy_over_the_limit(changer: Make) -> None:
    host = changer("maxmemory 100kb", "maxmemory-policy noeviction")
    assert refused(host, *host.redis(maxmemory_policy="allkeys-lru")) == ["maxmemory_below_used"]


def test_hz_that_would_be_clamped(changer: Make) -> None:
    host = changer()
    assert refused(host, *host.redis(hz=1000)) == ["hz_clamped"]


def test_defragmentation_without_its_allocator(changer: Make) -> None:
    host = changer()
    assert refused(host, *host.redis(activedefrag=True)) == ["activedefrag_unsupported"]
    optional = {"kind": "redis", "key": "activedefrag", "value": True, "optional": True}
    result = host.apply(optional, *host.redis(hz=8))
    assert "activedefrag_unsupported" in result["settings"][0]["skipped"]


def test_an_immutable_directive_is_refused_by_default_and_named(changer: Make) -> None:
    host = changer(persist=True)
    assert refused(host, *host.redis(databases=1, hz=8)) == ["restart_required"]


def test_a_restart_that_would_lose_the_data(changer: Make) -> None:
    host = changer()
    host.server.client().set("key", "value")
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["restart_loses_data"]


def test_a_restart_that_would_load_an_old_dump(changer: Make) -> None:
    host = changer()
    client = host.server.client()
    client.set("key", "value")
    client.save()
    client.flushall()
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["stale_dump"]


def test_users_that_only_the_running_server_knows(changer: Make) -> None:
    host = changer(persist=True)
    host.server.client().acl_setuser("app", enabled=True, nopass=True)
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["users_not_saved"]


def test_a_user_that_the_acl_file_does_not_have(changer: Make, tmp_path: Path) -> None:
    host = with_acl_file(changer, tmp_path, "user default on nopass ~* &* +@all\n")
    client = host.server.client()
    client.acl_setuser("app", enabled=True, nopass=True)
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["users_not_saved"]
    client.acl_save()
    assert host.apply(*host.redis(databases=1), restart="allowed")["restarted"] is True
    assert sorted(client.acl_users()) == ["app", "default"]


def test_a_user_whom_the_acl_file_lets_do_something_else(changer: Make, tmp_path: Path) -> None:
    lines = (
        "user default on nopass ~* &* +@all\nuser app allkeys +@all -@write -config|set on >one >two resetchannels\n"
    )
    host = with_acl_file(changer, tmp_path, lines)
    assert host.apply(*host.redis(databases=1), restart="allowed", check=True)["changed"] is True
    host.server.client().execute_command("ACL", "SETUSER", "app", "<two")
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["users_not_saved"]


@pytest.mark.parametrize("rule", [">secret", "-debug", "resetkeys", "off"])
def test_the_default_user_changed_by_command_alone(changer: Make, rule: str) -> None:
    host = changer("user adm on nopass allkeys allchannels allcommands", persist=True, login={"login_user": "adm"})
    host.login["login_password"] = "any"
    host.server.client().execute_command("ACL", "SETUSER", "default", rule)
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["users_not_saved"]


@pytest.mark.parametrize(
    "lines",
    [
        ("requirepass right",),
        ("user default on >right ~* &* +@all",),
        ("user default allcommands allkeys allchannels >right on", "user app ON +get +set -set (~x* +del) %RW~a"),
    ],
)
def test_users_as_the_config_file_has_them(changer: Make, lines: tuple[str, ...]) -> None:
    host = changer(*lines, persist=True, login={"login_password": "right"})
    assert host.apply(*host.redis(databases=1), restart="allowed", check=True)["changed"] is True


def test_an_option_on_the_command_line(changer: Make) -> None:
    host = changer("set-proc-title no", arguments=("--hz", "20"))
    assert refused(host, *host.redis(hz=8)) == ["command_line_override"]


def test_a_data_directory_that_the_file_does_not_name(changer: Make, tmp_path: Path) -> None:
    host = changer("enable-protected-configs yes", persist=True)
    host.server.client().config_set("dir", str(tmp_path))
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["data_elsewhere"]


@pytest.mark.parametrize("line", ["tcp-nodelay yes", "hz fast", "timeout 1 2", "save 900"])
def test_a_line_that_the_server_has_not_read_yet_and_does_not_take(changer: Make, line: str) -> None:
    host = changer(persist=True)
    path = Path(host.server.config_file)
    sound = path.read_text()
    path.write_text(f"{sound}{line}\n")
    assert refused(host, *host.redis(databases=1), restart="allowed") == ["not_startable"]
    # What the change itself writes in its place is no obstacle.
    path.write_text(f"{sound}databases many\n")
    assert host.apply(*host.redis(databases=1), restart="allowed", check=True)["changed"] is True
    host.server.stop()
    path.write_text(f"{sound}{line}\n")
    with pytest.raises(RuntimeError, match="does not answer"):
        host.server.start()


def test_a_log_that_could_not_be_opened(changer: Make) -> None:
    host = changer(persist=True)
    assert refused(host, *host.redis(logfile="/nonexistent/log"), restart="allowed") == ["not_startable"]


def test_the_refusal_tells_what_to_do_and_apart_from_that_what_it_would_have_changed(changer: Make) -> None:
    host = changer()
    with pytest.raises(Refused) as caught:
        host.apply(*host.redis(hz=1000, timeout=7))
    error, (hazard,) = caught.value, caught.value.details["hazards"]
    assert error.remedy == "Choose a value from 1 to 500" == hazard["remedy"].capitalize()
    assert error.why == (f"[hz_clamped] hz: {hazard['reason']}; the change was: hz 10 -> 1000, timeout 0 -> 7")
    with pytest.raises(Refused) as caught:
        host.apply(*host.redis(hz=1000, maxmemory="100kb"))
    first, second = caught.value.details["hazards"]
    assert caught.value.remedy == f"For hz: {first['remedy']} | For maxmemory: {second['remedy']}"


def test_it_is_the_same_of_what_no_look_is_needed_for(changer: Make) -> None:
    with pytest.raises(Refused) as caught:
        changer().apply({"kind": "redis", "key": "tcp-nodelay", "value": True})
    assert caught.value.remedy.startswith("Leave it out; ") and "the change was" not in caught.value.message
