# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A sealed secret is known again, and cannot be read."""

from __future__ import annotations

import json

from ansible_collections.lowlat.redis.plugins.module_utils._change import sealed


def test_it_is_known_again() -> None:
    found = json.loads(json.dumps(sealed.seal("s3cret")))
    assert sealed.is_sealed(found) and sealed.matches(found, "s3cret")
    assert not sealed.matches(found, "S3cret") and not sealed.matches(found, None)


def test_it_is_not_there_to_be_read_or_looked_up() -> None:
    assert "s3cret" not in json.dumps(sealed.seal("s3cret"))
    assert sealed.seal("s3cret") != sealed.seal("s3cret")


def test_other_values_are_not_sealed() -> None:
    assert not any(map(sealed.is_sealed, ("s3cret", None, {}, {"salt": "x"}, {"main": "0-1"})))
