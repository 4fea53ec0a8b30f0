# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._server import config_file, include_pattern

NEW, OLD = (7, 0, 15), (6, 2, 0)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name in ("1.conf", "2.conf", "9.conf", "^.conf", "*.conf", ".hidden.conf", "readme"):
        (tmp_path / name).write_text("")
    (tmp_path / "dir.conf").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*.conf", ["*.conf", "1.conf", "2.conf", "9.conf", "^.conf"]),
        ("[0-9].conf", ["1.conf", "2.conf", "9.conf"]),
        ("[^9].conf", ["*.conf", "1.conf", "2.conf", "^.conf"]),
        ("[!9].conf", ["*.conf", "1.conf", "2.conf", "^.conf"]),
        (r"\*.con?", ["*.conf"]),
        ("?.nothing", []),
    ],
)
def test_the_files_that_the_c_library_finds(directory: Path, pattern: str, names: list[str]) -> None:
    assert include_pattern.matches(f"{directory}/{pattern}", "") == [f"{directory}/{name}" for name in names]


def test_a_class_of_characters_is_refused(directory: Path) -> None:
    with pytest.raises(BadInput, match="class of characters"):
        include_pattern.matches(f"{directory}/[[:alpha:]].conf", "redis.conf")


@pytest.mark.parametrize(
    ("names", "orders"),
    [
        (["10-a", "20-b"], []),
        (["B", "a"], [["a", "B"], ["a", "B"]]),
        (["a", "a_b"], []),
        (["a.conf", "a_b.conf"], [["a_b.conf", "a.conf"], ["a_b.conf", "a.conf"]]),
    ],
)
def test_other_orders(names: list[str], orders: list[list[str]]) -> None:
    assert include_pattern.other_orders(names) == orders


def test_an_order_that_decides_nothing_is_no_trouble(tmp_path: Path) -> None:
    path, more = tmp_path / "redis.conf", tmp_path / "conf.d"
    more.mkdir()
    path.write_text(f"hz 1\ninclude {more}/*.conf\n")
    (more / "a.conf").write_text("hz 20\ntimeout 5\n")
    (more / "B.conf").write_text("timeout 5\n")
    assert config_file.effective(str(path), NEW) == {"hz": "20", "include": f"{more}/*.conf", "timeout": "5"}
    (more / "B.conf").write_text("timeout 6\n")
    with pytest.raises(BadInput, match="locale"):
        config_file.effective(str(path), NEW)
    with pytest.raises(BadInput, match="No such file"):
        config_file.effective(str(path), OLD)
