# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare each role's defaults with its argument_specs: python role_inputs.py ROLES_DIRECTORY.

The specs are what a reader and ansible-doc see, the defaults are what runs; nothing else keeps the two together.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; empty where there is no file or nothing in it."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def compare(role: str, defaults: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """What disagrees between ``defaults`` and the ``options`` of the entry point ``main``, one sentence each."""
    problems = [f"{name} has a default and no entry in argument_specs" for name in defaults if name not in options]
    for name in [*options, *(name for name in defaults if name not in options)]:
        if not name.startswith(f"{role}_"):
            problems.append(f"{name} does not begin with {role}_")
    for name, option in options.items():
        described = "default" in option
        if option.get("required") and (described or name in defaults):
            problems.append(f"{name} is required and has a default")
        elif name in defaults and not described:
            problems.append(f"{name} has the default {defaults[name]!r}, which argument_specs does not tell")
        elif described and name not in defaults:
            problems.append(
                f"{name} has the default {option['default']!r} in argument_specs only, where no task sees it"
            )
        elif described and option["default"] != defaults[name]:
            problems.append(f"{name} defaults to {defaults[name]!r}, argument_specs says {option['default']!r}")
        if not option.get("description"):
            problems.append(f"{name} has no description in argument_specs")
    return problems


def check_role(directory: Path) -> list[str]:
    """What is wrong with the inputs of the role in ``directory``, each with the role's name in front."""
    specs = load(directory / "meta" / "argument_specs.yml").get("argument_specs", {})
    if "main" not in specs:
        return [f"{directory.name}: meta/argument_specs.yml has no entry point main"]
    options = {}
    for entry in specs.values():
        options.update(entry.get("options") or {})
    problems = compare(directory.name, load(directory / "defaults" / "main.yml"), options)
    return [f"{directory.name}: {problem}" for problem in problems]


def main(roles: str) -> int:
    """Print what is wrong with the roles under ``roles``; the exit code says whether anything is."""
    directories = sorted(path for path in Path(roles).iterdir() if path.is_dir())
    problems = [problem for directory in directories for problem in check_role(directory)]
    print("\n".join(problems) or f"the inputs of {len(directories)} roles agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
