# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where libraries are missing, check mode and verify unpack them for this once, and leave nothing. apt is a stub."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from tests.integration.roles.stubbed_play import Played, run_play

pytestmark = pytest.mark.slow

#: Knows the package by lists of its own alone, as on a host that has none.
APT = """#!/bin/sh
echo "$*" >>"{log}"
case "$*" in
*update*) : >"{log}.lists" ;;
*--simulate*) [ -e "{log}.lists" ] || exit 100; echo "Inst python3-redis (4.3 Debian [all])" ;;
*download*) : >python3-redis.deb ;;
*) exit 100 ;;
esac
"""
MISSING = {"failed": True, "msg": "no redis", "missing_library": "redis"}


def play(
    root: Path, monkeypatch: pytest.MonkeyPatch, script: dict[str, Any], *options: str, **variables: Any
) -> Played:
    """gated_change on a host that lacks a library, with these stubs in place of apt-get and dpkg-deb."""
    commands = root / "commands"
    commands.mkdir()
    for name, text in {"apt-get": APT.format(log=root / "apt"), "dpkg-deb": "#!/bin/sh\n"}.items():
        (commands / name).write_text(text)
        (commands / name).chmod(0o755)
    (root / "tmp").mkdir()
    monkeypatch.setenv("PATH", str(commands), prepend=":")
    monkeypatch.setenv("TMPDIR", str(root / "tmp"))
    tasks = {
        "hosts": "all",
        "gather_facts": False,
        "pre_tasks": [{"set_fact": {"pkg_mgr": "apt", "cacheable": True}}],
        "roles": ["lowlat.redis.gated_change"],
        "post_tasks": [{"fail": {"msg": "the end was reached"}}],
    }
    given = {
        "gated_change_name": "phase9",
        "gated_change_settings": [],
        "prerequisites_packages": ["python3-redis"],
        "ansible_python_interpreter": sys.executable,
    }
    return run_play(root, [tasks], {"one": script}, {**given, **variables}, *options)


@pytest.mark.parametrize(
    ("options", "variables", "calls"),
    [
        (["--check"], {}, ["plan", "plan"]),
        ([], {"gated_change_action": "verify"}, ["plan", "plan", "verified"]),
    ],
)
def test_nothing_is_installed_and_nothing_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], variables: dict[str, str], calls: list[str]
) -> None:
    script = {"plan": [MISSING, {"state": "unchanged", "changed": False}]}
    played = play(tmp_path, monkeypatch, script, *options, **variables)
    assert "the end was reached" in played.printed, played.printed
    assert [call.split()[0] for call in played.calls("one")] == calls
    asked = [line.partition("--quiet=2 ")[2].split()[:2] for line in (tmp_path / "apt").read_text().splitlines()]
    plan = ["install", "--simulate"]
    assert asked == [plan, ["update"], plan, ["download", "python3-redis"]]  # lists only once they are needed
    assert [path.name for path in (tmp_path / "tmp").iterdir() if "rehearsal" in path.name] == []
