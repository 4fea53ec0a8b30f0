# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guard of kernel parameters that take something from another one."""

from __future__ import annotations

from collections.abc import Iterator

from .._errors import BadInput
from .._settings import registry
from .._settings.setting import Host, Setting
from .guard import Hazard
from .plan import Plan, PlannedSetting

#: Two names of one limit: the kernel sets the one to 0 when the other is written, and takes no 0 for it in return.
_PAIRS = (("vm.dirty_bytes", "vm.dirty_ratio"), ("vm.dirty_background_bytes", "vm.dirty_background_ratio"))
_OTHER = {**dict(_PAIRS), **{there: here for here, there in _PAIRS}}


def paired_sysctl(planned: PlannedSetting, plan: Plan, host: Host) -> Iterator[Hazard]:
    """The one that is in effect can be changed and put back; the other cannot."""
    setting = planned.setting
    other = _OTHER.get(setting.key) if setting.kind == "sysctl" and planned.live else None
    if other is None:
        return
    try:
        held = registry.provider("sysctl").read(Setting("sysctl", other, ""), host).live
    except BadInput:
        return
    if held != "0":
        yield Hazard(
            "paired_sysctl",
            setting.key,
            f"writing it sets {other}, which is {held} now, to 0, and a rollback could not bring that back",
            f"set {other} instead, or change the pair by hand",
        )
