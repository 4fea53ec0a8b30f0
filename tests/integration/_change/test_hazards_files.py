# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guards of a server whose config file, or data directory, nobody would find again."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change.waiting import until
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, refusal

Make = Callable[..., Any]


def refused(host: Any, *settings: dict[str, Any], **params: Any) -> list[str]:
    return [hazard["id"] for hazard in host.refused(*settings, **params)]


def started_as(host: Any, *arguments: str, directory: str) -> None:
    """The server anew, from this working directory."""
    host.server.stop()
    host.server.process = subprocess.Popen(["redis-server", *arguments], cwd=directory, stdout=subprocess.DEVNULL)
    address = Address(port=host.server.port)
    until(lambda: refusal(host.server.client(), address) is None, "the server to answer", str(address), 30)


def test_without_a_config_file_a_directive_would_not_last(changer: Make) -> None:
    host = changer()
    options = ("--port", str(host.server.port), "--bind", "127.0.0.1", "--save", "")
    started_as(host, *options, directory=host.server.directory)
    assert refused(host, *host.redis(hz=20)) == ["no_config_file"]


@pytest.mark.parametrize("restart, hazards", [("allowed", ["relative_directory"]), ("defer", [])])
def test_a_relative_directory_is_not_found_again(changer: Make, restart: str, hazards: list[str]) -> None:
    """Only where the change would restart it."""
    host = changer(persist=True)
    Path(host.server.directory, "data").mkdir()
    file = Path(host.server.config_file)
    file.write_text(file.read_text().replace(f"dir {host.server.directory}\n", "dir data\n"))
    started_as(host, str(file), directory=host.server.directory)
    settings = host.redis(databases=8)
    if hazards:
        assert refused(host, *settings, restart=restart) == hazards
    else:
        assert host.apply(*settings, restart=restart)["pending_restart"] == ["databases"]
