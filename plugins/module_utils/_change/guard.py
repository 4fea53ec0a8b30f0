# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guard says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

RestartMode = Literal["refuse", "defer", "allowed"]


@dataclass(frozen=True)
class Hazard:
    """One reason against one setting; ``id`` is the name in docs/hazards.md."""

    id: str
    setting: str
    reason: str
    remedy: str

    def report(self) -> dict[str, str]:
        return asdict(self)


def reasons(hazards: Sequence[Hazard]) -> str:
    """Why these stand against a change."""
    return " | ".join(f"[{hazard.id}] {hazard.setting}: {hazard.reason}" for hazard in hazards)


def remedies(hazards: Sequence[Hazard]) -> str:
    """What to do about them; of several, for which setting."""
    told = [hazard.remedy for hazard in hazards]
    if len(hazards) > 1:
        told = [f"For {hazard.setting}: {hazard.remedy}" for hazard in hazards]
    return " | ".join(f"{remedy[:1].upper()}{remedy[1:]}" for remedy in told)
