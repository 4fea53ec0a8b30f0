# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings as nobody should write them: parsed, planned on a real server, and what is taken applied and taken back."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import redis

from ansible_collections.lowlat.redis.plugins.module_utils._change import plan, request
from ansible_collections.lowlat.redis.plugins.module_utils._effect import request as effect
from ansible_collections.lowlat.redis.plugins.module_utils._effect import toggle
from ansible_collections.lowlat.redis.plugins.module_utils._server import directives
from ansible_collections.lowlat.redis.plugins.module_utils._server.directives import Directive

from . import config_text, hostile, values

KINDS = ("redis", "sysctl", "sysfs", "systemd", "affinity", "irq", "cmdline", "Redis", "rediss", "")
_KEYS = {
    "sysctl": (
        "vm.overcommit_memory",
        "net.core.somaxconn",
        "net/core/somaxconn",
        "kernel.pid_max",
        "net",
        "..",
        "vm.",
    ),
    "sysfs": (
        "kernel/mm/transparent_hugepage/enabled",
        "kernel",
        "kernel/../../etc/passwd",
        "devices/system/cpu/online",
    ),
    "systemd": ("CPUAffinity", "Nice", "Environment", "Exec", "MemoryMax", "nothing"),
    "affinity": ("server", "Server", "probe"),
}
#: Files that a change of some kind would write.
_FILES = ("/etc/sysctl.d/zz-lowlat.conf", "/etc/tmpfiles.d/lowlat.conf", "/etc/systemd/system/*.d/90-lowlat.conf")


def setting(random: Random, wild: bool) -> Any:
    """One setting; with ``wild`` of any shape and type, otherwise of those that a module lets through."""
    if wild and random.random() < 0.1:
        return hostile.anything(random)
    kind = random.choice(KINDS) if random.random() < 0.4 else "redis"
    directive = random.choice(config_text.editable([one.name for one in directives.table()]))
    made: dict[Any, Any] = {"kind": kind, "key": _key(random, kind, directive), "value": _value(random, directive)}
    if random.random() < 0.4:
        return made
    if random.random() < 0.1:
        made["unit"] = random.choice(
            ("redis-server.service", "nothing.service", "../x.service", "-x", hostile.text(random))
        )
    if random.random() < 0.1:
        made["optional"] = True
    if random.random() < 0.05:
        made["secret"] = hostile.text(random)
    if random.random() < 0.1:
        made.pop(random.choice(list(made)))
    for name in list(made) if wild else ():
        if random.random() < 0.2:
            made[name] = hostile.anything(random)
    if wild and random.random() < 0.1:
        made[random.choice((None, 7, "valeu", b"key"))] = 1
    return made


def _key(random: Random, kind: str, directive: Directive) -> str:
    place = random.random()
    if place < 0.15:
        return hostile.text(random)
    if kind in _KEYS:
        return random.choice(_KEYS[kind])
    name = random.choice((directive.name, *directive.aliases, directive.name.upper(), directive.name.replace("-", "_")))
    return name if place < 0.9 else name + random.choice((" ", "\n", "x", "\u00e9"))


def _value(random: Random, directive: Directive) -> Any:
    place = random.random()
    if place < 0.75:
        return " ".join((values.good if place < 0.5 else values.bad)(random, directive))
    return hostile.text(random) if place < 0.9 else hostile.anything(random)


def parsed(random: Random) -> str:
    """Settings through the parsers alone."""
    raw: Any = [setting(random, True) for _each in range(random.choice((0, 1, 1, 2)))]
    found = hostile.answer(lambda: plan.parse(raw))
    if not found.crash and isinstance(raw, list) and raw and isinstance(raw[0], Mapping):
        pair = {**raw[0], "values": hostile.anything(random)}
        pair.pop("value", None)
        found = hostile.answer(lambda: toggle._parse(pair, 1))
    return f"{found.crash} of {raw!r:.300}" if found.crash else ""


@dataclass
class Target:
    """A real server behind a socket, its config file and a state directory that no case may leave."""

    client: redis.Redis
    socket: str
    config: str
    state_directory: str

    def options(self, random: Random, **params: Any) -> dict[str, Any]:
        return {
            "state": "applied",
            "name": "trial",
            "change_id": None,
            "restart": random.choice(("refuse", "defer")),
            "state_directory": self.state_directory,
            "login_unix_socket": self.socket,
            **params,
        }

    def snapshot(self) -> tuple[Any, ...]:
        """Everything that must not change."""
        status = os.stat(self.config)
        files = {path: os.stat(path).st_mtime_ns for pattern in _FILES for path in glob.glob(pattern)}
        own = (Path(self.config).read_bytes(), status.st_mode, status.st_uid)
        pid = int(self.client.info("server")["process_id"])  # type: ignore[index]
        cpus = sorted(os.sched_getaffinity(pid))
        return own, files, self.client.config_get("*"), pid, cpus, os.path.exists(self.state_directory)


def planned(target: Target, random: Random) -> str:
    """Through a whole request that may not write, which the host must not show."""
    params = target.options(random, settings=[setting(random, False) for _each in range(random.choice((1, 1, 2)))])
    if random.random() < 0.1:
        params["name"] = hostile.text(random)
    before = target.snapshot()
    found = hostile.answer(lambda: request.run(params, check=True))
    crash = found.crash or hostile.shown(found.result)
    if not crash and found.refused:
        # What is refused when it is looked at is refused when it is meant, and leaves nothing behind either.
        meant = hostile.answer(lambda: request.run(params, check=False))
        crash = meant.crash or ("" if meant.refused else "refused only in check mode")
    return _told(crash, before, target, params)


def toggled(target: Target, random: Random) -> str:
    """Through a whole request for the effect of a setting, with nothing toggled."""
    one = setting(random, False)
    one.pop("value", None)
    for name in ("unit", "secret"):
        one.pop(name, None)  # the module knows no such fields
    directive = directives.get(str(one.get("key"))) or directives.get("hz")
    assert directive is not None
    params: dict[str, Any] = {
        "setting": {**one, "values": [_value(random, directive), _value(random, directive)]},
        "settings": None,
        "state_directory": target.state_directory,
        "login_unix_socket": target.socket,
        "commands": ["set", "ping"],
        "cpu": "same",
        "seed": None,
        "margin_p50": 0.05,
        "margin_p99": 0.1,
        "seconds": 10.0,
        "duty": 0.5,
    }
    while random.random() < 0.3:
        name = random.choice(("margin_p50", "margin_p99", "seconds", "duty", "commands", "cpu"))
        texts = {"commands": [hostile.text(random)], "cpu": hostile.text(random)}
        params[name] = texts.get(name, random.choice((0.0, -1.0, 1e9, float("nan"), float("inf"))))
    before = target.snapshot()
    found = hostile.answer(lambda: effect.run(params, check=True))
    return _told(found.crash or hostile.shown(found.result), before, target, params)


def applied(target: Target, random: Random) -> str:
    """A value that is taken is in effect and in the file afterwards, and gone when it has been taken back."""
    directive = random.choice(config_text.editable(list(target.client.config_get("*"))))  # type: ignore[arg-type]
    value = " ".join((values.good if random.random() < 0.7 else values.bad)(random, directive))
    params = target.options(random, settings=[{"kind": "redis", "key": directive.name, "value": value}])
    before = target.snapshot()
    found = hostile.answer(lambda: request.run(params, check=False))
    if not found.crash and not found.refused and found.result["changed"]:
        found = hostile.answer(lambda: request.run({**params, "state": "rolled_back"}, check=False))
        found = hostile.Answer(False, found.crash or ("the rollback is refused" if found.refused else ""))
    return _told(found.crash, before[:-1], target, params)


def _told(crash: str, before: tuple[Any, ...], target: Target, params: Mapping[str, Any]) -> str:
    now = target.snapshot()[: len(before)]
    if not crash and now != before:
        crash = "the host is not as it was"
    return f"{crash} of {params.get('settings') or params!r:.400}" if crash else ""
