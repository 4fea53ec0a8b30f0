# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import plan
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput

HZ = {"kind": "redis", "key": "hz", "value": 8}


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (-1, "mapping.*int"),
        ("hz 8", "mapping.*str"),
        ([[8]], "mapping.*list"),
        ({**HZ, None: 1}, "no name that a setting has"),
        ({**HZ, b"key": 1, 7: 1}, "2 of its fields"),
        ({**HZ, "a" * 70_000: 1}, "no name that a setting has"),
        ({**HZ, "value": [60, 5]}, "value of a setting is no text.*list"),
        ({**HZ, "value": {"hz": 8}}, "value of a setting is no text.*dict"),
        ({**HZ, "value": b"8"}, "value of a setting is no text.*bytes"),
        ({**HZ, "value": 10**5000}, "value of a setting is no text.*int"),
        ({**HZ, "value": "1" * 5000}, "too long.*5000"),
        ({**HZ, "key": 8}, "key of a setting is no text"),
        ({**HZ, "kind": ["redis"]}, "kind of a setting is no text"),
        ({**HZ, "unit": "a" * 300}, "unit of a setting is too long"),
        ({"kind": "redis", "key": "tls-key-file-pass", "secret": 5}, "secret of a setting is no text"),
    ],
)
def test_what_is_no_setting_is_said_and_not_repeated_for_pages(fields: Any, words: str) -> None:
    with pytest.raises(BadInput, match=f"(?s)setting 1.*{words}|{words}") as caught:
        plan.parse([fields])
    error = caught.value
    assert error.where == "setting 1" and error.why and error.remedy and len(error.message) < 300


@pytest.mark.parametrize(("value", "text"), [(8, "8"), (1.5, "1.5"), (True, "yes"), ("8", "8"), (2**64, str(2**64))])
def test_numbers_and_truth_values_are_taken(value: Any, text: str) -> None:
    (setting,) = plan.parse([{**HZ, "value": value}])
    assert setting.value == text
