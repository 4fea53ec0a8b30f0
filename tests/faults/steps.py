# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every system call by which a process changes anything, read from what strace wrote of it. Pure.

Nothing in the product knows of this: the calls are real, and so is what happens at them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_CALL = re.compile(r"(\w+)\((.*)")
_RESULT = re.compile(r"\)\s+= (\?|-?\d+|0x[0-9a-f]+)(?: (E[A-Z0-9]+))?[^=]*$")
_WORD = re.compile(r"\$\d+\\r\\n(.*?)(?=\\r\\n)")
_PATH = re.compile(r"<(/[^>]*)>|\"([^\"]*)\"")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What begins another process.
SPAWNS = _names("vfork fork clone clone3")
# What changes something wherever it stands.
_CHANGES = SPAWNS | _names(
    "fsync fdatasync ftruncate truncate rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat link "
    "linkat symlink symlinkat chmod fchmod fchmodat chown fchown lchown fchownat setxattr lsetxattr fsetxattr "
    "removexattr lremovexattr fremovexattr utimensat fallocate sched_setaffinity kill tgkill mknodat "
    "sync_file_range setpriority copy_file_range sendfile"
)
# What changes something only where it is aimed at a file or the server.
_WRITES = _names("write pwrite64 writev pwritev sendto sendmsg")
_OPENS = _names("open openat creat")
# What changes nothing outside of the process.
_HARMLESS = _names(
    "access arch_prctl bind brk capget chdir clock_gettime clock_nanosleep close connect dup dup2 dup3 "
    "epoll_create1 epoll_ctl epoll_wait execve exit_group faccessat faccessat2 fchdir fcntl fgetxattr "
    "flistxattr flock fstat fstatfs futex getcwd getdents64 getegid geteuid getgid getgroups getpeername "
    "getpid getppid getpriority getrandom getresgid getresuid getrlimit getsockname getsockopt gettid getuid getxattr "
    "ioctl lgetxattr listxattr llistxattr lseek lstat madvise mmap mprotect mremap munmap nanosleep "
    "newfstatat openat2 pipe pipe2 poll ppoll prctl pread64 preadv prlimit64 pselect6 read readlink "
    "readlinkat readv recvfrom recvmsg restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn "
    "sched_getaffinity sched_getparam sched_getscheduler sched_yield select set_robust_list set_tid_address "
    "setsid setsockopt shutdown sigaltstack socket socketpair stat statfs statx sysinfo umask uname wait4 waitid"
)
#: Each of them is a step, or may be one; and what waits for an answer to one.
TRACED = frozenset(_CHANGES | _WRITES | _OPENS | {"recvfrom", "recvmsg", "wait4", "waitid"})
# A CONFIG SET with it sets nothing: it is how a server is asked what can be set.
_QUESTION = "lowlat-no-such-directive"
# Commands of Redis that change nothing.
_READS = _names("PING INFO AUTH HELLO SELECT DBSIZE LASTSAVE ROLE COMMAND TIME DEBUG MEMORY SLOWLOG LATENCY EXISTS")
_READ_PAIRS = frozenset(
    {
        ("CONFIG", "GET"),
        ("CLIENT", "LIST"),
        ("CLIENT", "SETINFO"),
        ("CLIENT", "SETNAME"),
        ("ACL", "WHOAMI"),
        ("ACL", "GETUSER"),
        ("ACL", "DRYRUN"),
        ("ACL", "LIST"),
        ("ACL", "CAT"),
    }
)


@dataclass(frozen=True)
class Step:
    """The ``ordinal``-th call of this name in a process; ``what`` tells it from others and is the same in every run.

    ``paths`` are those that the call names, as they are; ``error`` is what a failed call failed with.
    """

    syscall: str
    ordinal: int
    what: str
    paths: tuple[str, ...] = ()
    error: str = ""

    def __str__(self) -> str:
        return f"{self.syscall} {self.what}"

    @property
    def is_command(self) -> bool:
        return self.what.startswith("redis: ")


@dataclass(frozen=True)
class Point:
    """Where to kill: at the ``ordinal``-th call of this name, when ``done`` steps are done."""

    syscall: str
    ordinal: int
    done: int
    what: str

    def __str__(self) -> str:
        return self.what


def read(text: str) -> list[Step]:
    """The calls that change something, in their order, failed ones too. The last may not have come to its end.

    AssertionError for a call that these lists do not know.
    """
    return [step for step, _waits in _steps(text) if step is not None]


def done(text: str) -> int:
    """How many steps were done when the process was killed: all but the call that it was killed at."""
    found = [(step, ended) for step, ended in _steps(text) if step is not None]
    return sum(ended and not step.error for step, ended in found)


def points(text: str) -> list[Point]:
    """Before each step; and where it asks somebody else (the server, systemd), before the answer is there."""
    found: list[Point] = []
    counted: Counter[str] = Counter()
    number = 0
    awaited: Step | None = None
    for name, arguments in _calls(text.splitlines()):
        counted[name] += 1
        if awaited and name in (("wait4", "waitid") if awaited.syscall in SPAWNS else ("recvfrom", "recvmsg")):
            found.append(Point(name, counted[name], number, f"{awaited}, not answered yet"))
            awaited = None
        step = _step(name, counted[name], arguments)
        if step is None or step.error:
            continue
        found.append(Point(name, counted[name], number, str(step)))
        number += 1
        awaited = step if step.is_command or name in SPAWNS else None
    return found


def _steps(text: str) -> Iterator[tuple[Step | None, bool]]:
    counted: Counter[str] = Counter()
    for name, arguments in _calls(text.splitlines()):
        counted[name] += 1
        result = _RESULT.search(arguments)
        yield _step(name, counted[name], arguments), bool(result and result[1] != "?")


def _calls(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        match = _CALL.match(line)
        if match:
            known = TRACED | _HARMLESS
            assert match[1] in known, f"does {match[1]} change anything? It is in no list: {line}"
            yield match[1], match[2]


def _step(name: str, ordinal: int, arguments: str) -> Step | None:
    what = _what(name, arguments)
    if what is None:
        return None
    result = _RESULT.search(arguments)
    return Step(name, ordinal, what, _paths(arguments), (result[2] or "") if result else "")


def _what(name: str, arguments: str) -> str | None:
    """A name for what the call changes; None where that is nothing."""
    if name in _OPENS:
        created = "O_CREAT" in arguments or "O_TRUNC" in arguments
        return _general(arguments) if created else None
    if name in _WRITES:
        if re.match(r"[012]<", arguments) or "<pipe:" in arguments[:40]:
            return None
        is_server = "<socket:" in arguments[:40] or "<TCP:" in arguments[:40] or "<UNIX" in arguments[:40]
        return _command(arguments) if is_server else _general(arguments)
    return _general(arguments) if name in _CHANGES else None


def _command(arguments: str) -> str | None:
    words = _WORD.findall(arguments)
    if not words:
        return None
    first, second = words[0].upper(), (words[1].upper() if len(words) > 1 else "")
    if first in _READS or (first, second) in _READ_PAIRS or _QUESTION in words:
        return None
    return "redis: " + " ".join(words[:4])


def _general(arguments: str) -> str:
    """The file's name, without what differs from run to run."""
    named = _paths(arguments)
    shown = named[0] if named else arguments[:60].partition(")")[0]
    return re.sub(r"\d{8}T\d{6}Z|(?<=-)[0-9a-z_]{8}\b|(?<=-)[0-9a-f]{4}\b|0x[0-9a-f]+|\d{4,}", "_", shown)


def _paths(arguments: str) -> tuple[str, ...]:
    """Those that the call names, each once; the current directory, which strace shows as well, is none."""
    found = (left or right for left, right in _PATH.findall(arguments.replace("AT_FDCWD<", "AT_FDCWD")))
    return tuple(dict.fromkeys(path for path in found if path[:1] == "/"))
