# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of raw settings nobody may log, and keys in them that no setting has."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._settings.written import misshapen, secrets


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
        ([{"kind": "redis", "key": "hz", "secrt": "one", "vaule": "two"}], {"one"}),
        ([{"kind": "redis", "key": "masterauth", "quux": "one", "vaule": "two"}], {"one", "two"}),
        (json.dumps([{"kind": "redis", "key": "masterauth", "value": "one"}]), {"one"}),
        ("masterauth", set()),
        ([None, 3, {"key": None}], set()),
        (None, set()),
    ],
)
def test_secrets(settings: Any, found: set[str]) -> None:
    assert secrets(settings) == found


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            [{"kind": "redis", "key": "timeout", "value": 1}, {"kind": "redis", "key": "hz", "vaule": 20}],
            "Unknown key 'vaule'; did you mean 'value'? (setting 2, redis hz): a setting has kind, key, value, secret",
        ),
        (json.dumps([{"Key": "hz", "value": 1}]), "Unknown key 'Key'; did you mean 'key'? (setting 1): "),
        ([{"kind": "redis", "key": "masterauth", "quux": "one"}], "Unknown key 'quux' (setting 1, redis masterauth): "),
        ([{"kind": "redis", "key": "hz", "value": 8}], None),
        (
            [{"kind": "redis", "key": "hz", "value": 8}, {"key": "timeout", "value": 1}],
            "A setting lacks kind (setting 2, timeout): it needs a kind, a key and a value. Write {kind, key, value}",
        ),
        ([{"kind": "redis", "key": None, "value": 8}], "A setting lacks key (setting 1, redis): "),
        ([{"value": "one"}], "A setting lacks kind and key (setting 1): "),
        ([{}, {"kind": "redis", "key": "hz", "vaule": 20}], "Unknown key 'vaule'"),
        ("masterauth", None),
        ([None, 3, {4: 5, "kind": "redis", "key": "hz"}], None),
        (None, None),
    ],
)
def test_what_no_setting_has_or_every_one_must_is_named_with_its_setting(settings: Any, says: str | None) -> None:
    found = misshapen(settings)
    assert (found is None) == (says is None)
    assert found is None or found.message.startswith(str(says))
