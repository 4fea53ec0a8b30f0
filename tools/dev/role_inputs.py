# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare each role's defaults with its argument_specs: python role_inputs.py ROLES_DIRECTORY.

The specs are what a reader and ansible-doc see, the defaults are what runs; nothing else keeps the two together. Each
entry point must also tell every input that its own tasks read, and none that they do not.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; empty where there is no file or nothing in it."""
    return (yaml.safe_load(path.read_text(encoding="utf-8")) or {}) if path.exists() else {}


def compare(role: str, defaults: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """What disagrees between ``defaults`` and the ``options`` of an entry point, one sentence each."""
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


def read_by(directory: Path, entry: str, specs: dict[str, Any]) -> set[str]:
    """The inputs that the tasks of an entry point read, those of the files that they include and of variables behind
    them included."""
    role, known = directory.name, {name for spec in specs.values() for name in spec.get("options") or {}}
    # A file that an input names: file: "{{ role_action }}.yml".
    choices = {
        name: option["choices"]
        for spec in specs.values()
        for name, option in (spec.get("options") or {}).items()
        if "choices" in option
    }
    behind = {
        name: str(value) for part in ("defaults", "vars") for name, value in load(directory / part / "main.yml").items()
    }
    texts, files, names = [], [entry], set()
    for stem in files:
        path = directory / "tasks" / f"{stem}.yml"
        if not path.exists():
            continue
        text = re.sub(r"(^|\s)#.*", "", path.read_text(encoding="utf-8"))
        texts.append(text)
        for found in re.findall(r"(\w+)(?: \}\})?\.yml", text):
            files.extend(stem for stem in choices.get(found, [found]) if stem not in files)
    for text in texts:
        for name in re.findall(rf"\b(?:__)?{role}_\w+", text):
            if name not in names:
                names.add(name)
                texts.extend([behind[name]] if name in behind else [])
    return names & known


def check_role(directory: Path) -> list[str]:
    """What is wrong with the inputs of the role in ``directory``, each with the role's name in front."""
    specs = load(directory / "meta" / "argument_specs.yml").get("argument_specs", {})
    if "main" not in specs:
        return [f"{directory.name}: meta/argument_specs.yml has no entry point main"]
    defaults, everywhere = load(directory / "defaults" / "main.yml"), set()
    told = {entry: spec.get("options") or {} for entry, spec in specs.items()}
    problems = []
    for entry, options in told.items():
        everywhere.update(options)
        own = {name: default for name, default in defaults.items() if name in options}
        read = read_by(directory, entry, specs)
        found = compare(directory.name, own, options)
        found += [f"{name} is read and not told" for name in sorted(read - set(options))]
        found += [f"{name} is told and not read" for name in options if name not in read]
        problems += [problem if entry == "main" else f"{entry}: {problem}" for problem in found]
    problems += compare(directory.name, {name: defaults[name] for name in defaults if name not in everywhere}, {})
    return [f"{directory.name}: {problem}" for problem in problems]


def main(roles: str) -> int:
    """Print what is wrong with the roles under ``roles``; the exit code says whether anything is."""
    directories = sorted(path for path in Path(roles).iterdir() if path.is_dir())
    problems = [problem for directory in directories for problem in check_role(directory)]
    print("\n".join(problems) or f"the inputs of {len(directories)} roles agree")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
