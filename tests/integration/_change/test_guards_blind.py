# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guard that cannot look says so: nobody knows then whether the change is safe."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import guards_redis, hazards
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError, ServerError

Make = Callable[..., Any]
APP = {"login_user": "app", "login_password": "secret"}


def test_a_user_who_may_not_list_the_users(changer: Make) -> None:
    host = changer("user app on >secret ~* &* +@all -acl|list", login=APP, persist=True)
    before = host.config
    with pytest.raises(ServerError, match="Cannot look for the hazard users_not_saved: User app may not run ACL LIST"):
        host.apply(*host.redis(databases=8), restart="allowed")
    assert host.config == before and not Path(host.state_directory).exists()
    # What needs no such look goes on.
    assert host.apply(*host.redis(hz=8))["state"] == "applied"


@pytest.mark.parametrize("rules", ["+@all -info", "+@all -config|get", "+@all -config", "+ping"])
def test_a_user_who_may_hardly_do_anything(changer: Make, rules: str) -> None:
    host = changer(f"user app on >secret ~* &* {rules}", login=APP)
    with pytest.raises(ServerError) as caught:
        host.apply(*host.redis(maxclients=100))
    assert caught.value.what and caught.value.where and caught.value.remedy
    assert not Path(host.state_directory).exists()


@pytest.mark.parametrize("error", [psutil.NoSuchProcess(1), OSError(2, "No such file"), KeyError("maxclients")])
def test_a_look_that_fails_is_no_traceback(changer: Make, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    host = changer()

    def fails(*_arguments: Any) -> Any:
        raise error

    fails.__name__ = "maxclients_in_use"
    guards = tuple(fails if guard is guards_redis.maxclients_in_use else guard for guard in hazards.SETTING_GUARDS)
    monkeypatch.setattr(hazards, "SETTING_GUARDS", guards)
    with pytest.raises(ChangeError, match="Cannot look for the hazard maxclients_in_use") as caught:
        host.apply(*host.redis(maxclients=100))
    assert caught.value.why and caught.value.remedy


def test_a_server_whose_info_tells_less(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """As older ones do."""
    host = changer()
    seen = []
    look = hazards.preflight

    def older(plan: Any, there: Any, restart: Any) -> Any:
        info = there.client.info
        lacking = ("maxclients", "cluster_connections")
        monkeypatch.setattr(
            there.client,
            "info",
            lambda *words: {name: value for name, value in info(*words).items() if name not in lacking},
        )
        seen.append(dataclasses.asdict(plan.settings[0].setting))
        return look(plan, there, restart)

    monkeypatch.setattr(hazards, "preflight", older)
    assert host.apply(*host.redis(maxclients=100))["state"] == "applied" and seen
