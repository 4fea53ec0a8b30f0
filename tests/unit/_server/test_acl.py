# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rules of ACL users: what they come to, however they are written."""

from __future__ import annotations

import hashlib

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._server.acl_users import parse
from ansible_collections.lowlat.redis.plugins.module_utils._server.permissions import allows

CATEGORIES = {"admin": ["config|set", "config|get", "shutdown"], "read": ["get"]}


def members(category: str) -> list[str]:
    return CATEGORIES[category]


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("", False),
        ("+@all", True),
        ("+@all -config|set", False),
        ("+@all -config", False),
        ("-config|set +@all", True),
        ("-@all +config", True),
        ("-@all +config|get", False),
        ("-@all +CONFIG|SET", True),
        ("+@all -@admin", False),
        ("+@all -@admin +config|set", True),
        ("-@all +@admin", True),
        ("+@all -@read", True),
    ],
)
def test_the_last_rule_about_a_command_counts(rules: str, allowed: bool) -> None:
    assert allows(rules, ["CONFIG", "SET", "hz", "10"], members) is allowed


def test_a_command_without_subcommands_is_not_mixed_up_with_its_argument() -> None:
    assert allows("-@all +shutdown", ["SHUTDOWN"], members)
    assert not allows("-@all +set", ["CONFIG", "SET"], members)


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("ON allkeys allchannels allcommands nopass", "on nopass ~* &* +@all"),
        (">one", "#" + hashlib.sha256(b"one").hexdigest()),
        (">one >two <one", ">two"),
        (">one nopass", "nopass"),
        ("nopass >one", ">one"),
        (">one resetpass", ""),
        ("~a ~b resetkeys ~c", "~c"),
        ("%RW~a", "~a"),
        ("&a resetchannels", ""),
        ("on off", ""),
        ("+get +@all", "+@all"),
        ("+@all on ~x >p (~y +get) reset", ""),
        ("sanitize-payload", ""),
        ("(~y +get) clearselectors", ""),
        ("(~y +get)", "( +get ~y )"),
    ],
)
def test_rules_that_come_to_the_same(written: str, same: str) -> None:
    assert parse(written.split()) == parse(same.split())


@pytest.mark.parametrize(
    ("one", "other"),
    [("on", "off"), ("~a", "%R~a"), (">a", ">b"), ("+get", "+set"), ("(~a +get)", "(~b +get)"), ("&a", "&b")],
)
def test_rules_that_do_not(one: str, other: str) -> None:
    assert parse(one.split()) != parse(other.split())
