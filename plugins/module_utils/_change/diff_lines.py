# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that `--diff` shows: values before and after, and a restart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._settings.setting import Setting
from .plan import MASK, shown

_SECRET = "(a secret)"
_ABSENT = {"live": "(not set)", "stored": "(in no file)"}


class Lines:
    """Both sides, as they grow."""

    def __init__(self) -> None:
        self._before: list[str] = []
        self._after: list[str] = []

    def value(self, setting: Setting, where: str, old: Any, new: Any) -> None:
        """A live or stored value that is to be another one; of a secret only that it is."""
        self.change(_label(setting, where), *pair(setting, where, old, new))

    def foreign(self, setting: Setting, old: Any, new: Any, becomes: str) -> None:
        """A live value that somebody has set since; ``becomes`` is told in place of the new one where it is to stay."""
        before, after = pair(setting, "live", old, new)
        self.change(_label(setting, "live"), f"{before} (set by somebody since the change)", becomes or after)

    def unknown(self, setting: Setting, where: str, why: str, new: Any) -> None:
        """One that is to be this, while nobody can tell what it is."""
        self.change(_label(setting, where), f"(not known: {why})", _words(setting, where, new))

    def change(self, label: str, before: str, after: str) -> None:
        self._before.append(f"{label}: {before}")
        self._after.append(f"{label}: {after}")

    def restart(self, keys: Sequence[str], check: bool, by: str = "") -> None:
        """That the server is restarted for these settings, or has to be by somebody else; for none, nothing."""
        if keys and by:
            how = f"{'would have' if check else 'has'} to be restarted by {by}"
        else:
            how = "would be restarted" if check else "restarted"
        if keys:
            self._after.append(f"server: {how} (for: {', '.join(keys)})")

    def told(self) -> dict[str, str]:
        """As Ansible takes it."""
        return {"before": _text(self._before), "after": _text(self._after)}


def pair(setting: Setting, where: str, old: Any, new: Any) -> tuple[str, str]:
    """Two values that differ, as they are shown."""
    before, after = _words(setting, where, old), _words(setting, where, new)
    return before, "(another secret)" if before == after == _SECRET else after


def _label(setting: Setting, where: str) -> str:
    return f"{setting.kind} {setting.key}" + (f" ({setting.unit})" if setting.unit else "") + f" {where}"


def _words(setting: Setting, where: str, value: Any) -> str:
    """A value as it is shown, and what there is in place of none."""
    known = shown(setting, value)
    if known is None:
        return _ABSENT[where]
    return _SECRET if known == MASK else str(known) or "(empty)"


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
