# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The target's Python libraries. A module says which one is missing before it calls anything that uses one."""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["jmespath", "psutil", "redis"]

if TYPE_CHECKING:
    import jmespath
    import psutil
    import redis
else:
    try:
        import jmespath
        import jmespath.exceptions
    except ImportError:
        jmespath = None
    try:
        import psutil
    except ImportError:
        psutil = None
    try:
        import redis
        import redis.exceptions
    except ImportError:
        redis = None
