# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the data of a dead server is."""

from __future__ import annotations

from ansible_collections.lowlat.redis.plugins.module_utils._change import evicting


def test_a_relative_directory_of_the_file_is_where_the_server_ran() -> None:
    running = {"dir": "/var/lib/redis", "dbfilename": "dump.rdb"}
    assert evicting.places(running, {"dir": "./"}) == running
    assert evicting.places(running, {"dir": "/srv"})["dir"] == "/srv"
