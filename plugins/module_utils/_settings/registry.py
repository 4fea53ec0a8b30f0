# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of settings there are."""

from __future__ import annotations

import difflib

from .._errors import BadInput
from .setting import Provider

_PROVIDERS: dict[str, Provider] = {}


def provider(kind: str) -> Provider:
    """The provider of a kind. BadInput for an unknown one, naming all, and the nearest."""
    found = _PROVIDERS.get(kind)
    if found is None:
        near = difflib.get_close_matches(kind, _PROVIDERS, 1)
        raise BadInput(
            f"There is no setting kind {kind!r}",
            why=f"the kinds are {', '.join(sorted(_PROVIDERS))}",
            remedy=f"Did you mean {near[0]}?" if near else "Name one of them",
        )
    return found
