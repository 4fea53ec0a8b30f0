# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other services of the host: as they ran before the change, and whether it may have harmed them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import astuple
from typing import Any

from .._errors import ChangeError
from .._host import services, systemd
from .._host.services import Service
from . import boot, preimage
from .store import Change
from .undone import Undone

#: Settings that tell processes where to run.
_PLACING_KINDS = frozenset({"affinity", "irq", "cpuset"})
_PLACING_KEYS = frozenset({"CPUAffinity", "AllowedCPUs", "AllowedMemoryNodes", "Slice"})
_OURS = "lowlat-"


def capture(unit: str | None) -> dict[str, Any]:
    """For the journal: the services but for the server's own; nothing where there is no systemd that tells."""
    try:
        found = services.services() if systemd.available() else {}
    except ChangeError:
        return {}
    return {name: list(astuple(one)) for name, one in found.items() if name != unit and not name.startswith(_OURS)}


def compare(result: Undone) -> None:
    """What is otherwise now is told; affinity that the change can have moved is left to put right."""
    before = {name: Service(*facts) for name, facts in result.change.opened["services"].items()}
    if not before:
        return
    try:
        now = services.services()
    except ChangeError as error:
        result.warnings.append(f"it could not be told whether other services run as before: {error}")
        return
    result.warnings.extend(disturbed(before, now, same_boot=result.change.opened["boot_id"] == boot.identity()))
    moved = list(displaced(before, now))
    (result.left if places(result.change) else result.warnings).extend(moved)


def disturbed(before: Mapping[str, Service], now: Mapping[str, Service], *, same_boot: bool) -> Iterator[str]:
    """Services that stopped, failed or were started again, a sentence each: by whom cannot be told."""
    doubt = "it cannot be told whether the change had a part in that"
    for name, then in before.items():
        here = now.get(name)
        if then.state == "failed":
            continue
        if here is None or here.state != then.state:
            yield f"{name} was {then.state} before the change and is {here.state if here else 'not running'}; {doubt}"
        elif same_boot and (here.restarts, here.started) != (then.restarts, then.started):
            by_itself = here.restarts - then.restarts
            how = f", {by_itself} times by systemd after it had ended" if by_itself > 0 else ""
            yield f"{name} was started again since the change began{how}; {doubt}"


def displaced(before: Mapping[str, Service], now: Mapping[str, Service]) -> Iterator[str]:
    """Services whose processes have other CPUs than before, a sentence each."""
    for name, then in before.items():
        here = now.get(name)
        if here is not None and then.cpus and here.cpus and here.cpus != then.cpus:
            yield f"{name} runs on the CPUs {here.cpus}, before the change on {then.cpus}"


def places(change: Change) -> bool:
    """Whether the change writes anything that tells processes where to run."""
    return any(
        kind in _PLACING_KINDS or key in _PLACING_KEYS or "cpuset" in key.lower()
        for kind, key, _unit in preimage.identities(change)
    )
