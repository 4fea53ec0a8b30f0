# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guard says."""

from __future__ import annotations

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
