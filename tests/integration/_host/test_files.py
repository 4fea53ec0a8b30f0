# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._host import files
from ansible_collections.lowlat.redis.plugins.module_utils._host.file_image import FileImage


def make(path: Path, content: bytes = b"old\n", mode: int = 0o640) -> str:
    path.write_bytes(content)
    path.chmod(mode)
    return str(path)


def through_json(image: FileImage) -> FileImage:
    return FileImage.from_dict(json.loads(json.dumps(image.to_dict())))


def test_a_replaced_file_keeps_mode_owner_and_attributes(tmp_path: Path) -> None:
    path = make(tmp_path / "redis.conf")
    os.setxattr(path, "user.label", b"\xff1")
    if os.geteuid() == 0:
        os.chown(path, 1234, 5678)
    before = os.stat(path)
    files.replace_bytes(path, b"new\xff\0", mode=0o600)
    after = os.stat(path)
    assert Path(path).read_bytes() == b"new\xff\0"
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert os.getxattr(path, "user.label") == b"\xff1"
    assert os.listdir(tmp_path) == ["redis.conf"]
    assert after.st_ino != before.st_ino


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    make(tmp_path / "real.conf")
    link = tmp_path / "redis.conf"
    link.symlink_to("real.conf")
    files.replace_bytes(str(link), b"new\n")
    assert os.readlink(link) == "real.conf"
    assert (tmp_path / "real.conf").read_bytes() == b"new\n"


def test_a_file_with_two_names_keeps_both(tmp_path: Path) -> None:
    path = make(tmp_path / "a", b"something longer\n")
    os.link(path, tmp_path / "b")
    files.replace_bytes(path, b"new\n")
    assert (tmp_path / "b").read_bytes() == b"new\n"


def test_a_new_file_and_its_directories(tmp_path: Path) -> None:
    path = str(tmp_path / "x.service.d" / "deep" / "90-lowlat.conf")
    image = through_json(FileImage.capture(path))
    files.replace_bytes(path, b"new\n", mode=0o600)
    assert os.stat(path).st_mode & 0o777 == 0o600
    assert image.differs() == ["existence"]
    image.restore()
    assert os.listdir(tmp_path) == [] and image.differs() == []


def test_a_directory_that_others_have_filled_meanwhile_stays(tmp_path: Path) -> None:
    path = str(tmp_path / "d" / "file")
    image = FileImage.capture(path)
    files.replace_bytes(path, b"new\n")
    make(tmp_path / "d" / "other")
    image.restore()
    assert os.listdir(tmp_path / "d") == ["other"]


def test_no_content_removes(tmp_path: Path) -> None:
    path = make(tmp_path / "a")
    files.replace_bytes(path, None)
    files.replace_bytes(path, None)
    assert os.listdir(tmp_path) == []


def test_an_image_brings_everything_back(tmp_path: Path) -> None:
    path = make(tmp_path / "real", b"\0\xffold")
    os.setxattr(path, "user.label", b"1")
    os.utime(path, ns=(5, 1_700_000_000_123_456_789))
    link = tmp_path / "redis.conf"
    link.symlink_to("real")
    image = through_json(FileImage.capture(str(link)))
    assert image.differs() == []
    link.unlink()
    make(link, b"new", 0o666)
    os.unlink(path)
    assert image.differs() == ["link", "content", "mode", "xattrs"]
    image.restore()
    assert image.differs() == []
    assert os.readlink(link) == "real"
    assert (tmp_path / "real").stat().st_mtime_ns == 1_700_000_000_123_456_789
    inode = os.stat(link).st_ino
    image.restore()
    assert os.stat(link).st_ino == inode, "what is so already is not touched"


def test_only_the_mode_differs(tmp_path: Path) -> None:
    path = make(tmp_path / "redis.conf")
    image = FileImage.capture(path)
    os.chmod(path, 0o644)
    assert image.differs() == ["mode"]
    image.restore()
    assert os.stat(path).st_mode & 0o7777 == 0o640


def test_a_restored_file_is_whole_in_one_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is killed after it has nothing left to do; a power cut may take what is not on the disk by then."""
    path = make(tmp_path / "redis.conf", b"old", 0o600)
    os.utime(path, ns=(5, 5_000_000_007))
    image = FileImage.capture(path)
    files.replace_bytes(path, b"new")
    os.chmod(path, 0o644)
    seen: list[tuple[int, int]] = []
    replace = os.replace

    def look(source: str, target: str) -> None:
        status = os.stat(source)
        seen.append((status.st_mode & 0o777, status.st_mtime_ns))
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", look)
    image.restore()
    assert seen == [(0o600, 5_000_000_007)] and image.differs() == []


def test_the_time_of_a_file_that_somebody_else_put_back(tmp_path: Path) -> None:
    path = make(tmp_path / "redis.conf", b"old")
    os.utime(path, ns=(5, 5_000_000_007))
    image = FileImage.capture(path)
    os.utime(path)
    image.restore()
    assert os.stat(path).st_mtime_ns == 5_000_000_007


def test_a_dangling_link(tmp_path: Path) -> None:
    link = tmp_path / "redis.conf"
    link.symlink_to("nowhere")
    image = FileImage.capture(str(link))
    files.replace_bytes(str(link), b"new")
    assert (tmp_path / "nowhere").read_bytes() == b"new"
    image.restore()
    assert os.listdir(tmp_path) == ["redis.conf"] and os.readlink(link) == "nowhere"


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no regular file"):
        FileImage.capture(str(tmp_path))
    with pytest.raises(BadInput, match="it is a directory"):
        files.check_replaceable(str(tmp_path))
    make(tmp_path / "file")
    with pytest.raises(BadInput, match="is no directory"):
        files.check_replaceable(str(tmp_path / "file" / "below"))


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "redis.conf")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ChangeError, match="No space left"):
        files.replace_bytes(path, b"new")
    assert Path(path).read_bytes() == b"old\n" and os.listdir(tmp_path) == ["redis.conf"]


def test_checks_write_nothing(tmp_path: Path) -> None:
    files.check_replaceable(str(tmp_path / "new" / "file"))
    files.check_replaceable(make(tmp_path / "file"))
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_of_somebody_else_is_none_that_an_ordinary_user_can_replace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its directory may be everybody's: the new file would be theirs."""
    file = tmp_path / "redis.conf"
    file.write_text("hz 10\n")
    files.check_replaceable(os.fspath(file))
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)
    with pytest.raises(BadInput, match="belongs to another user") as caught:
        files.check_replaceable(os.fspath(file))
    assert caught.value.where == os.fspath(file) and caught.value.remedy == "Run with become: true"
    os.link(file, tmp_path / "other")  # written in place
    files.check_replaceable(os.fspath(file))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["other", "redis.conf"]


READ_ONLY = """
mount -t tmpfs none "$1" && echo old > "$1/file" && touch "$1/bound" && mount --bind "$1/file" "$1/bound" &&
mount -t tmpfs none "$2" && touch "$2/file" && mount -o remount,ro "$2" && exec "$3" -c "$4" "$1" "$2"
"""
IN_NAMESPACE = """
import sys
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._host import files
bound, locked = sys.argv[1] + "/bound", sys.argv[2] + "/file"
files.replace_bytes(bound, b"new")
print(open(sys.argv[1] + "/file").read())
try:
    files.check_replaceable(locked)
except BadInput as error:
    print(error.message)
"""


def test_mount_points_and_read_only_file_systems(tmp_path: Path, in_namespaces: tuple[str, ...]) -> None:
    """In a mount namespace of its own: a file that is a mount point itself, and a file system without writing."""
    import sys

    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir()
    command = [*in_namespaces, "sh", "-ec", READ_ONLY, "sh", *map(str, places), sys.executable, IN_NAMESPACE]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.stdout.startswith("new\n"), done.stderr
    assert "mounted read-only" in done.stdout


def test_a_file_with_two_names_is_never_longer_than_what_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is killed while it is written in place leaves old bytes at most, and no hole."""
    path = make(tmp_path / "redis.conf", b"hz 10\n")
    os.link(path, tmp_path / "other")
    calls: list[str] = []
    monkeypatch.setattr(files.os, "ftruncate", lambda *_arguments: calls.append("ftruncate"))
    files.replace_bytes(path, b"hz 10\ntimeout 7\n")
    assert calls == [] and Path(path).read_bytes() == b"hz 10\ntimeout 7\n"
