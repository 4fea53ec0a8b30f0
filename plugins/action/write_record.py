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

from ansible_collections.lowlat.redis.plugins.module_utils._afterwards import added, joined

ARGUMENTS = {
    "record": {"type": "dict", "required": True},
    "markdown": {"type": "str", "required": True},
    "path": {"type": "path", "required": True},
    "afterwards": {"type": "bool", "default": False},
}


class ActionModule(ActionBase):
    """No module runs: this is all there is to it."""

    TRANSFERS_FILES = False
    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=ARGUMENTS)
        path, record, markdown = arguments["path"], arguments["record"], arguments["markdown"]
        files = [f"{path}.json", f"{path}.md"]
        try:
            if arguments["afterwards"]:
                record = added(_record(Path(files[0])), record)
                if record is None:
                    return {"changed": False, "files": files}
                markdown = joined(markdown, _text(Path(files[1])))
            contents = [json.dumps(record, indent=2, sort_keys=True) + "\n", markdown]
            written = [_write(Path(file), text, self._task.check_mode) for file, text in zip(files, contents)]
        except ValueError as error:
            return {
                "failed": True,
                "msg": f"The record that is there cannot be read, so nothing was added to it: {files[0]}: {error}. "
                "Move it away.",
            }
        except OSError as error:
            return {
                "failed": True,
                "msg": f"The record cannot be written: {error.filename or arguments['path']}: {error.strerror}. "
                "Make it writable for who runs Ansible, or set report_directory.",
            }
        return {"changed": any(written), "files": files}


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


def _text(path: Path) -> str:
    """What is in the file; nothing where there is none."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _record(path: Path) -> dict[str, Any] | None:
    """The record that is there. ValueError if it is none."""
    if not path.is_file():
        return None
    found = json.loads(_text(path))
    if not isinstance(found, dict):
        raise ValueError("it is no mapping")
    return found


def _write(path: Path, text: str, check: bool) -> bool:
    """Put the text there in one step; whether it was not there before."""
    content = text.encode(errors="backslashreplace")  # a value of the host need not be UTF-8
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
