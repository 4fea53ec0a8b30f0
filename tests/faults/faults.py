# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault in one step of a request, what the host does about it, and whether all is well afterwards."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from .steps import Step, environment
from .world import Case, World

PHASES = ("applied", "confirmed", "rolled_back")
#: What a file system answers, and to which calls.
ERRORS = {
    "ENOSPC": frozenset("write pwrite64 openat mkdir rename symlink setxattr fsync ftruncate".split()),
    "EROFS": frozenset("openat mkdir rename symlink setxattr unlink chmod fchmod utimensat".split()),
    "EIO": frozenset("write pwrite64 fsync rename ftruncate unlink".split()),
}
_KILLED = -int(signal.SIGKILL)


@dataclass(frozen=True)
class Found:
    """``wrong``: how the host differs from what it must be. ``keys_lost``: how many keys are missing."""

    where: str
    wrong: tuple[str, ...] = ()
    keys_lost: int = 0


class Place:
    """Where worlds are made: one after another, each gone when it is done with."""

    def __init__(self, dump: Path) -> None:
        self.dump = dump

    def enumerate(self, case: Case, phase: str) -> list[Step]:
        """The steps of a request that nothing disturbs."""
        with tempfile.TemporaryDirectory(prefix="lowlat-") as root, self._world(root, case).running() as world:
            self._lead_up_to(world, phase)
            status, said, found = world.ask_with(phase)
            assert status == 0 and found, said
            return found

    def kill(self, case: Case, phase: str, step: Step) -> Found:
        """SIGKILL at this step; then the host acts."""
        with tempfile.TemporaryDirectory(prefix="lowlat-") as root, self._world(root, case).running() as world:
            before, applied = self._lead_up_to(world, phase)
            self._killed_there(world, phase, step)
            return self._look(world, f"killed at {step}", before, applied if phase == "confirmed" else None)

    def kill_some_time(self, case: Case, phase: str, seconds: float) -> Found:
        """SIGKILL after a while."""
        with tempfile.TemporaryDirectory(prefix="lowlat-") as root, self._world(root, case).running() as world:
            before, applied = self._lead_up_to(world, phase)
            process = subprocess.Popen(world.command(phase), env=environment(), stderr=subprocess.DEVNULL)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            return self._look(world, f"killed after {seconds:.3f} s", before, applied if phase == "confirmed" else None)

    def fail(self, case: Case, phase: str, step: Step, error: str) -> Found:
        """The call of this step fails once; whoever asked sees it fail or not, and asks for a rollback if he does."""
        with tempfile.TemporaryDirectory(prefix="lowlat-") as root, self._world(root, case).running() as world:
            before, applied = self._lead_up_to(world, phase)
            status, said, _steps = world.ask_with(phase, f"{step.syscall}:error={error}:when={step.ordinal}")
            where = f"{error} at {step}"
            if status not in (0, 1):
                return Found(where, (f"it ended with {status}: {said[-400:]}",))
            if status == 1 and world.state() == "rollback_failed":
                world.ask("rolled_back")
            return self._look(world, where, before, applied if phase == "confirmed" else None)

    def server_dies(self, case: Case, phase: str, step: Step) -> Found:
        """Redis is killed while the request stands at this step."""
        with tempfile.TemporaryDirectory(prefix="lowlat-") as root, self._world(root, case).running() as world:
            before, applied = self._lead_up_to(world, phase)
            self._server_killed_there(world, phase, step)
            where = f"Redis killed at {step}"
            if world.state() == "rollback_failed":
                world.ask("rolled_back")
            return self._look(world, where, before, applied if phase == "confirmed" else None)

    def _world(self, root: str, case: Case) -> World:
        return World(Path(root), self.dump, case)

    def _lead_up_to(self, world: World, phase: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The host before the change, and with it where the phase comes later."""
        before = world.snapshot()
        if phase == "applied":
            return before, {}
        world.ask("applied")
        return before, world.snapshot()

    def _killed_there(self, world: World, phase: str, step: Step) -> None:
        """Whoever waits asks more or less often: the ordinal of a command is looked up anew until it is the one."""
        status, said, found = world.ask_with(phase, f"{step.syscall}:signal=SIGKILL:when={step.ordinal}")
        # A step that was not reached this time has ended well, and there is nothing to be said against it.
        assert status in (_KILLED, 128 - _KILLED, 0), f"{status}: {said}"

    def _server_killed_there(self, world: World, phase: str, step: Step) -> None:
        words = ["strace", "-qq", "-o", os.devnull, "-e", f"trace={step.syscall}"]
        words += ["-e", f"inject={step.syscall}:signal=SIGSTOP:when={step.ordinal}", *world.command(phase)]
        server = world.server_pid()
        process = subprocess.Popen(words, env=environment(), stderr=subprocess.DEVNULL)
        driver = _stopped_child(process)
        try:
            if psutil.pid_exists(server):
                os.kill(server, signal.SIGKILL)
        finally:
            if driver is not None:
                os.kill(driver, signal.SIGCONT)
        process.wait(120)

    def _look(self, world: World, where: str, before: dict[str, Any], applied: dict[str, Any] | None) -> Found:
        """Let the host act, and compare: all as before, or all as applied, and nothing left over."""
        world.recover()
        state = world.state()
        expected = before
        wrong: list[str] = []
        if state == "confirmed":
            if applied is None:
                wrong.append("it was confirmed by nobody")
            else:
                expected = applied
        elif state not in ("", "rolled_back"):
            wrong.append(f"it is {state}")
        try:
            world.wait()
            now = world.snapshot()
        except (AssertionError, OSError) as error:
            return Found(where, (*wrong, f"no server: {error}"), expected["keys"][0])
        wrong.extend(_differences(now, expected))
        for left in (*world.root.glob("e*/.lowlat-*"), *world.root.glob("state/changes/*/armed")):
            wrong.append(f"{left.name} is left over")
        said = world.recover()
        if said:
            wrong.append(f"once more it did something: {said}")
        return Found(where, tuple(wrong), max(0, expected["keys"][0] - now["keys"][0]))


def _differences(now: dict[str, Any], then: dict[str, Any]) -> Sequence[str]:
    found = []
    for part, value in then.items():
        if now[part] == value:
            continue
        if isinstance(value, dict):
            names = sorted({*value, *now[part]}, key=str)
            pairs = [(name, now[part].get(name), value.get(name)) for name in names]
            found += [f"{part} {name}: {here!r}, not {there!r}" for name, here, there in pairs if here != there]
        else:
            found.append(f"{part}: {now[part]!r}, not {value!r}")
    return found


def _stopped_child(process: subprocess.Popen[bytes]) -> int | None:
    """The traced process once it stands still; None where it ended before."""
    end = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < end:
        for child in psutil.Process(process.pid).children():
            if child.status() == psutil.STATUS_STOPPED:
                return int(child.pid)
        time.sleep(0.005)
    return None


def spread(found: Sequence[Step], number: int, seed: int) -> list[Step]:
    """So many of the steps, drawn once and for all."""
    return list(found) if len(found) <= number else random.Random(seed).sample(list(found), number)
