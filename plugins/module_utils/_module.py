# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Between a module and the product: its errors become one clear failure. Imports nothing of Ansible."""

from __future__ import annotations

import importlib
import traceback
from typing import Any, Callable

from ._errors import LowlatError

#: What the target needs beside Python, as its distribution ships it.
LIBRARIES = ("redis", "psutil", "jmespath")


def missing_library() -> tuple[str, str] | None:
    """The first library that cannot be imported, with the traceback that says why."""
    for name in LIBRARIES:
        try:
            importlib.import_module(name)
        except ImportError:
            return name, traceback.format_exc()
    return None


def run(module: Any, call: Callable[[], dict[str, Any]]) -> None:
    """Make the call and leave through the module: its result, or what went wrong.

    ``module`` has exit_json, fail_json and warn, as AnsibleModule does.
    """
    try:
        result = call()
        for warning in result.pop("warnings", []):
            module.warn(warning)  # puts it into the result as well
    except LowlatError as error:
        module.fail_json(msg=error.message, error=parts(error), **error.details)
    else:
        module.exit_json(**result)


def parts(error: LowlatError) -> dict[str, str]:
    """As a failed result tells them."""
    return {"what": error.what, "where": error.where, "why": error.why, "remedy": error.remedy}
