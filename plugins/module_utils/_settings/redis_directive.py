# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kind redis: a directive, at run time by CONFIG SET and for the next start in the config file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .._errors import BadInput, ServerError
from .._host import cpus, threads
from .._libraries import redis
from .._server import config_file, directives
from .._server.connection import command, server_errors
from .setting import Host, Reading, Setting, refuse_unit


class RedisDirective:
    """``Reading.live`` is what CONFIG GET shows; of a CPU list that was ignored, the CPUs that the threads have."""

    def normalise(self, setting: Setting, host: Host) -> Setting:
        refuse_unit(setting)
        with server_errors(host.address):
            known: dict[str, str] = host.client.config_get("*")  # type: ignore[assignment]
        key = directives.find(setting.key, known)
        value = setting.value
        directive = directives.get(key)
        if directive is not None and directive.type == "cpus" and value:
            value = cpus.resolve(value, host.instance.pid)
        return replace(setting, key=key, value=directives.normalise(key, value))

    def read(self, setting: Setting, host: Host) -> Reading:
        path = host.instance.config_file
        persisted = None
        if path is not None:
            stored = config_file.effective(path, host.instance.version)
            persisted = stored.get(directives.primary(setting.key))
        return Reading(self.live(setting, host), persisted)

    def live(self, setting: Setting, host: Host) -> str | None:
        """The part of ``read`` that needs no file."""
        return _in_effect(setting, _get(setting, host), host)

    def live_matches(self, setting: Setting, reading: Reading) -> bool:
        return directives.same(setting.key, setting.value, reading.live)

    def persisted_matches(self, setting: Setting, reading: Reading) -> bool:
        return directives.same(setting.key, setting.value, reading.persisted)

    def needs_restart(self, setting: Setting, reading: Reading, host: Host) -> bool:
        return not self.live_matches(setting, reading) and _immutable(setting.key, host)

    def write_live(self, setting: Setting, value: Any, host: Host) -> None:
        """ServerError too if the server says OK and then shows another value: it clamps some."""
        with server_errors(host.address):
            host.client.config_set(setting.key, value)
        shown = _get(setting, host)
        if not directives.same(setting.key, value, shown):
            secret = directives.secret(setting.key)
            raise ServerError(
                f"CONFIG SET {setting.key} did not take effect",
                where=str(host.address),
                why="" if secret else f"the server shows {shown!r}, not {value!r}",
                remedy="Ask for a value that the server keeps",
            )

    def file(self, setting: Setting, host: Host) -> str | None:
        return host.instance.config_file

    def edit(self, setting: Setting, content: bytes | None, host: Host) -> bytes:
        path = host.instance.config_file or ""
        return config_file.edit(content or b"", path, setting.key, setting.value, host.instance.version)

    def activate(self, host: Host) -> None:
        """Redis reads its file at its start only."""


def _get(setting: Setting, host: Host) -> str | None:
    with server_errors(host.address):
        shown: dict[str, str] = host.client.config_get(setting.key)  # type: ignore[assignment]
    return shown.get(setting.key)


def _immutable(key: str, host: Host) -> bool:
    """Whether CONFIG SET refuses the directive. The server itself is asked: names and rules move.

    From 7.0 on it sets all pairs of a CONFIG SET or none, and names the first that is wrong: with a second one that
    does not exist nothing can be set.
    """
    if host.instance.version >= (7, 0, 0):
        try:
            command(host.client, "CONFIG", "SET", key, "", "lowlat-no-such-directive", "")
        except redis.ResponseError as error:
            if "can't set" in str(error):
                return True
            if "lowlat-no-such-directive" in str(error):
                return False
    return directives.immutable(key, host.instance.version)


#: Names of the threads that a CPU list is for, by directive; those for children show in no thread.
_THREADS = {"server-cpulist": ("io_thd_",), "bio-cpulist": ("bio_",)}


def _in_effect(setting: Setting, shown: str | None, host: Host) -> str | None:
    """What is shown, unless it is a CPU list that its threads do not have: Redis ignores a bad one."""
    key = directives.primary(setting.key)
    if not shown or key not in _THREADS:
        return shown
    pid = host.instance.pid
    names = threads.names(pid)
    here = {
        allowed
        for tid, allowed in threads.affinities(pid).items()
        if names.get(tid, "").startswith(_THREADS[key]) or (tid == pid and key == "server-cpulist")
    }
    try:
        wanted = cpus.parse_cpu_list(shown)
    except BadInput:
        wanted = frozenset()
    wrong = sorted(cpus.format_cpu_list(allowed) for allowed in here - {wanted})
    return wrong[0] if wrong else shown
