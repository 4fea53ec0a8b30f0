# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of many faults a run tries: others each time, so that many runs try all, and the same again where asked for."""

from __future__ import annotations

import os
import random

VARIABLE = "LOWLAT_FAULTS_SEED"
#: In the environment also for the processes that pytest starts.
SEED = int(os.environ.setdefault(VARIABLE, str(random.randrange(1_000_000))))
