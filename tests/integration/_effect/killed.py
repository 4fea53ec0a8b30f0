# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run setting_effect's request in a process of its own, to be killed: its parameters are the argument, as JSON."""

from __future__ import annotations

import json
import sys

from ansible_collections.lowlat.redis.plugins.module_utils._effect import request
from ansible_collections.lowlat.redis.plugins.module_utils._errors import LowlatError

if __name__ == "__main__":
    try:
        print(json.dumps(request.run(json.loads(sys.argv[1]))), flush=True)
    except LowlatError as error:
        print(json.dumps({"msg": error.message, **error.details}), flush=True)
        sys.exit(1)
