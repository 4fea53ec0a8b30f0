# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pre-images: everything a rollback needs, taken before the first write, and the proof against them."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Callable, cast

from .._errors import BadInput
from .._host.file_image import FileImage
from .._server import directives
from .._server.connection import Address
from .._settings import kernel_file, registry
from .._settings.setting import Host, Reading, Setting
from . import boot, keys, numbered, remembered, sealed
from .launch import Launch
from .plan import Plan, shown
from .store import Change

#: Kinds that no server has a part in.
KERNEL_KINDS = ("sysctl", "sysfs")


def capture(plan: Plan, host: Host) -> dict[str, Any]:
    """Facts for the journal's first entry; JSON-ready. Holds secrets, so the journal is root's alone.

    Of a secret that only has to be known again it holds a digest.
    """
    launch = None if host.instance.unit else Launch.capture(host)
    return {
        "settings": [
            {
                "setting": {**asdict(item.setting), "value": _remembered(item.setting)},
                "before": asdict(item.before) if item.before else None,
                "live": item.live,
                "persisted": item.persisted,
                "restart": item.restart,
                "skipped": item.skipped,
            }
            for item in plan.settings
        ],
        "files": [FileImage.capture(path).to_dict() for path in plan.files(host)],
        "runtime": remembered.sealed_runtime(directives.running(host.client), host),
        "unit": host.instance.unit,
        "launch": asdict(launch) if launch else None,
        "server": {
            "flavour": host.instance.flavour,
            "version": list(host.instance.version),
            "address": str(host.address),
            "pid": host.instance.pid,
            "process_started": host.instance.process_started,
            "config_file": host.instance.config_file,
            "pidfile": None if host.instance.unit else _pidfile(host),
            "cpus": remembered.cpus(host),
            "highest_database": numbered.highest(host),
            "used_memory": int(host.client.info("memory")["used_memory"]),
        },
        "connection": host.address.tls_options(),
        "boot_id": boot.identity(),
        **keys.count(host.client).told(),
    }


def _pidfile(host: Host) -> str | None:
    """The file that the server takes away when it ends in order, and leaves when it is killed."""
    name = host.client.config_get("pidfile").get("pidfile")
    if not name:
        return None
    with contextlib.suppress(OSError, ValueError):
        path = Path(os.readlink(f"/proc/{host.instance.pid}/cwd"), name)
        if int(path.read_text(encoding="ascii")) == host.instance.pid:
            return os.fspath(path)
    return None


def _remembered(setting: Setting) -> Any:
    secret = setting.value and shown(setting, setting.value) != setting.value
    return sealed.seal(setting.value) if secret else setting.value


def live_holds(setting: Setting, now: Reading) -> bool:
    """Whether the value that the change has set is in effect."""
    if sealed.is_sealed(setting.value):
        return sealed.matches(setting.value, now.live)
    return registry.provider(setting.kind).live_matches(setting, now)


def persisted_holds(setting: Setting, now: Reading) -> bool:
    """Whether it is stored."""
    if sealed.is_sealed(setting.value):
        return sealed.matches(setting.value, now.persisted)
    return registry.provider(setting.kind).persisted_matches(setting, now)


def changed_settings(change: Change) -> list[tuple[Setting, Reading, dict[str, Any]]]:
    """(setting, reading before, facts) of every setting that the change writes, in the order of writing."""
    return [
        (Setting(**facts["setting"]), Reading(**facts["before"]), facts)
        for facts in change.opened["settings"]
        if not facts["skipped"] and (facts["live"] or facts["persisted"])
    ]


def identities(change: Change) -> set[tuple[str, str, str | None]]:
    """What the change writes: (kind, key, unit) of each setting."""
    return {(setting.kind, setting.key, setting.unit) for setting, _before, _facts in changed_settings(change)}


def ours(change: Change) -> frozenset[str]:
    """The keys alone."""
    return frozenset(key for _kind, key, _unit in identities(change))


def file_images(change: Change) -> list[FileImage]:
    return [FileImage.from_dict(facts) for facts in change.opened["files"]]


def without_server() -> Host:
    """Enough of a host for kinds that no server has a part in."""
    return Host(client=cast(Any, None), address=Address(), instance=cast(Any, None))


def readable(host: Host | None) -> Host | None:
    """The same for reading values: where somebody has removed the config file, as a server that has none."""
    path = host.instance.config_file if host else None
    if host is None or not path or os.path.lexists(path):
        return host
    return replace(host, instance=replace(host.instance, config_file=None))


def is_gone(setting: Setting, host: Host) -> bool:
    """Whether a value of the kernel has gone with its device or module, so that there is nothing to put back."""
    if setting.kind not in KERNEL_KINDS:
        return False
    try:
        registry.provider(setting.kind).read(setting, host)
    except BadInput as error:
        return error.details.get("code") == kernel_file.ABSENT
    return False


def config_files(change: Change) -> frozenset[str]:
    """The files of the change that the server itself reads: the paths of the other kinds are known without it."""
    host = without_server()
    others = {
        registry.provider(setting.kind).file(setting, host)
        for setting, _before, _facts in changed_settings(change)
        if setting.kind != "redis"
    }
    return frozenset(image.path for image in file_images(change)) - others


#: Where a value is, in words.
_HOW = {"live": "live", "stored": "stored as"}


def differences(
    change: Change,
    host: Host | None,
    passed_over: Callable[[str, Setting, Any], bool] = lambda where, setting, here: False,
    stays: Callable[[FileImage], bool] = lambda image: False,
) -> list[str]:
    """How the host differs from its pre-images; empty means that it is exactly as it was.

    Without ``host``, for a server that is stopped, files and what is the kernel's.

    ``passed_over`` tells live or stored values, ``stays`` files, that are others' and are to differ.
    """
    found = []
    for setting, before, _facts in changed_settings(change):
        reached = readable(host) or (without_server() if setting.kind in KERNEL_KINDS else None)
        if reached is None or is_gone(setting, reached):
            continue
        now = registry.provider(setting.kind).read(setting, reached)
        for where, here, then in (("live", now.live, before.live), ("stored", now.persisted, before.persisted)):
            if here != then and not passed_over(where, setting, here):
                how = _HOW[where]
                values = f"{shown(setting, here)!r}, it was {shown(setting, then)!r}"
                found.append(f"{setting.kind} {setting.key} is {how} {values}")
    for image in file_images(change):
        if not stays(image):
            found.extend(_in_words(image, what) for what in image.differs())
    return found


def _in_words(image: FileImage, what: str) -> str:
    if what != "existence":
        return f"{image.path} differs in {what}"
    if not image.exists:
        return f"{image.path} is there, and was not"
    return f"{image.path} is {'no file any more' if os.path.lexists(image.path) else 'not there, and was'}"
