# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that is fuzzed, by name. A case is known by its area and number: the same number is the same case."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from random import Random

from ansible_collections.lowlat.redis.plugins.module_utils._server import config_file, startable
from ansible_collections.lowlat.redis.plugins.module_utils._server.instance import Version, version

from . import config_cases, config_text, fresh, gate_cases, hostile, journal_cases, settings_cases
from .journal_cases import Applied
from .settings_cases import Target

_CONFIG = b'# A config file as people have it.\nhz 10\ntimeout 0\nsave ""\n'

_ALONE: dict[str, Callable[[Random], str]] = {
    "parsed": settings_cases.parsed,
    "judged": gate_cases.judged,
    "measured": gate_cases.planned,
    "decoded": gate_cases.decoded,
}
_ON_A_SERVER: dict[str, Callable[[Target, Random], str]] = {
    "planned": settings_cases.planned,
    "toggled": settings_cases.toggled,
    "applied": settings_cases.applied,
}
_UNDER_A_CHANGE: dict[str, Callable[[Applied, Random], str]] = {
    "journal_read": journal_cases.read,
    "journal_rolled_back": journal_cases.rolled_back,
}
NAMES = (*_ALONE, *_ON_A_SERVER, *_UNDER_A_CHANGE, "config", "start")


class Fuzz:
    """Runs cases, with a real server of its own where they need one."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._directory = tempfile.mkdtemp(prefix="lowlat-")
        self._stack.callback(shutil.rmtree, self._directory)
        self._server: ExitStack | None = None
        self._target: Target | None = None
        self._applied: Applied | None = None
        self._shown: dict[str, str] = {}
        self._known: list[str] = []
        self._version: Version = (0, 0, 0)

    def __enter__(self) -> Fuzz:
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop()
        self._stack.close()

    def run(self, area: str, numbers: Iterable[int]) -> list[str]:
        """What is wrong with which case, a line each."""
        wrong = []
        for number in numbers:
            random = Random(f"{area}:{number}")
            found = hostile.answer(lambda random=random: self._case(area, random))  # type: ignore[misc]
            said = found.crash or found.result
            if said or found.refused:
                wrong.append(f"{area}:{number} {said or 'an error on the way'}")
                self._stop()  # whatever the case has done to the server, the next one gets its own
        self._leave_the_change()
        return wrong

    def _case(self, area: str, random: Random) -> str:
        if area in _ALONE:
            return _ALONE[area](random)
        target = self._running()
        if area in _UNDER_A_CHANGE:
            self._applied = self._applied or Applied.make(target)
            return _UNDER_A_CHANGE[area](self._applied, random)
        self._leave_the_change()
        if area in _ON_A_SERVER:
            return _ON_A_SERVER[area](target, random)
        directory = tempfile.mkdtemp(dir=self._directory)
        try:
            found = self._start(random, directory) if area == "start" else self._config(random, directory)
        finally:
            shutil.rmtree(directory)
        return "; ".join(found)

    def _config(self, random: Random, directory: str) -> list[str]:
        """Config files edited several times, put back, and read by a fresh server."""
        own = fresh.own_lines(directory)
        patterns = self._version >= (7, 0, 0)
        text = config_text.Writer(random, directory, self._known, own, patterns=patterns).text()
        text.write()
        wrong = startable.objections(text.content, text.main, self._version, self._shown)
        for _edit in range(random.randint(0, 8)):
            before = text.content
            edited, found = config_cases.edit(text, *config_text.wanted(random, self._known), self._version)
            Path(text.main).write_bytes(before)
            wrong += found + config_cases.restore(text.main, edited)
            Path(text.main).write_bytes(edited)
            text.files[text.main] = edited
        stored = config_file.effective(text.main, self._version)
        return wrong + config_cases.disagreements(stored, fresh.shown(text.main))

    def _start(self, random: Random, directory: str) -> list[str]:
        config = os.path.join(directory, "redis.conf")
        taken = config_cases.refused_by_the_server(random, config, self._known, self._version)
        return taken + config_cases.unnoticed(random, config, self._shown, self._version)

    def _running(self) -> Target:
        if self._target is None:
            self._server = ExitStack()
            directory = tempfile.mkdtemp(dir=self._directory)
            config = os.path.join(directory, "redis.conf")
            Path(config).write_bytes(fresh.own_lines(directory) + _CONFIG)
            client = self._server.enter_context(fresh.started(config))
            self._shown = client.config_get("*")  # type: ignore[assignment]
            self._known, self._version = list(self._shown), version(client.info("server"))  # type: ignore[arg-type]
            self._target = Target(client, os.path.join(directory, "socket"), config, os.path.join(directory, "state"))
        return self._target

    def _leave_the_change(self) -> None:
        if self._applied is not None:
            journal_cases.clean(self._applied)
            self._applied = None

    def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = self._target = self._applied = None
