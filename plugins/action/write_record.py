# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the record of a change on the controller: one step where copy and template would take many."""

from __future__ import annotations

import errno
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

ARGUMENTS = {
    "record": {"type": "dict", "required": True},
    "markdown": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
}


class ActionModule(ActionBase):
    """No module runs: this is all there is to it."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        contents = {
            f"{arguments['path']}.json": json.dumps(arguments["record"], indent=2, sort_keys=True) + "\n",
            f"{arguments['path']}.md": arguments["markdown"],
        }
        try:
            written = [path for path, text in contents.items() if _write(Path(path), text, self._task.check_mode)]
        except OSError as error:
            return {
                "failed": True,
                "msg": f"The record cannot be written: {error.filename or arguments['path']}: {error.strerror}. "
                "Make it writable for who runs Ansible, or set report_directory.",
            }
        return {"changed": bool(written), "files": list(contents)}


#: A record is some hundred KiB.
_ROOM = 4 << 20


def _refuse_unwritable(path: Path) -> None:
    """OSError where a file of a new directory could not be written there."""
    there = next(parent for parent in path.parents if parent.exists())
    if not there.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), os.fspath(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(there))
    room = os.statvfs(there)
    if room.f_bavail * room.f_frsize < _ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), os.fspath(there))


def _write(path: Path, text: str, check: bool) -> bool:
    """Put the text there in one step; whether it was not there before."""
    content = text.encode()
    if path.is_file() and path.read_bytes() == content:
        return False
    if check:
        _refuse_unwritable(path)
        return True
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=".", dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
    return True
