# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that must be known again and never be put back: the journal holds a salted digest of them."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any


def seal(value: str) -> dict[str, str]:
    """JSON-ready; another one each time."""
    salt = secrets.token_hex(16)
    return {"salt": salt, "sealed": _digest(salt, value)}


def is_sealed(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"salt", "sealed"}


def matches(sealed: Any, value: str | None) -> bool:
    """Whether this is the value that was sealed."""
    return value is not None and hmac.compare_digest(_digest(sealed["salt"], value), sealed["sealed"])


def _digest(salt: str, value: str) -> str:
    return hashlib.sha256(f"{salt} {value}".encode("utf-8", "surrogateescape")).hexdigest()
