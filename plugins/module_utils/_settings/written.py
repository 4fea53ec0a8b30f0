# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting as somebody wrote it: whether it is of the right shape at all, before anybody asks what it means."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

from .._errors import BadInput
from .._server import directives

#: In characters. Beyond any honest one, and errors repeat them.
_LONGEST = {"kind": 64, "key": 256, "unit": 256, "value": 1024, "secret": 65536}
_MOST_BITS = 1024
_REMEDY = "Write {kind, key, value}"


def check(fields: Any, where: str) -> None:
    """BadInput for what is no mapping of texts, and a number or truth value as value."""
    if not isinstance(fields, Mapping):
        raise BadInput("A setting is a mapping", where=where, why=f"this is {_type(fields)}", remedy=_REMEDY)
    strange = [name for name in fields if not isinstance(name, str) or len(name) > _LONGEST["kind"]]
    if strange:
        why = f"{len(strange)} of its fields have no name that a setting has"
        raise BadInput("A setting is not well formed", where=where, why=why, remedy=_REMEDY)
    for name, most in _LONGEST.items():
        given = fields.get(name)
        if given is None or (name == "value" and isinstance(given, (int, float)) and _is_short(given)):
            continue
        if not isinstance(given, str):
            why = f"it is {_type(given)}"
            raise BadInput(f"The {name} of a setting is no text", where=where, why=why, remedy="Write it as one text")
        if len(given) > most:
            why = f"it has {len(given)} characters, and {most} are the most"
            raise BadInput(f"The {name} of a setting is too long", where=where, why=why, remedy="Shorten it")


def secrets(settings: Any) -> set[str]:
    """The texts in raw settings that nobody may log, those too that stand where they should not: never raises."""
    if isinstance(settings, str):
        with contextlib.suppress(ValueError, RecursionError):
            settings = json.loads(settings)
    found: set[str] = set()
    for fields in settings if isinstance(settings, list) else ():
        if not isinstance(fields, Mapping):
            continue
        names = ("value", "secret") if directives.secret(str(fields.get("key", ""))) else ("secret",)
        found.update(str(fields[name]) for name in names if fields.get(name) not in (None, ""))
    return found


def _is_short(number: Any) -> bool:
    """Python writes no whole number of thousands of digits."""
    return not isinstance(number, int) or number.bit_length() <= _MOST_BITS


def _type(value: Any) -> str:
    return f"of the type {type(value).__name__}"
