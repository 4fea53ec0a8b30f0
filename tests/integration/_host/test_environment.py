# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment that a process was started with, whatever it has made of the memory that held it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._host import environment

pytestmark = pytest.mark.slow

OWN = {"PATH": os.environ["PATH"], "LOWLAT_EMPTY": "", "LOWLAT_LONG": "y" * 20000}


@pytest.fixture
def waiting() -> Iterator[subprocess.Popen[bytes]]:
    """A program that is no server, with an environment of its own."""
    words = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(words, env=OWN, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout and process.stdout.readline()
        yield process
        process.kill()


def test_of_a_program_that_left_it_alone(waiting: subprocess.Popen[bytes]) -> None:
    assert environment.of(waiting.pid) == OWN


def test_in_its_memory_is_the_same(waiting: subprocess.Popen[bytes]) -> None:
    found = dict(word.partition(b"=")[::2] for word in environment._kept_copy(waiting.pid))
    assert OWN.items() <= {os.fsdecode(name): os.fsdecode(value) for name, value in found.items()}.items()


@pytest.mark.parametrize("title", ["yes", "no"])
def test_of_a_server_with_and_without_a_title(
    redis_server: Callable[..., Any], title: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in OWN.items():
        monkeypatch.setenv(name, value)
    pid = redis_server(f"set-proc-title {title}").pid
    raw = Path(f"/proc/{pid}/environ").read_bytes()
    assert (b"LOWLAT_LONG" in raw) is (title == "no")
    assert os.environ.items() <= (environment.of(pid) or {}).items()


def test_of_what_is_not_there_nobody_knows_it() -> None:
    assert environment.of(2**22 + 1) is None
    assert environment.of(2) is None  # a thread of the kernel
