# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/hazards.md names every guard that there is and none that there is not, and where each is tested."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.lowlat.redis.plugins.module_utils._change import cautions, guard

CODE = Path(guard.__file__).parent
ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs/hazards.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """From this heading to the next of its level."""
    level, text = title.partition(" ")[0], DOCUMENT.split(f"\n{title}\n")[1]
    return re.split(rf"\n{level} ", text)[0]


def rows(text: str) -> Iterator[list[str]]:
    """The cells of tables, but for their heads."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and cells[0].strip("| ") not in ("id", "mechanism", ""):
            yield cells


def code_words(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def first_column(title: str) -> set[str]:
    found = [code_words(cells[0]) for cells in rows(section(title))]
    assert all(len(words) == 1 for words in found)
    return {words[0] for words in found}


def guards() -> set[str]:
    """The ids that guards give to their hazards."""
    found = set()
    for path in CODE.glob("guards_*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Hazard":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path.name} line {node.lineno}: the id is no literal"
                found.add(str(name.value))
    return found


def warnings() -> set[str]:
    """The cautions that are asked for, by the functions that tell them."""
    source = ast.parse(Path(cautions.__file__).read_text(encoding="utf-8"))
    (every,) = (node for node in source.body if isinstance(node, ast.FunctionDef) and node.name == "all_of")
    called = [node.value for node in ast.walk(every) if isinstance(node, ast.YieldFrom)]
    return {ast.unparse(each).partition("(")[0].lstrip("_") for each in called}


def test_every_guard_is_told_and_none_that_there_is_not() -> None:
    assert first_column("## What is refused") == guards()
    assert first_column("## What is said, and not refused") == warnings()


def dangers() -> list[list[str]]:
    title = "## Dangers that were seen, and what meets them"
    lines = section(title).split("|---|---|---|---|---|\n")[1].splitlines()
    return [cells for cells in (line.strip("|").split(" | ") for line in lines) if len(cells) == 5]


def test_every_danger_has_its_row() -> None:
    numbers = [cells[0].strip() for cells in dangers()]
    assert [number for number in numbers if number.isdigit()] == [str(number) for number in range(1, 29)]


def test_what_meets_a_danger_is_there() -> None:
    known = guards() | warnings()
    mechanisms = {cells[0] for cells in rows(section("### How changes are made"))}
    for _number, danger, met_by, done, _proven in dangers():
        assert set(code_words(met_by)) <= known, danger
        linked = re.findall(r"\[([^]]+)\]\(#how-changes-are-made\)", met_by)
        assert set(linked) <= mechanisms, danger
        assert (code_words(met_by) or "](" in met_by) and done.strip(), danger


def test_each_is_proven_in_a_test_that_is_there() -> None:
    mechanisms = [(cells[0], cells[-1]) for cells in rows(section("### How changes are made"))]
    for name, proven in [*((cells[1], cells[4]) for cells in dangers()), *mechanisms]:
        tests = code_words(proven)
        assert tests, name
        for test in tests:
            assert (ROOT / test).is_file() if "/" in test else list((ROOT / "tests").rglob(test)), f"{name}: {test}"


def test_the_id_of_every_guard_stands_in_a_test() -> None:
    places = [*(ROOT / "tests/integration").rglob("*.py"), *(ROOT / "molecule/default").rglob("*.yml")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in places)
    assert {name for name in guards() if not re.search(rf"\b{name}\b", text)} == set()
