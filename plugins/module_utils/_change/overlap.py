# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which settings of two changes are the same thing: there may be several servers on one host."""

from __future__ import annotations

from . import addresses, belonging, preimage
from .store import Change

Identity = tuple[str, str, "str | None"]
#: Kinds whose settings belong to one server. Those of the others belong to the host, or to a unit that they name.
OF_A_SERVER = ("redis", "affinity")


def settings(one: Change, other: Change) -> set[Identity]:
    """What both have written."""
    both = preimage.identities(one) & preimage.identities(other)
    return {identity for identity in both if is_one_thing(identity, one, other)}


def is_one_thing(identity: Identity, one: Change, other: Change) -> bool:
    """Whether a setting that both name is one and the same."""
    return identity[0] not in OF_A_SERVER or is_same_server(one, other)


def is_same_server(one: Change, other: Change) -> bool:
    """As far as their journals tell; where they do not it may be, and is taken for it."""
    here, there = one.opened["server"], other.opened["server"]
    if not here or not there:
        return True
    processes, others = belonging.processes(one), belonging.processes(other)
    if processes & others:
        return True
    if any(map(belonging.runs, processes)) and any(map(belonging.runs, others)):
        return False  # at this moment, one beside the other
    unit, their_unit = one.opened["unit"], other.opened["unit"]
    if unit and unit == their_unit:
        return True
    file, their_file = here.get("config_file"), there.get("config_file")
    if file and their_file:
        return bool(file == their_file)
    if unit and their_unit:
        return False
    at, their_at = addresses.opened_at(one), addresses.opened_at(other)
    return at is None or their_at is None or bool(at.unix_socket or their_at.unix_socket) or at.port == their_at.port
