# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of directives by the type that the table gives them, as people write them, and as nobody should."""

from __future__ import annotations

from random import Random

from ansible_collections.lowlat.redis.plugins.module_utils._server.directives import Directive

_SIZES = ("0", "1", "100b", "64k", "64kb", "1m", "100MB", "1Gb", "1g", "1048576", "67108864")
_UGLY = (
    "",
    "a b",
    "with # hash",
    'a "quote"',
    "it's",
    "back\\slash",
    "tab\there",
    "\u00fcml\u00e4ut",
    "\udcff\udcfe",
    "x=y;z",
)
_WHOLE = {"i32": 2**31 - 1, "-i32": -(2**31), "u32": 2**32 - 1, "i64": 2**63 - 1, "u64": 2**64 - 1}
_CLASSES = ("normal", "replica", "slave", "pubsub")

#: Not in every version.
_NEWER = frozenset({"nothing", "flush-before-load"})
#: What could have an effect on this machine, or needs much of it, stays within these limits.
_RANGES = {
    "hz": (1, 100),
    "databases": (1, 64),
    "io-threads": (1, 2),
    "maxclients": (32, 64),
    "watchdog-period": (0, 0),
    "key-load-delay": (0, 0),
    "rdb-key-save-delay": (0, 0),
    "socket-mark-id": (0, 0),
    "tcp-backlog": (1, 511),
    "repl-backlog-size": (16384, 1 << 20),
    "tracking-table-max-keys": (0, 1000),
    "timeout": (0, 1000),
}


def limits_of(directive: Directive) -> tuple[int, int]:
    """The least and the most that a number may be."""
    low, high = (_WHOLE[word] if word in _WHOLE else int(word) for word in directive.limits)
    return _RANGES.get(directive.name, (low, high))


def good(random: Random, directive: Directive) -> list[str]:
    """The words of a value that a server takes at its start."""
    kind = directive.type
    if kind == "bool":
        return [_cased(random, random.choice(("yes", "no")))]
    if kind == "enum":
        return [_cased(random, random.choice([word for word in directive.limits[0].split("|") if word not in _NEWER]))]
    if kind in ("int", "memory"):
        return [_number(random, directive)]
    if kind == "share":
        return [random.choice((*_SIZES, "5%", "0%", "100%"))]
    if kind == "octal":
        return [random.choice(("0", "700", "770", "0755", "777"))]
    if kind == "flags":
        some = random.choice((["save"], ["nosave"], ["now"], ["force", "save"], ["NOW", "nosave"]))
        return _words(random, ["default"] if random.random() < 0.3 else some)
    if kind == "cpus":
        return [random.choice(("", "0", "0-1", "0,1"))]
    return _text(random, kind)


def _text(random: Random, kind: str) -> list[str]:
    if kind == "save":
        if random.random() < 0.1:
            return []
        pairs = [(random.randint(1, 9999), random.randint(0, 99)) for _pair in range(random.randint(0, 3))]
        return [str(number) for pair in pairs for number in pair] or [""]
    if kind == "limits":
        classes = random.sample(_CLASSES, random.randint(1, 2))
        groups = [
            [_cased(random, name), random.choice(_SIZES), random.choice(_SIZES), str(random.randint(0, 99))]
            for name in classes
        ]
        return [word for group in groups for word in group]
    if kind == "events":
        return ["".join(random.choice("AKEg$lshzxetdmn") for _letter in range(random.randint(0, 16)))]
    if kind == "percentages":
        some = random.sample(("0", "50", "50.0", "99", "99.90", "100", "00.1"), random.randint(1, 3))
        return [""] if random.random() < 0.2 else some
    if kind == "numbers":
        return [str(number) for number in sorted(random.randint(-50, 50) for _each in range(3))]
    return [random.choice((*_UGLY, "plain", "/tmp/some.file"))]


def bad(random: Random, directive: Directive) -> list[str]:
    """The words of a value that looks like one and may be none."""
    choice = random.choice(range(8))
    words = good(random, directive)
    if choice == 0:
        return []
    if choice == 1:
        return [*words, random.choice(("", "1", "yes", "#"))]
    if choice == 2:
        return [random.choice(("-1", "+5", "010", "0x10", "1e3", "1.0", "\u0663", "1_000", " 7 ", "NaN", "inf"))]
    if choice == 3:
        return [
            random.choice(("kb", "1tb", "1 mb", "-1mb", "101%", "-1%", "%", "5.5%", "18446744073709551616", "9" * 40))
        ]
    if choice == 4:
        return [str(_outside(random, directive))]
    if choice == 5:
        return [
            random.choice(
                (
                    "normal",
                    "normal 0 0",
                    "master 0 0 0",
                    "normal 0 0 -1",
                    "save default",
                    "save nosave",
                    "0-",
                    "1 2",
                    "1 2 2001",
                )
            )
        ]
    if choice == 6:
        return [random.choice(_UGLY)]
    return [word[:-1] if random.random() < 0.5 else word + random.choice("xX \t\u00e9") for word in words]


def _outside(random: Random, directive: Directive) -> int:
    if directive.type not in ("int", "memory"):
        return 10 ** random.randint(1, 30)
    low, high = limits_of(directive)
    return random.choice((low - 1, high + 1, -low, high * 2))


def _number(random: Random, directive: Directive) -> str:
    low, high = limits_of(directive)
    if directive.type == "memory" and random.random() < 0.6 and low <= 1 << 20 <= high:
        return random.choice(("1mb", "1048576", "1MB", "1024kb", "1048576b"))
    return str(random.choice((low, min(high, low + random.randint(0, 1000)), high)))


def _cased(random: Random, word: str) -> str:
    return random.choice((word, word, word.upper(), word.capitalize()))


def _words(random: Random, words: list[str]) -> list[str]:
    """As several arguments, or as one with blanks in it."""
    return words if random.random() < 0.5 else [" ".join(words)]
