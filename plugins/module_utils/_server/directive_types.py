# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each type of directive takes, and the one way of writing a value that all equal values share.

Every function takes the text of a value and the words that follow the type in the table; it returns the canonical
text and raises ValueError with the reason, worded to follow "hz 0: ", if the type does not take it.
"""

from __future__ import annotations

import os
import re
from typing import Callable

from .._errors import BadInput
from .._host.cpu_list import format_cpu_list, parse_cpu_list

_LIMITS = {
    "i32": 2**31 - 1,
    "-i32": -(2**31),
    "u32": 2**32 - 1,
    "i64": 2**63 - 1,
    "u64": 2**64 - 1,
}
_UNITS = {"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 10**6, "mb": 1 << 20, "g": 10**9, "gb": 1 << 30}
_MEMORY = re.compile(r"(\d+)([a-z]*)\Z", re.ASCII)
_INTEGER = re.compile(r"-?(0|[1-9]\d*)\Z", re.ASCII)
# YAML reads a bare yes and no as truth values, and they arrive as these.
_TRUTH = {"true": "yes", "false": "no"}
_CLASSES = {"normal": "normal", "slave": "replica", "replica": "replica", "pubsub": "pubsub"}
_ALL_EVENTS = "g$lshzxetd"
_EVENTS = "AKE" + _ALL_EVENTS + "mn"


def _limit(word: str) -> int:
    return _LIMITS[word] if word in _LIMITS else int(word)


def _range(value: int, spec: list[str], text: str) -> str:
    low, high = _limit(spec[0]), _limit(spec[1])
    if not low <= value <= high:
        raise ValueError(f"it takes {low} to {high}, not {text}")
    return str(value)


def boolean(text: str, spec: list[str]) -> str:
    return choice(text, ["yes|no"])


def integer(text: str, spec: list[str]) -> str:
    if not _INTEGER.match(text):
        raise ValueError(f"it takes a whole number, and {text!r} is none")
    return _range(int(text), spec, text)


def _bytes(text: str) -> int:
    match = _MEMORY.match(text.lower())
    if not match or match.group(2) not in _UNITS:
        raise ValueError(f"it takes a size such as 1048576, 100mb or 2gb, and {text!r} is none")
    return int(match.group(1)) * _UNITS[match.group(2)]


def memory(text: str, spec: list[str]) -> str:
    return _range(_bytes(text), spec, f"{text} (bytes)")


def share(text: str, spec: list[str]) -> str:
    if not text.endswith("%"):
        return _range(_bytes(text), ["0", "i64"], f"{text} (bytes)")
    if not _INTEGER.match(text[:-1]) or not 0 <= int(text[:-1]) <= 100:
        raise ValueError(f"it takes 0% to 100%, or a size such as 100mb, not {text!r}")
    return f"{int(text[:-1])}%" if int(text[:-1]) else "0"


def octal(text: str, spec: list[str]) -> str:
    if not re.match(r"[0-7]{1,4}\Z", text, re.ASCII) or int(text, 8) > 0o777:
        raise ValueError(f"it takes file permissions in octal such as 770, not {text!r}")
    return f"{int(text, 8):o}"


def choice(text: str, spec: list[str]) -> str:
    values = spec[0].split("|")
    word = text.lower()
    if "yes" in values or "no" in values:
        word = _TRUTH.get(word, word)
    if word not in values:
        raise ValueError(f"it takes one of {', '.join(values)}, not {text!r}")
    return word


def flags(text: str, spec: list[str]) -> str:
    values = spec[0].split("|")
    chosen = {choice(word, spec) for word in text.split()}
    if not chosen or (len(chosen) > 1 and "default" in chosen):
        raise ValueError(f"it takes default alone, or some of {', '.join(values[1:])}")
    if {"save", "nosave"} <= chosen:
        raise ValueError("save and nosave exclude each other")
    return " ".join(value for value in values if value in chosen)


def cpus(text: str, spec: list[str]) -> str:
    try:
        return format_cpu_list(parse_cpu_list(text)) if text else ""
    except BadInput as error:
        raise ValueError(f"it takes a CPU list; {error.message}") from error


def string(text: str, spec: list[str]) -> str:
    return text


def path(text: str, spec: list[str]) -> str:
    return os.path.normpath(text) if text.startswith("/") else text


def words(text: str, spec: list[str]) -> str:
    return " ".join(unquoted(text).split())


def numbers(text: str, spec: list[str]) -> str:
    """As many as the table says, each within its limits."""
    found = unquoted(text).split()
    if len(found) != int(spec[0]) or not all(re.match(r"[+-]?\d{1,18}\Z", word, re.ASCII) for word in found):
        raise ValueError(f"it takes {spec[0]} whole numbers with blanks between them, not {text!r}")
    return " ".join(_range(int(word), spec[1:], word) for word in found)


def percentages(text: str, spec: list[str]) -> str:
    """50.0 and 50 are the same percentile."""
    found = []
    for word in unquoted(text).split():
        if not re.match(r"\d+(\.\d+)?\Z", word, re.ASCII) or float(word) > 100:
            raise ValueError(f"it takes percentages from 0 to 100 with blanks between them, not {text!r}")
        found.append(f"{float(word):.15g}")
    return " ".join(found)


def save(text: str, spec: list[str]) -> str:
    found = unquoted(text).split()
    pairs_of_numbers = len(found) % 2 == 0 and all(re.match(r"\d{1,18}\Z", word, re.ASCII) for word in found)
    if not pairs_of_numbers or any(int(seconds) < 1 for seconds in found[::2]):
        raise ValueError(f"it takes pairs of seconds and changes such as 3600 1 300 100, or nothing, not {text!r}")
    return " ".join(str(int(word)) for word in found)


def limits(text: str, spec: list[str]) -> str:
    """class hard soft seconds, once for each class that is named; sizes in bytes, classes in a fixed order."""
    found = text.split()
    if not found or len(found) % 4:
        raise ValueError(f"it takes groups of class, hard limit, soft limit, seconds, not {text!r}")
    groups: dict[str, str] = {}
    for at in range(0, len(found), 4):
        name = _CLASSES.get(found[at].lower())
        if name is None:
            raise ValueError(f"there is no client class {found[at]!r}: it takes normal, replica and pubsub")
        hard, soft = _bytes(found[at + 1]), _bytes(found[at + 2])
        groups[name] = f"{hard} {soft} {integer(found[at + 3], ['0', 'i64'])}"
    return " ".join(f"{name} {groups[name]}" for name in ("normal", "replica", "pubsub") if name in groups)


def events(text: str, spec: list[str]) -> str:
    text = unquoted(text)
    for letter in text:
        if letter not in _EVENTS:
            raise ValueError(f"{letter!r} is no class of events: it takes letters of {_EVENTS}")
    chosen = set(text)
    if "A" in chosen:
        chosen -= set(_ALL_EVENTS)
    elif chosen.issuperset(_ALL_EVENTS):
        # The server shows all of them as A.
        chosen = chosen - set(_ALL_EVENTS) | {"A"}
    return "".join(letter for letter in _EVENTS if letter in chosen)


def unquoted(text: str) -> str:
    """What is written "" in a config file is nothing."""
    return "" if text in ('""', "''") else text


NORMALISE: dict[str, Callable[[str, list[str]], str]] = {
    "bool": boolean,
    "int": integer,
    "memory": memory,
    "share": share,
    "octal": octal,
    "enum": choice,
    "flags": flags,
    "cpus": cpus,
    "string": string,
    "path": path,
    "words": words,
    "numbers": numbers,
    "percentages": percentages,
    "save": save,
    "limits": limits,
    "events": events,
}
