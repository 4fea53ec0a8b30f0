# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request, as the module makes it, in a process that may be killed: ``driver.py PARAMETERS-AS-JSON``."""

from __future__ import annotations

import json
import sys

from ansible_collections.lowlat.redis.plugins.module_utils._change import request, restart
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError
from ansible_collections.lowlat.redis.plugins.module_utils._runner import copy


def main() -> int:
    # No sandbox kills these servers after their start.
    restart.SETTLE = restart.FIRST_LOOK = 0.05
    try:
        request.run(json.loads(sys.argv[1]), check=False, install=copy.install)
    except LowlatError as error:
        print(error.message, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
