# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw what the last ./dev demo printed at its end: .demo/summary.txt becomes docs/images/demo.svg."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    summary = (root / ".demo" / "summary.txt").read_text(encoding="utf-8").replace(f"{root}/", "")
    text = Text("$ ./dev demo\n...\n", style="bold") + Text(summary)
    for pattern, style in ((r"\bkeep\b|\bconfirmed\b|\bpass\b", "green"), (r"\broll(ed)? back\b|\bfail\b", "red")):
        text.highlight_regex(pattern, style)
    console = Console(record=True, width=WIDTH, file=io.StringIO())
    console.print(text)
    picture = console.export_svg(title="lowlat.redis")
    # The viewer's own monospace font does: no font is fetched from anywhere.
    picture = re.sub(r"@font-face\s*\{.*?\}", "", picture, flags=re.DOTALL)
    (root / "docs" / "images" / "demo.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
