# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a request loads: its code is compiled on the host at each call."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest

PACKAGE = "ansible_collections.lowlat.redis.plugins.module_utils._change"


@pytest.mark.parametrize(
    ("loaded", "left_out"),
    [
        ("request", "request_applied hazards rollback"),
        ("request_applied", "transaction writing restart rollback"),
        ("request_confirmed", "hazards transaction rollback restoring"),
    ],
)
def test_it_loads_its_own_code_alone(loaded: str, left_out: str) -> None:
    left_out_here = {f"{PACKAGE}.{name}" for name in left_out.split()}
    gone = sorted(name for name in left_out_here if importlib.util.find_spec(name) is None)
    assert not gone, "of a module that is called otherwise by now nobody can say that it is left out"
    code = f"import sys, {PACKAGE}.{loaded}; print(*sys.modules)"
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    names = done.stdout.split()
    assert f"{PACKAGE}.{loaded}" in names
    assert not left_out_here.intersection(names)
