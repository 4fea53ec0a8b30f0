# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of raw settings nobody may log."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._settings.written import secrets


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ([{"kind": "redis", "key": "tls-key-file-pass", "value": "one"}], {"one"}),
        ([{"kind": "redis", "key": "REQUIREPASS", "value": 1234}], {"1234"}),
        ([{"key": "primaryauth", "value": "one"}], {"one"}),
        ([{"kind": "redis", "key": "user", "value": "alice on >one"}], {"alice on >one"}),
        ([{"kind": "redis", "key": "hz", "value": 8}], set()),
        ([{"kind": "redis", "key": "hz", "secret": "one"}], {"one"}),
        ([{"kind": "redis", "key": "requirepass", "value": ""}], set()),
        (json.dumps([{"kind": "redis", "key": "masterauth", "value": "one"}]), {"one"}),
        ("masterauth", set()),
        ([None, 3, {"key": None}], set()),
        (None, set()),
    ],
)
def test_secrets(settings: Any, found: set[str]) -> None:
    assert secrets(settings) == found
