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


def make_role(root: Path, name: str, specs: str, defaults: str = "") -> None:
    for folder, text in (("meta/argument_specs.yml", specs), ("defaults/main.yml", defaults)):
        path = root / name / folder
        path.parent.mkdir(parents=True)
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
