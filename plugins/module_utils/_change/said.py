# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a server's config file, includes and all, said when a change was opened, and what others have written into it
since. Also of a change that writes no such file: somebody may have given it newer values than the server had then.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Set
from typing import Any

from .._errors import LowlatError
from .._server import config_file, config_reader, directives
from .._settings.setting import Host, Reading
from . import preimage, sealed, stored
from .store import Change
from .undone import Undone

#: Names of directives and the values that the config file gives them.
Values = Mapping[str, str]


def capture(host: Host) -> dict[str, Any] | None:
    """For the journal; of secrets a digest, which is enough to know them again. None where nobody can tell."""
    path = host.instance.config_file
    with contextlib.suppress(LowlatError, OSError):
        values = config_file.effective(path, host.instance.version) if path else {}
        return {name: _told(name, value) for name, value in values.items()}
    return None


def _told(name: str, value: str) -> Any:
    return sealed.seal(value) if value and directives.secret(name) else value


def now(change: Change) -> Values:
    """What the file would bring at a start now; nothing where nobody can tell."""
    path = stored.config_path(change)
    with contextlib.suppress(LowlatError, OSError):
        return stored.effective(path, change) if path else {}
    return {}


def is_known(change: Change) -> bool:
    """Whether the journal tells what the file said when the change was opened."""
    return _then(change) is not None


def edited(change: Change, here: Values) -> Set[str]:
    """Directives that a file which says this gives neither the value of then nor the one that the change wrote."""
    then = _then(change)
    if then is None:
        # Nothing is guessed of one that may have been edited long ago: what it says is what its operators want.
        return set(here) if change.journal.last("confirmed") else set()
    ours = {setting.key: setting for setting, _before, _facts in preimage.changed_settings(change)}

    def is_ours(name: str) -> bool:
        return name in ours and preimage.persisted_holds(ours[name], Reading(None, here.get(name)))

    names = {*then, *here}
    return {name for name in names if not _is_same(name, then.get(name), here.get(name)) and not is_ours(name)}


def restored(result: Undone, here: Values, goes_back: bool) -> Values:
    """What the file will say after the rollback, which says ``here`` now. ``goes_back``: whether it does, whole."""
    change = result.change
    for image in preimage.file_images(change) if goes_back else ():
        if image.path in preimage.config_files(change):
            with contextlib.suppress(LowlatError, OSError):
                return config_reader.values(config_reader.lines(image.content, image.path, stored.version(change)))
    return here


def _then(change: Change) -> Mapping[str, Any] | None:
    """None where nobody knows."""
    known: Mapping[str, Any] | None = change.opened["stored"]
    if known is not None:
        return known
    for image in preimage.file_images(change):  # journals of older releases tell no more than that
        if image.path in preimage.config_files(change):
            with contextlib.suppress(LowlatError, OSError):
                return config_reader.values(config_reader.lines(image.content, image.path, stored.version(change)))
    return None


def _is_same(name: str, then: Any, here: str | None) -> bool:
    if sealed.is_sealed(then):
        return sealed.matches(then, here)
    return bool(then == here) or (None not in (then, here) and directives.same(name, str(then), here))
