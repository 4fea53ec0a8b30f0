# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a drop-in says, as systemd reads it."""

from __future__ import annotations

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._settings import dropin

TOTAL = 10 << 30


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("infinity", None),
        ("1048576", 1 << 20),
        ("64K", 64 << 10),
        ("2G", 2 << 30),
        ("1.5G", 3 << 29),
        ("2 T", 2 << 40),
        ("512B", 512),
        ("50%", 5 << 30),
        ("12.5%", 5 << 28),
        ("0", 0),
    ],
)
def test_a_memory_limit(text: str, wanted: int | None) -> None:
    assert dropin.size(text, TOTAL) == wanted


@pytest.mark.parametrize("text", ["", "2g", "2GB", "-1", "plenty", "1e9", "%"])
def test_what_systemd_would_ignore(text: str) -> None:
    with pytest.raises(BadInput, match="no memory limit"):
        dropin.size(text, TOTAL)


def test_every_line_of_a_key() -> None:
    content = b"[Service]\nEnvironment=A=1\n#Environment=B=2\nEnvironment =\nEnvironment=C=3\n"
    assert dropin.values(content, "Environment") == ["A=1", "", "C=3"]
    assert dropin.value(content, "Environment") == "C=3" and dropin.value(content, "Nice") is None
    assert dropin.values(None, "Nice") == []


def test_variables_of_a_line() -> None:
    assert dropin.environment("A=1 'B=2 3' \"C=4\" D") == {"A": "1", "B": "2 3", "C": "4"}
    with pytest.raises(BadInput, match="cannot be read"):
        dropin.environment("A='1")
