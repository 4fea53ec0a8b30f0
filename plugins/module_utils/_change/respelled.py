# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values of a change that the server has written into its config file anew, in words of its own (``2gb``, three lines
for three save points): no line of them is the one that the change wrote, and they are the change's all the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._errors import BadInput
from .._server import config_reader, directives
from .._server.config_reader import Line
from .._settings.setting import Reading, Setting
from . import preimage, stored
from .store import Change

#: Of a class that nobody has set a server writes these when it writes another one's line anew.
_LIMITS = {"normal": "0 0 0", "replica": "268435456 67108864 60", "pubsub": "33554432 8388608 60"}


def taken_out(change: Change, path: str, before: bytes, now: bytes, content: bytes) -> bytes:
    """``content``, which is ``now`` without the change's own lines: each directive of the change as before, to the
    byte, where ``now`` gives it the change's value, and as in ``now`` where that is somebody's.
    """
    if path not in preimage.config_files(change):
        return content
    try:
        for setting, live_before, facts in preimage.changed_settings(change):
            if setting.kind == "redis" and facts["persisted"]:
                name = directives.primary(setting.key)
                then, here, gives = (_lines(text, path, name, change) for text in (before, now, content))
                ours = _is_ours(setting, here) or (facts["restart"] and _is_as_it_runs(setting, live_before, here))
                meant, source = (then, before) if ours else (here, now)
                if _value(gives) != _value(meant):
                    content = _replaced(content, gives, _raw(source, meant))
    except BadInput:
        return content  # no server starts with such a file
    return content


def _lines(content: bytes, path: str, name: str, change: Change) -> list[Line]:
    found = config_reader.lines(content, path, stored.version(change))
    return [line for line in found if line.name == name]


def _value(lines: list[Line]) -> str | None:
    return next(iter(config_reader.values(iter(lines)).values()), None)


def _is_ours(setting: Setting, here: list[Line]) -> bool:
    value = _value(here)
    if value is None or not here[-1].own or not preimage.persisted_holds(setting, Reading(None, value)):
        return False
    directive = directives.get(setting.key)
    if directive is None or directive.type != "limits":
        return True
    others = {**_groups(setting.key, value), **_groups(setting.key, str(setting.value))}
    ours = {**_LIMITS, **_groups(setting.key, str(setting.value))}
    return others.items() <= ours.items()


def _is_as_it_runs(setting: Setting, before: Reading, here: list[Line]) -> bool:
    """A server that was not restarted writes what it runs with over what waits for that: nobody has chosen it."""
    value = _value(here)
    return value is not None and here[-1].own and directives.same(setting.key, str(before.live), value)


def _groups(name: str, value: str) -> Mapping[str, str]:
    return directives.limit_groups(directives.normalise(name, value))


def _raw(content: bytes, lines: list[Line]) -> list[bytes]:
    physical = content.split(b"\n")
    return [physical[line.number] for line in lines if line.own]


def _replaced(content: bytes, lines: list[Line], new: list[bytes]) -> bytes:
    """With these in the place of the first one, or at the end."""
    physical = [[line] for line in content.split(b"\n")]
    numbers = [line.number for line in lines if line.own]
    for number in numbers:
        physical[number] = []
    at = numbers[0] if numbers else len(physical) - (physical[-1] == [b""])
    physical.insert(at, new)
    return b"\n".join(line for kept in physical for line in kept)
