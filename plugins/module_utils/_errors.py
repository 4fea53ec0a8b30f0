# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong, said so that the reader can act on it."""

from __future__ import annotations

from typing import Any


class LowlatError(Exception):
    """An error that says what failed, where, why, and what to do about it.

    ``details`` are JSON-ready facts for the caller, such as the hazards of a refusal.
    """

    def __init__(self, what: str, *, where: str = "", why: str = "", remedy: str = "", **details: Any) -> None:
        self.what = what
        self.where = where
        self.why = why
        self.remedy = remedy
        self.details = details
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """One line: what (where): why. Remedy."""
        head = f"{self.what} ({self.where})" if self.where else self.what
        text = f"{head}: {self.why}" if self.why else head
        if not self.remedy:
            return text
        return f"{text}{'' if text.endswith(('.', '?', '!')) else '.'} {self.remedy}"  # a server's own words may end so


class BadInput(LowlatError):
    """The request itself is wrong; nothing was changed."""


class ServerError(LowlatError):
    """The server is not there, does not let us in, or refuses a command."""


class Refused(LowlatError):
    """A hazard stands against the change; nothing was changed."""


class ChangeError(LowlatError):
    """A change could not be opened, applied, confirmed or taken back."""
