# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real server under change, driven through the request that the module makes."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

import psutil
import pytest
import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import history, launch, request, settling
from ansible_collections.lowlat.redis.plugins.module_utils._errors import Refused, ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import Address, control

_PACKAGE = "ansible_collections.lowlat.redis.plugins.module_utils"


@dataclass
class Changer:
    """Requests against one server, with a state directory of their own."""

    server: Any
    state_directory: str
    login: dict[str, Any]

    def run(self, state: str, *, check: bool = False, diff: bool = False, **params: Any) -> dict[str, Any]:
        return request.run(self.options(state, **params), check=check, diff=diff)

    def refused(self, *settings: dict[str, Any], **params: Any) -> list[dict[str, str]]:
        """The hazards that stand against a change; the host is proven untouched, and so is a rehearsal's answer."""
        before, there = self.config, Path(self.state_directory).exists()
        with pytest.raises(Refused) as rehearsed:
            self.apply(*settings, check=True, **params)
        with pytest.raises(Refused) as caught:
            self.apply(*settings, **params)
        hazards: list[dict[str, str]] = caught.value.details["hazards"]
        assert [one["id"] for one in hazards] == [one["id"] for one in rehearsed.value.details["hazards"]]
        assert self.config == before
        assert Path(self.state_directory).exists() is there
        for hazard in hazards:
            assert all(hazard[part] for part in ("id", "setting", "reason", "remedy"))
            assert hazard["id"] in caught.value.message
        return hazards

    def options(self, state: str, **params: Any) -> dict[str, Any]:
        """The module's parameters."""
        return {
            "state": state,
            "name": None,
            "change_id": None,
            "settings": None,
            "restart": "refuse",
            "state_directory": self.state_directory,
            "login_port": self.server.port,
            **self.login,
            **params,
        }

    def apply(self, *settings: dict[str, Any], **params: Any) -> dict[str, Any]:
        return self.run("applied", **{"name": "trial", "settings": list(settings), **params})

    def killed_at(self, place: str, state: str, **params: Any) -> None:
        """The same as ``run`` in a process of its own, ended by SIGKILL where it would call ``module:name``."""
        module, _colon, name = place.partition(":")
        owner, _dot, name = name.rpartition(".")
        program = f"""
import importlib, os
from ansible_collections.lowlat.redis.plugins.module_utils._change import request, settling
settling.SETTLE = settling.FIRST_LOOK = 0.2
found = importlib.import_module("{_PACKAGE}.{module}")
def die(*_arguments, **_facts):
    os.kill(os.getpid(), {int(signal.SIGKILL)})
setattr(getattr(found, {owner!r}, found), {name!r}, die)
request.run({self.options(state, **params)!r}, check=False)
"""
        done = subprocess.run(
            [sys.executable, "-c", program],
            env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        assert done.returncode == -signal.SIGKILL, done.stderr

    def redis(self, **values: Any) -> list[dict[str, Any]]:
        return [{"kind": "redis", "key": key.replace("_", "-"), "value": value} for key, value in values.items()]

    @property
    def config(self) -> bytes:
        return Path(self.server.config_file).read_bytes()

    def live(self, key: str) -> str:
        return str(self.server.client(**self._client_options()).config_get(key)[key])

    def _client_options(self) -> dict[str, Any]:
        return {"password": self.login["login_password"]} if "login_password" in self.login else {}

    @property
    def pid(self) -> int:
        """Of the server that answers now: a change may have restarted it."""
        return int(self.server.client(**self._client_options()).info("server")["process_id"])

    def history(self) -> dict[str, Any]:
        return history.tell(self.state_directory, None)


@pytest.fixture
def changer(
    redis_server: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Changer]]:
    """A factory like redis_server; servers that a change has restarted are ended as well."""
    for wait in ("SETTLE", "FIRST_LOOK"):
        monkeypatch.setattr(settling, wait, 0.2)  # no sandbox kills these servers after their start
    made: list[Changer] = []

    def make(*lines: str, login: dict[str, Any] | None = None, **options: Any) -> Changer:
        server = redis_server(*lines, **options)
        changer = Changer(server, os.fspath(tmp_path / f"state-{len(made)}"), login or {})
        made.append(changer)
        return changer

    yield make
    for changer in made:
        with contextlib.suppress(ServerError, psutil.Error, redis.exceptions.NoPermissionError):
            client = control(Address.from_options(changer.options("applied")))
            process = psutil.Process(client.info("server")["process_id"])
            if process.pid != changer.server.pid:
                process.kill()


@pytest.fixture
def first_start_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first start of a server is soon given up; the next ones have all the time that the product gives them."""
    start, patience = launch.Launch.start, itertools.chain([0.5], itertools.repeat(settling.DEAD_AFTER))

    def started(how: launch.Launch) -> None:
        monkeypatch.setattr(settling, "DEAD_AFTER", next(patience))
        start(how)

    monkeypatch.setattr(launch.Launch, "start", started)


@pytest.fixture
def killed_for_good(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Kills a server that starts at the second time: the disk of its log was full, or the change keeps it down."""

    from tests.integration._change.test_starts import killed_hard  # which imports this file

    def killed(host: Any) -> None:
        start, tried = launch.Launch.start, []

        def started(how: launch.Launch) -> None:
            tried.append(how)
            monkeypatch.setattr(settling, "DEAD_AFTER", 0.5 if len(tried) == 1 else 30.0)
            if len(tried) > 1:
                start(how)

        monkeypatch.setattr(launch.Launch, "start", started)
        killed_hard(host)

    return killed
