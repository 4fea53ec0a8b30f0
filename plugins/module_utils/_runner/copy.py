# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The host's own copy of this code: one file that its Python runs, with no Ansible and no network.

It is named by what it holds. A change keeps the copy that it was opened with, so that another version, which comes
with the next change, is no danger to it.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from .._change import deadline, watching
from .._change.armed import Deadline
from .._host import files
from . import commands

_PACKAGE = "ansible_collections/lowlat/redis/plugins/module_utils"
# The imports above also make the commands travel with a module that installs them.
_MAIN = f"""\
import sys

if sys.argv[1:2] == ["watch"]:
    from {watching.__name__} import main
else:
    from {commands.__name__} import main

sys.exit(main(sys.argv[1:]))
"""
_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same bytes make the same file


def install(state_directory: Path) -> Path:
    """Have the copy of the code that runs now below the state directory. ChangeError, OSError if it cannot be written.

    Other copies that no open change was opened with are removed.
    """
    sources = _sources()
    digest = hashlib.sha256()
    for name, content in sorted(sources.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    path = state_directory / "runner" / f"lowlat-{digest.hexdigest()[:16]}.pyz"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    archive = _archive(sources)
    if not _holds(path, archive):
        path.parent.chmod(0o700)  # those of older releases may be entered by others
        files.sync_directory(state_directory)  # it may be new, or of somebody who was killed before he could do this
        files.replace_bytes(os.fspath(path), archive, 0o600)
        _remove_others(path, deadline.all_armed(state_directory))
        for unfinished in path.parent.glob(".lowlat-*"):
            unfinished.unlink()  # somebody was killed here; nobody else writes under the lock
    return path


def _holds(path: Path, content: bytes) -> bool:
    """A damaged copy would end in an error at every deadline; one that cannot be read is none."""
    try:
        return path.read_bytes() == content
    except OSError:
        return False


def _remove_others(path: Path, armed: Iterable[Deadline]) -> None:
    needed = {os.fspath(path), *(one.runner for one in armed)}
    if "" in needed:
        return  # one is damaged, and tells no more which copy it needs
    for other in path.parent.glob("lowlat-*.pyz"):
        if os.fspath(other) not in needed:
            other.unlink()


def _sources() -> dict[str, bytes]:
    """The modules that are here, by their path from the collections' root; they may have come in an archive."""
    here = os.path.abspath(__file__)
    root = here[: here.rindex(_PACKAGE)].rstrip("/")
    if zipfile.is_zipfile(root):
        with zipfile.ZipFile(root) as archive:
            names = (name for name in archive.namelist() if name.startswith(f"{_PACKAGE}/") and name.endswith(".py"))
            return {name: archive.read(name) for name in names}
    package = Path(root, _PACKAGE)
    return {f"{_PACKAGE}/{path.relative_to(package)}": path.read_bytes() for path in package.rglob("*.py")}


def _archive(sources: Mapping[str, bytes]) -> bytes:
    packages = {os.path.dirname(name) for name in sources}
    packages.update(_PACKAGE.rsplit("/", depth)[0] for depth in range(1, _PACKAGE.count("/") + 1))
    content = {f"{package}/__init__.py": b"" for package in packages}
    content.update(sources, **{"__main__.py": _MAIN.encode()})
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, source in sorted(content.items()):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), source, zipfile.ZIP_DEFLATED)
    return made.getvalue()
