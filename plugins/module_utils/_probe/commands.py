# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands that are timed: encoded once, with the reply that each must give."""

from __future__ import annotations

import binascii
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .._errors import BadInput

NAMES = ("ping", "set", "xadd")
WRITES = ("set", "xadd")
PREFIX = "lowlat:probe:"
# A probe that is killed outright leaves its keys for this long at most.
EXPIRY_MS = 120_000
# Entries of the stream: enough to cross several of its nodes, as a stream in use does.
_STREAM_LENGTH = "1000"
_VALUE = "0123456789abcdef"
_SLOTS = 16384
_LONGEST_ID_REPLY = 64


@dataclass(frozen=True)
class Command:
    """``reply`` is the only good reply, or empty where ``accepts`` tells; ``size`` is how many bytes to ask for."""

    name: str
    metric: str
    request: bytes
    reply: bytes
    size: int
    accepts: Callable[[bytes], bool]


def encode(*words: str | bytes) -> bytes:
    """A request as RESP."""
    parts = [word if isinstance(word, bytes) else word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts)


def complete(reply: bytes) -> bool:
    """Whether these bytes hold a whole reply that is a line or a bulk string."""
    head, end, rest = reply.partition(b"\r\n")
    if not end:
        return False
    if reply[:1] != b"$":
        return True
    try:
        length = int(head[1:])
    except ValueError:
        return True
    return length < 0 or len(rest) >= length + 2


def is_stream_id(reply: bytes) -> bool:
    """Whether this is one whole bulk string such as ``$15\\r\\n1526919030474-0\\r\\n``."""
    lines = reply.split(b"\r\n")
    if len(lines) != 3 or lines[2] or lines[0] != b"$%d" % len(lines[1]):
        return False
    milliseconds, dash, sequence = lines[1].partition(b"-")
    return bool(dash) and milliseconds.isdigit() and sequence.isdigit()


def _nothing_else(_reply: bytes) -> bool:
    return False


def ping() -> Command:
    return Command("ping", "rtt", encode("PING"), b"+PONG\r\n", 7, _nothing_else)


def set_(key: str) -> Command:
    request = encode("SET", key, _VALUE, "PX", str(EXPIRY_MS))
    return Command("set", "set_rtt", request, b"+OK\r\n", 5, _nothing_else)


def xadd(key: str) -> Command:
    request = encode("XADD", key, "MAXLEN", "~", _STREAM_LENGTH, "*", "field", _VALUE)
    return Command("xadd", "xadd_rtt", request, b"", _LONGEST_ID_REPLY, is_stream_id)


def slot(key: str) -> int:
    """The cluster slot of a key without braces."""
    return binascii.crc_hqx(key.encode(), 0) % _SLOTS


def new_key(slots: Iterable[range] | None = None) -> str:
    """A fresh key under the probe's prefix; in a cluster one whose slot this node serves."""
    prefix = f"{PREFIX}{secrets.token_hex(8)}:"
    if slots is None:
        return f"{prefix}0"
    served = list(slots)
    # A node with a single slot is found after some 16,000 tries; ten times that is certain enough.
    for number in range(10 * _SLOTS):
        key = f"{prefix}{number}"
        place = slot(key)
        if any(place in some for some in served):
            return key
    raise BadInput(
        "This cluster node serves no slots",
        where="CLUSTER NODES",
        why="no key can be written on it",
        remedy="Measure a node that does",
    )


def served_slots(nodes: str) -> list[range]:
    """The slots of the answering node in the text of CLUSTER NODES."""
    for line in nodes.splitlines():
        fields = line.split()
        if len(fields) > 8 and "myself" in fields[2].split(","):
            found = []
            for part in fields[8:]:
                if not part.startswith("["):
                    first, _dash, last = part.partition("-")
                    found.append(range(int(first), int(last or first) + 1))
            return found
    return []
