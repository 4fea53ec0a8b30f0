# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A volume that was mounted after the server had started, over the directory that its data is in."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

pytestmark = pytest.mark.slow

Make = Callable[..., Any]

_PROGRAM = """
import subprocess
from ansible_collections.lowlat.redis.plugins.module_utils._change import request, waiting
from ansible_collections.lowlat.redis.plugins.module_utils._errors import Refused
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address
options, config, data, volume = {options!r}, {config!r}, {data!r}, {volume!r}
server = subprocess.Popen(["redis-server", config])
client = waiting.reach(waiting.connecting(Address.from_options(options)), starting=30.0)[0].client
try:
    client.set("key", "new")
    subprocess.run(["mount", "--bind", volume, data], check=True)
    try:
        request.run(options, check=False)
    except Refused as error:
        print(error.details["hazards"][0]["id"], error.details["hazards"][0]["setting"])
    print(client.get("key"))
finally:
    client.shutdown(nosave=True)
"""


def test_its_restart_would_bring_what_is_there(changer: Make, in_namespaces: tuple[str, ...], tmp_path: Path) -> None:
    """As many keys as before or more: nobody would miss one."""
    host = changer(persist=True)
    data, volume = Path(host.server.directory, "data"), Path(host.server.directory, "volume")
    data.mkdir()
    volume.mkdir()
    host.server.client().mset({"key": "old", "more": "old"})
    host.server.client().save()
    os.rename(Path(host.server.directory, "dump.rdb"), volume / "dump.rdb")
    host.server.stop()
    with open(host.server.config_file, "a", encoding="ascii") as file:
        file.write(f"dir {data}\n")
    login = {"login_port": None, "login_unix_socket": host.server.unix_socket}
    options = host.options("applied", settings=host.redis(databases=8), name="trial", restart="allowed", **login)
    program = _PROGRAM.format(
        options=options,
        config=host.server.config_file,
        data=str(data),
        volume=str(volume),
    )
    done = subprocess.run(
        [*(word for word in in_namespaces if word != "--net"), sys.executable, "-c", program],
        env=dict(os.environ, PYTHONPATH=":".join(sys.path)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == ["data_elsewhere dir", "new"]
