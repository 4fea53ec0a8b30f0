# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A setting as somebody wrote it: whether it is of the right shape at all, before anybody asks what it means."""

from __future__ import annotations

import contextlib
import difflib
import json
from collections.abc import Mapping
from typing import Any

from .._errors import BadInput
from .._server import directives

FIELDS = ("kind", "key", "value", "secret", "unit", "optional")
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
    found: set[str] = set()
    for fields in _listed(settings):
        if not isinstance(fields, Mapping):
            continue
        is_secret = directives.secret(str(fields.get("key", "")))
        names = ["value", "secret"] if is_secret else ["secret"]
        # Under a misspelt name it is one all the same, and Ansible shows what it refuses.
        names += [name for name in fields if name not in FIELDS and (is_secret or _nearest(name) == "secret")]
        found.update(str(fields[name]) for name in names if fields.get(name) not in (None, ""))
    return found


def misshapen(settings: Any) -> BadInput | None:
    """About the first key in raw settings that no setting has, else the first without a kind or a key; never raises.

    No value is told: it may be a secret's.
    """
    numbered = [(number, fields) for number, fields in enumerate(_listed(settings), 1) if isinstance(fields, Mapping)]
    for number, fields in numbered:
        for key in fields:
            if isinstance(key, str) and key not in FIELDS:
                near = _nearest(key)
                return BadInput(
                    f"Unknown key {key[: _LONGEST['kind']]!r}" + (f"; did you mean {near!r}?" if near else ""),
                    where=f"setting {number}" + _named(fields),
                    why=f"a setting has {', '.join(FIELDS)}",
                    remedy=_REMEDY,
                )
    for number, fields in numbered:
        lacking = [name for name in ("kind", "key") if fields.get(name) is None]
        if lacking:
            return BadInput(
                f"A setting lacks {' and '.join(lacking)}",
                where=f"setting {number}" + _named(fields),
                why="it needs a kind, a key and a value",
                remedy=_REMEDY,
            )
    return None


def _nearest(key: Any) -> str:
    """The field that was meant, empty where none is near."""
    return next(iter(difflib.get_close_matches(str(key)[: _LONGEST["kind"]].lower(), FIELDS, n=1)), "")


def _named(fields: Mapping[str, Any]) -> str:
    """By kind and key, as far as those are texts of an honest length."""
    names = [fields.get(name) for name in ("kind", "key")]
    told = [name for name in names if isinstance(name, str) and name and len(name) <= _LONGEST["kind"]]
    return f", {' '.join(told)}" if told else ""


def _listed(settings: Any) -> list[Any]:
    """Raw settings may be JSON still."""
    if isinstance(settings, str):
        with contextlib.suppress(ValueError, RecursionError):
            settings = json.loads(settings)
    return settings if isinstance(settings, list) else []


def _is_short(number: Any) -> bool:
    """Python writes no whole number of thousands of digits."""
    return not isinstance(number, int) or number.bit_length() <= _MOST_BITS


def _type(value: Any) -> str:
    return f"of the type {type(value).__name__}"
