# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The check that keeps a role's defaults and its argument_specs together."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.dev import role_inputs

TEXT = {"type": "str", "description": "What it is for."}


def test_agreement_is_silent() -> None:
    defaults = {"phase9_gates": [], "phase9_restart": "refuse"}
    options = {
        "phase9_gates": {**TEXT, "default": []},
        "phase9_restart": {**TEXT, "default": "refuse"},
        "phase9_name": {**TEXT, "required": True},
        "phase9_note": TEXT,
    }
    assert role_inputs.compare("phase9", defaults, options) == []


@pytest.mark.parametrize(
    ("defaults", "options", "problem"),
    [
        ({"phase9_a": 1}, {}, "phase9_a has a default and no entry in argument_specs"),
        ({"phase9_a": 1}, {"phase9_a": {**TEXT, "default": 2}}, "phase9_a defaults to 1, argument_specs says 2"),
        ({"phase9_a": 1}, {"phase9_a": TEXT}, "phase9_a has the default 1, which argument_specs does not tell"),
        (
            {},
            {"phase9_a": {**TEXT, "default": 2}},
            "phase9_a has the default 2 in argument_specs only, where no task sees it",
        ),
        ({"phase9_a": 1}, {"phase9_a": {**TEXT, "required": True}}, "phase9_a is required and has a default"),
        ({}, {"phase9_a": {"type": "str"}}, "phase9_a has no description in argument_specs"),
        ({}, {"hz": TEXT}, "hz does not begin with phase9_"),
    ],
)
def test_each_disagreement_is_told(defaults: dict, options: dict, problem: str) -> None:
    assert role_inputs.compare("phase9", defaults, options) == [problem]


def test_a_default_of_another_role_is_told_twice_over() -> None:
    problems = role_inputs.compare("phase9", {"hz": 8}, {})
    assert problems == ["hz has a default and no entry in argument_specs", "hz does not begin with phase9_"]


def make_role(root: Path, name: str, specs: str, defaults: str = "", **tasks: str) -> None:
    files = {"meta/argument_specs.yml": specs, "defaults/main.yml": defaults}
    files.update({f"tasks/{stem}.yml": text for stem, text in tasks.items()})
    for folder, text in files.items():
        path = root / name / folder
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def test_roles_are_read_from_their_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_role(tmp_path, "good", "argument_specs: {main: {options: {}}}")
    assert role_inputs.main(str(tmp_path)) == 0
    assert capsys.readouterr().out == "the inputs of 1 roles agree\n"

    make_role(tmp_path, "mute", "")
    make_role(tmp_path, "wide", "argument_specs: {main: {options: {}}}", "wide_a: 1")
    assert role_inputs.main(str(tmp_path)) == 1
    assert capsys.readouterr().out.splitlines() == [
        "mute: meta/argument_specs.yml has no entry point main",
        "wide: wide_a has a default and no entry in argument_specs",
    ]


ENTRIES = """
argument_specs:
  main:
    options:
      deep_way: {description: x, type: str, choices: [up, down], default: up}
      deep_place: {description: x, type: str, default: here}
      deep_host: {description: x, type: str}
  undo: {options: {OPTIONS}}
"""
PLACE = "deep_place: {description: x, type: str, default: here}"
HOST = "deep_host: {description: x, type: str}"


@pytest.mark.parametrize(
    ("options", "problems"),
    [
        (f"{PLACE}, {HOST}", []),
        (HOST, ["deep: undo: deep_place is read and not told"]),
        (PLACE, ["deep: undo: deep_host is read and not told"]),
        (f"{PLACE}, {HOST}, deep_way: {{description: x, default: up}}", ["deep: undo: deep_way is told and not read"]),
        (
            f"{PLACE.replace('here', 'there')}, {HOST}",
            ["deep: undo: deep_place defaults to 'here', argument_specs says 'there'"],
        ),
    ],
)
def test_every_entry_point_tells_what_its_own_tasks_read(tmp_path: Path, options: str, problems: list[str]) -> None:
    """Through an included file, one that an input names, and a variable of the role; a comment reads nothing."""
    make_role(
        tmp_path,
        "deep",
        ENTRIES.replace("OPTIONS", options),
        "deep_way: up\ndeep_place: here\n",
        main='- include_tasks: {file: "{{ deep_way }}.yml"}\n',
        up="- debug: {msg: '{{ __deep_login }}'}\n",
        down="- debug: {msg: '{{ deep_place }}'}\n",
        undo="# As deep_way says, see up.yml.\n- include_tasks: {file: back.yml}\n",
        back="- debug: {msg: '{{ deep_place }} {{ __deep_login }}', register: deep_result}\n",
    )
    (tmp_path / "deep" / "vars").mkdir()
    (tmp_path / "deep" / "vars" / "main.yml").write_text("__deep_login: '{{ deep_host }}'\n")
    assert role_inputs.check_role(tmp_path / "deep") == problems
