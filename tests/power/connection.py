# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One connection a boot to guest.py in the virtual machine."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from ansible_collections.lowlat.redis.plugins.module_utils._runner import copy
from tests.power.machine import Machine

_THERE = "/root"


class Failed(Exception):
    """What the guest could not do."""


class Guest:
    """Requests and answers, each in a line."""

    def __init__(self, machine: Machine) -> None:
        command = machine.ssh("sudo", "python3", f"{_THERE}/guest.py")
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, do: str, **arguments: Any) -> Any:
        self.begin(do, **arguments)
        answer = self.answer()
        if do == "change":  # the first only told that it began
            answer = self.answer()
        if isinstance(answer, dict) and "failed" in answer:
            raise Failed(answer["failed"])
        return answer

    def begin(self, do: str, **arguments: Any) -> None:
        """Ask, and do not wait."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": do, "with": arguments}) + "\n")
        self._process.stdin.flush()

    def answer(self) -> Any:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise Failed(f"the connection is gone: ssh ended with {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        """After the cut: there is nobody to say good-bye to."""
        self._process.kill()
        self._process.communicate()


def install(machine: Machine) -> None:
    """Bring guest.py and the collection's code there."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for name, content in (
            ("guest.py", Path(__file__).with_name("guest.py").read_bytes()),
            ("lowlat.pyz", copy._archive(copy._sources())),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    command = machine.ssh(f"sudo tar --extract --no-same-owner --directory {_THERE} && sync")
    subprocess.run(command, input=made.getvalue(), check=True)
