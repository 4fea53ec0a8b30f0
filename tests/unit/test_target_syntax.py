# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs on targets is written in the language of the oldest Python that they may have."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

OLDEST = (3, 9)
PLUGINS = Path(__file__).parents[2] / "plugins"
ON_TARGETS = sorted([*PLUGINS.glob("module_utils/**/*.py"), *PLUGINS.glob("modules/*.py")])


@pytest.mark.slow
def test_every_file_is_of_the_oldest_language() -> None:
    assert len(ON_TARGETS) > 100
    for path in ON_TARGETS:
        source = path.read_text(encoding="utf-8")
        statements = ast.parse(source, str(path), feature_version=OLDEST).body
        # With it annotations may be newer than the Python that reads them. A package may have a docstring alone.
        assert "from __future__ import annotations" in source or len(statements) <= 1, path


def test_a_newer_language_would_be_found() -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match 1:\n    case 1:\n        pass\n", feature_version=OLDEST)
