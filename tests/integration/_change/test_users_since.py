# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ACL users that somebody makes under an open change: the rollback's restart would lose them."""

from __future__ import annotations

from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError

pytestmark = pytest.mark.slow

Make = Callable[..., Any]


def test_they_are_there_until_somebody_has_saved_them(changer: Make) -> None:
    host = changer(persist=True)
    client = host.server.client()
    client.set("key", "value")
    host.apply(*host.redis(databases=8, hz=20), restart="allowed")
    host.server.client().acl_setuser("app", enabled=True, nopass=True)
    with pytest.raises(ChangeError, match="lose ACL users.*app.*databases is live '8'"):
        host.run("rolled_back")
    assert "app" in host.server.client().acl_users() and host.live("hz") == "10"
    host.server.client().config_rewrite()
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert "app" in host.server.client().acl_users() and host.live("databases") == "16"


def test_those_that_only_the_file_has_come_with_the_restart(changer: Make) -> None:
    """Somebody has written them there for the next start; CONFIG REWRITE would take them out."""
    host = changer(persist=True)
    host.server.client().set("key", "value")
    host.apply(*host.redis(databases=8), restart="allowed")
    with open(host.server.config_file, "a", encoding="ascii") as file:
        file.write("user app on nopass ~app:* +@read\n")
    assert host.run("rolled_back")["state"] == "rolled_back"
    assert "app" in host.server.client().acl_users() and host.live("databases") == "16"
