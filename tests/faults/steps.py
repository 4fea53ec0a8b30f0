# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every system call by which a process changes anything, found by strace; and a fault put into one of them.

Nothing in the product knows of this: the calls are real, and so is what happens at them.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_CALL = re.compile(r"(\w+)\((.*)")
_WORD = re.compile(r"\$\d+\\r\\n(.*?)(?=\\r\\n)")

# What changes something wherever it stands.
_CHANGES = frozenset(
    "fsync fdatasync ftruncate truncate rename renameat renameat2 unlink unlinkat rmdir mkdir mkdirat link linkat "
    "symlink symlinkat chmod fchmod fchmodat chown fchown lchown fchownat setxattr lsetxattr fsetxattr removexattr "
    "lremovexattr fremovexattr utimensat fallocate sched_setaffinity kill tgkill vfork fork clone clone3 mknodat "
    "sync_file_range setpriority copy_file_range sendfile".split()
)
# What changes something only where it is aimed at a file or the server.
_WRITES = frozenset("write pwrite64 writev pwritev sendto sendmsg".split())
_OPENS = frozenset("open openat creat".split())
# What changes nothing outside of the process.
_HARMLESS = frozenset(
    "access arch_prctl bind brk capget chdir clock_gettime clock_nanosleep close connect dup dup2 dup3 epoll_create1 "
    "epoll_ctl epoll_wait execve exit_group faccessat faccessat2 fchdir fcntl fgetxattr flistxattr flock fstat fstatfs "
    "futex getcwd getdents64 getegid geteuid getgid getgroups getpeername getpid getppid getrandom getrlimit "
    "getsockname getsockopt gettid getuid getxattr ioctl lgetxattr listxattr llistxattr lseek lstat madvise mmap "
    "mprotect mremap munmap nanosleep newfstatat openat2 pipe pipe2 poll ppoll prctl pread64 preadv prlimit64 pselect6 "
    "read readlink readlinkat readv recvfrom recvmsg restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn "
    "sched_getaffinity sched_yield select set_robust_list set_tid_address setsid setsockopt shutdown sigaltstack "
    "socket socketpair stat statfs statx sysinfo umask uname wait4 waitid".split()
)
# Commands of Redis that change nothing.
_READS = frozenset(
    "PING INFO AUTH HELLO SELECT DBSIZE LASTSAVE ROLE COMMAND TIME DEBUG MEMORY SLOWLOG LATENCY EXISTS".split()
)
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
    """The ``ordinal``-th call of this name in a process; ``what`` tells it from others and is the same in every run."""

    syscall: str
    ordinal: int
    what: str

    def __str__(self) -> str:
        return f"{self.syscall} #{self.ordinal} {self.what}"

    @property
    def is_command(self) -> bool:
        return self.what.startswith("redis: ")


def environment() -> dict[str, str]:
    """For a process of its own that imports what this one can."""
    return dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path), PYTHONDONTWRITEBYTECODE="1")


def trace(command: Sequence[str], log: Path, fault: str = "") -> subprocess.CompletedProcess[str]:
    """Run it under strace, which writes every call to ``log``; ``fault`` as ``-e inject=`` takes it."""
    words = ["strace", "-qq", "-y", "-s", "160", "-o", str(log)]
    words += ["-e", f"inject={fault}"] if fault else []
    words += command
    return subprocess.run(words, env=environment(), capture_output=True, text=True, timeout=120, check=False)


def steps(log: Path) -> list[Step]:
    """The calls that change something, in their order. AssertionError for a call that this list does not know."""
    counted: Counter[str] = Counter()
    found = []
    for name, arguments in _calls(log.read_text(errors="replace").splitlines()):
        counted[name] += 1
        known = _CHANGES | _WRITES | _OPENS | _HARMLESS
        assert name in known, f"does {name} change anything? It is in no list: {name}({arguments}"
        what = _what(name, arguments)
        if what is not None:
            found.append(Step(name, counted[name], what))
    return found


def _calls(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    for line in lines:
        match = _CALL.match(line)
        if match:
            yield match[1], match[2]


def _what(name: str, arguments: str) -> str | None:
    """A name for what the call changes; None where that is nothing."""
    if name in _OPENS:
        created = "O_CREAT" in arguments or "O_TRUNC" in arguments
        return _general(arguments) if created else None
    if name in _WRITES:
        if re.match(r"[012]<", arguments):
            return None
        return _command(arguments) if "socket:" in arguments[:40] or "TCP:" in arguments[:40] else _general(arguments)
    return _general(arguments) if name in _CHANGES else None


def _command(arguments: str) -> str | None:
    words = _WORD.findall(arguments)
    if not words:
        return None
    first, second = words[0].upper(), (words[1].upper() if len(words) > 1 else "")
    if first in _READS or (first, second) in _READ_PAIRS:
        return None
    return "redis: " + " ".join(words[:4])


def _general(arguments: str) -> str:
    """The file's name, without what differs from run to run."""
    path = re.search(r"[<\"]((?:/|\.)[^>\"]*)[>\"]", arguments)
    shown = path[1] if path else arguments[:60]
    return re.sub(r"\d{8}T\d{6}Z|(?<=-)[0-9a-z_]{8}\b|(?<=-)[0-9a-f]{4}\b|0x[0-9a-f]+|\d{4,}", "_", shown)
