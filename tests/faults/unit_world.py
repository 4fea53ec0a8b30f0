# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole host with systemd, for changes that units watch over. It is used up: a container, never yours."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .cases import Case
from .drivers import Driver, Ended
from .world import World

UNIT = "redis-server.service"
_UNITS = Path("/etc/systemd/system")
_CONFIG = Path("/etc/redis")
_DATA = Path("/var/lib/redis")
#: What a change of these kinds may write.
_WATCHED = (_CONFIG, Path("/etc/sysctl.d"), Path("/etc/tmpfiles.d"), _UNITS)
_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")
#: From the start of a request to its deadline, where that is waited for. Seconds.
SOON = 8
#: The host after its last reset.
_untouched: dict[str, Any] = {}


class UnitWorld(World):
    """``root`` keeps copies of what the host was before; one world at a time can be there."""

    def __init__(self, root: Path, dump: Path, case: Case, driver: Driver, *, expires: bool = False) -> None:
        super().__init__(root, dump, case, driver, own_copy=False, port=6379)
        self.expires = expires

    @property
    def state_directory(self) -> Path:
        return Path("/var/lib/lowlat")

    @contextlib.contextmanager
    def running(self) -> Iterator[UnitWorld]:
        if not self._is_untouched():
            self._reset()
            _untouched.clear()
            _untouched.update(self.snapshot())
        yield self

    def _is_untouched(self) -> bool:
        """As it was reset last: a change that came back need not be undone once more, which takes seconds."""
        shutil.rmtree(self.state_directory, ignore_errors=True)
        return bool(_untouched) and self.answers() and not self.left_over() and self.snapshot() == _untouched

    def start(self) -> None:
        _systemctl("reset-failed", UNIT)
        _systemctl("start", UNIT)
        self.wait()

    def stop(self) -> None:
        _systemctl("stop", UNIT)

    def _reset(self) -> None:
        """Whatever became of the host: as it was when it was first seen."""
        for name in _loaded():
            _systemctl("stop", name)
        for path in (*_UNITS.glob("lowlat-*"), *_UNITS.glob("*/lowlat-*")):
            path.unlink()
        shutil.rmtree(self.state_directory, ignore_errors=True)
        kept = self.dump.parent / "kept"
        if not kept.exists():
            self._keep(kept)
        self.stop()
        for directory in _WATCHED:
            shutil.rmtree(directory)
            shutil.copytree(kept / directory.name, directory, symlinks=True, copy_function=_copy)
            _same_owner(kept / directory.name, directory)
        _SOMAXCONN.write_text((kept / "somaxconn").read_text())
        shutil.rmtree(_DATA / "appendonlydir", ignore_errors=True)
        shutil.copy(self.dump, _DATA / "dump.rdb")
        shutil.chown(_DATA / "dump.rdb", "redis", "redis")
        _systemctl("daemon-reload")
        self.start()
        self.client().config_set("timeout", 77)

    def _keep(self, kept: Path) -> None:
        kept.mkdir()
        with (_CONFIG / "redis.conf").open("a") as file:
            file.write("enable-debug-command local\n")
        for directory in _WATCHED:
            directory.mkdir(exist_ok=True)
            shutil.copytree(directory, kept / directory.name, symlinks=True, copy_function=_copy)
            _same_owner(directory, kept / directory.name)
        (kept / "somaxconn").write_text(_SOMAXCONN.read_text())

    def ask(self, state: str, *arguments: Any, **order: Any) -> Ended:
        if self.expires:
            order.setdefault("confirm_within", SOON)
        return super().ask(state, *arguments, **order)

    def recover(self) -> Ended:
        """The units alone where they are waited for, otherwise what they run, without the wait."""
        if not self.expires:
            return super().recover()
        end = time.monotonic() + SOON + 60
        while list(self.state_directory.glob("changes/*/armed")):
            if time.monotonic() > end:
                return Ended(1, "no unit has taken it back")
            time.sleep(0.2)
        return Ended(0, "")

    def left_over(self) -> list[str]:
        units = [*_UNITS.glob("lowlat-*"), *_UNITS.glob("*/lowlat-*")]
        copies = [*_CONFIG.rglob(".lowlat-*"), *self.state_directory.rglob(".lowlat-*")]
        armed = [*self.state_directory.rglob("armed"), *self.state_directory.rglob("*.new")]
        return sorted([*_loaded(), *(path.name for path in (*units, *copies, *armed))])

    def snapshot(self) -> dict[str, Any]:
        return {**super().snapshot(), "somaxconn": _SOMAXCONN.read_text()}

    def _places(self) -> Iterator[Path]:
        yield from _WATCHED

    def _files(self) -> Iterator[tuple[str, Any]]:
        """Without the units of an open change: whether one is left over is another question."""
        return (found for found in super()._files() if not Path(found[0]).name.startswith("lowlat-"))


def _systemctl(*words: str) -> str:
    done = subprocess.run(["systemctl", "--no-pager", *words], capture_output=True, text=True, check=False)
    return done.stdout


def _loaded() -> list[str]:
    """Units of a change that systemd still has to do with."""
    lines = _systemctl("list-units", "--plain", "--no-legend", "--state=active,activating,failed", "lowlat-*")
    # The service that takes a change back may be the one that has just done so.
    return [line.split()[0] for line in lines.splitlines() if ".timer" in line]


def _copy(source: str, target: str) -> None:
    shutil.copy2(source, target)


def _same_owner(source: Path, target: Path) -> None:
    for path in (source, *source.rglob("*")):
        status = os.lstat(path)
        os.lchown(target / path.relative_to(source), status.st_uid, status.st_gid)
