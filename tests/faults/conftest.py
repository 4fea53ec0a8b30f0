# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The seed stands at the head of what pytest writes."""

from __future__ import annotations

from . import seed


def pytest_report_header() -> str:
    return f"{seed.VARIABLE}={seed.SEED}"
