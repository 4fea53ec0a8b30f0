# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One fault in one step of a request, what the host does about it, and whether all is well afterwards."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands

from . import steps
from .cases import Case
from .drivers import KILLED, Driver, Drivers, Ended
from .steps import Point, Step
from .world import World, write_keys

T = TypeVar("T")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What is asked for, and last what the host's own runner does.
PHASES = ("applied", "confirmed", "rolled_back", "recover")
#: What a file system answers, and to which calls.
ERRORS = {
    "ENOSPC": _names("write pwrite64 openat mkdir rename symlink setxattr fsync ftruncate link"),
    "EROFS": _names("openat mkdir rename symlink setxattr unlink chmod fchmod utimensat rmdir link"),
    "EIO": _names("write pwrite64 fsync rename ftruncate unlink"),
}
#: A wait may take one look more or less, and the kill then comes too early or too late: so often it is tried again. On
#: a busy machine each of the many that wait for a process of systemd adds to that.
_TRIES = 40
#: What a server still has that somebody else has started again while no change was open: nobody gives it back then what
#: stood in no file.
_LASTING = ("files", "keys")


@dataclass(frozen=True)
class Found:
    """``wrong``: how the host differs from what it must be. ``keys_lost``: how many keys are missing."""

    where: str
    wrong: tuple[str, ...] = ()
    keys_lost: int = 0
    reached: bool = True  #: whether the fault came where it was meant

    @property
    def is_wrong(self) -> bool:
        return bool(self.wrong or self.keys_lost or not self.reached)

    def __str__(self) -> str:
        lost = [f"{self.keys_lost} keys are lost"] if self.keys_lost else []
        missed = [] if self.reached else ["this point was not reached"]
        return f"{self.where}: {'; '.join([*self.wrong, *lost, *missed])}"


class Place:
    """Where worlds are made, so many at a time, each gone when it is done with.

    In one of ``own_copy_every`` the host's own copy of the code acts, in the others the same code that is here, which
    need not be started.
    """

    def __init__(self, directory: Path, workers: int = 2, *, own_copy_every: int = 1, broken: str = "") -> None:
        self.dump = write_keys(directory)
        self.drivers = Drivers(workers)
        self.broken = broken
        self._own_copy_every = own_copy_every
        self._made = itertools.count()

    def close(self) -> None:
        self.drivers.close()

    @contextlib.contextmanager
    def world(self, case: Case) -> Iterator[World]:
        with tempfile.TemporaryDirectory(prefix="lowlat-") as root, self.drivers.one() as driver:
            number = next(self._made)
            own_copy = self._own_copy_every > 0 and number % self._own_copy_every == 0
            with self._make(Path(root), case, driver, own_copy).running() as world:
                yield world

    def _make(self, root: Path, case: Case, driver: Driver, own_copy: bool) -> World:
        return World(root, self.dump, case, driver, own_copy, self.broken)

    def trace(self, case: Case, phase: str) -> str:
        """What strace says of a request that nothing disturbs."""
        with self.world(case) as world:
            _lead_up_to(world, phase)
            ended, log = world.traced(phase)
            assert ended.status == int(case.fails), ended.said
            assert steps.read(log), "it changes nothing"
            return log

    def kill(self, case: Case, phase: str, point: Point) -> Found:
        """SIGKILL at this point; then the host acts."""
        where = f"{case.name}, {phase}: killed at {point}"
        for _try in range(_TRIES):
            with self.world(case) as world:
                before, applied = _lead_up_to(world, phase)
                fault = f"{point.syscall}:signal=SIGKILL:when={point.ordinal}"
                ended, log = world.traced(phase, fault)
                done = steps.done(log)
                there = ended.status == KILLED and done == point.done
                found = _look(world, where, before, applied if phase == "confirmed" else None)
            if there or found.is_wrong:
                return found
            point = _aimed_anew(point, log, done)
        return Found(where, reached=False)

    def seconds(self, case: Case, phase: str) -> float:
        """How long a request takes that nothing disturbs."""
        with self.world(case) as world:
            _lead_up_to(world, phase)
            start = time.monotonic()
            world.ask(phase)
            return time.monotonic() - start

    def kill_some_time(self, case: Case, phase: str, seconds: float) -> Found:
        """SIGKILL after a while."""
        where = f"{case.name}, {phase}: killed after {seconds:.4f} s"
        with self.world(case) as world:
            before, applied = _lead_up_to(world, phase)
            world.ask(phase, seconds=seconds)
            return _look(world, where, before, applied if phase == "confirmed" else None)

    def fail(self, case: Case, phase: str, step: Step, error: str, *, lasting: bool = False) -> Found:
        """The call of this step fails, once or from then on; whoever asked and was told so asks again."""
        where = f"{case.name}, {phase}: {error}{' from' if lasting else ' at'} {step}"
        with self.world(case) as world:
            before, applied = _lead_up_to(world, phase)
            fault = f"{step.syscall}:error={error}:when={step.ordinal}{'+' if lasting else ''}"
            ended, _log = world.traced(phase, fault)
            return _answered(world, where, ended, before, applied if phase == "confirmed" else None)

    def server_dies(self, case: Case, phase: str, step: Step, *, untouched: bool = False) -> Found:
        """Redis is killed while the request stands at this step. ``untouched``: no change has to do with that."""
        where = f"{case.name}, {phase}: Redis killed at {step}"
        with self.world(case) as world:
            before, applied = _lead_up_to(world, phase)
            fault = f"{step.syscall}:signal=SIGSTOP:when={step.ordinal}"
            ended, _log = world.traced(phase, fault, victim=world.server_pid())
            if untouched and not world.answers():
                world.start()
                before, applied = ({part: facts[part] for part in _LASTING if facts} for facts in (before, applied))
            return _answered(world, where, ended, before, applied if phase == "confirmed" else None)


def _lead_up_to(world: World, phase: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The host before the change, and with it where the phase comes later."""
    before = world.snapshot()
    if phase == "applied":
        return before, {}
    ended = world.ask("applied")
    assert ended.status == 0, ended.said
    return before, world.snapshot()


def _aimed_anew(point: Point, log: str, done: int) -> Point:
    """The same point in the light of a run that went past it, or was killed before it."""
    if done < point.done:
        return replace(point, ordinal=point.ordinal + 1)
    same = [one for one in steps.points(log) if (one.syscall, one.done) == (point.syscall, point.done)]
    return replace(point, ordinal=same[0].ordinal if same else max(1, point.ordinal - 1))


def _answered(world: World, where: str, ended: Ended, before: dict[str, Any], applied: dict[str, Any] | None) -> Found:
    """An error that says what is wrong, or success; never a traceback, and never a lie."""
    if ended.status not in (commands.DONE, commands.AGAIN, commands.BY_HAND):
        return Found(where, (f"it ended with {ended.status}: {ended.said[-400:]}",))
    if ended.status and world.state() == "rollback_failed":
        again = world.ask("rolled_back")
        if again.status:
            return Found(where, (f"it cannot be taken back: {again.said[-400:]}",))
    return _look(world, where, before, applied)


def _look(world: World, where: str, before: dict[str, Any], applied: dict[str, Any] | None) -> Found:
    """Let the host act, and compare: all as before, or all as applied, and nothing left over."""
    acted = world.recover()
    wrong = [f"the runner ended with {acted.status}: {acted.said[-400:]}"] if acted.status else []
    state = world.state()
    expected = before
    if state == "confirmed" and applied is not None:
        expected = applied
    elif state not in ("", "rolled_back"):
        wrong.append(f"it is {state}")
    try:
        world.wait()
        now = world.snapshot()
    except (AssertionError, OSError) as error:
        return Found(where, (*wrong, f"no server: {error}"), expected["keys"][0])
    wrong.extend(_differences(now, expected))
    left = world.left_over()
    if left and not state:
        # It was killed before it wrote anything, and before the host had a runner: who comes next tidies up.
        came, went = world.ask("applied"), world.ask("rolled_back")
        wrong.extend(ended.said for ended in (came, went) if ended.status > (ended is came and world.case.fails))
        left = world.left_over()
    wrong.extend(f"{name} is left over" for name in left)
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


def phases(case: Case) -> Sequence[str]:
    """The requests that a fault can be put into."""
    return ("applied",) if case.fails else PHASES


def nothing_to_do_with_it(found: Sequence[Step], phase: str) -> set[Step]:
    """The steps at which the death of the server is nobody's but its own: before a change is opened, and at its end."""
    ends = [number for number, step in enumerate(found) if step.what.endswith("/journal")]
    if phase == "applied":
        opened = next(n for n, step in enumerate(found) if step.syscall == "rename" and "/journal" in step.what)
        return set(found[:opened])
    last = max(number for number in ends if found[number].syscall == "ftruncate")
    return set(found[last:])


def evenly(found: Sequence[T], number: int, offset: int = 0) -> list[T]:
    """So many of them, at the same distances; with each ``offset`` others, and with all of these every one."""
    count, length = min(number, len(found)), len(found)
    return [found[(index * length // count + offset) % length] for index in range(count)]
