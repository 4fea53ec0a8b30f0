# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever becomes of the file that holds the deadline, the change does not stay for that."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import armed, boot
from ansible_collections.lowlat.redis.plugins.module_utils._errors import ChangeError
from ansible_collections.lowlat.redis.plugins.module_utils._runner import commands, copy
from tests.integration._change.conftest import Changer
from tests.integration._runner.test_deadline import apply, directory, run, runner, state

pytestmark = pytest.mark.slow

Make = Callable[..., Changer]


def armed_file(host: Changer, applied: dict[str, Any]) -> Path:
    return directory(host, applied) / "armed"


def damages(whole: bytes) -> list[bytes]:
    """Cut where nothing whole is left, and damaged in both copies."""
    copies = whole.split(b"\n")
    both = b"\n".join(line[:-3] + b"#" + line[-2:] for line in copies if line) + b"\n"
    return [b"", whole[:1], whole[: len(copies[0]) - 1], both, b"\0" * len(whole), os.urandom(len(whole))]


def test_one_copy_is_enough(changer: Make) -> None:
    """The password is only there."""
    host = changer(password="s3cret", login={"login_password": "s3cret"})
    for copy_damaged in (0, 1):
        path = armed_file(host, apply(host, *host.redis(hz=20)))
        lines = path.read_bytes().splitlines()
        lines[copy_damaged] = b"#" * len(lines[copy_damaged])
        path.write_bytes(b"\n".join(lines) + b"\n")
        assert run(host, "expire", os.fspath(path.parent)).returncode == 0 and state(host) == "applied"
        assert run(host, "recover", host.state_directory).returncode == 0
        assert (state(host), host.live("hz"), path.exists()) == ("rolled_back", "10", False)


@pytest.mark.parametrize("number", range(6))
@pytest.mark.parametrize("command", ["expire", "recover"])
def test_where_none_is_sound_the_deadline_has_passed(changer: Make, number: int, command: str) -> None:
    host = changer()
    before = host.config
    path = armed_file(host, apply(host, *host.redis(hz=20)))
    path.write_bytes(damages(path.read_bytes())[number])
    with pytest.raises(ChangeError, match="damaged, so it was not confirmed"):
        host.run("confirmed")
    done = run(host, command, os.fspath(path.parent) if command == "expire" else host.state_directory)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "damaged" in done.stdout
    assert (state(host), host.live("hz"), host.config, path.exists()) == ("rolled_back", "10", before, False)


def test_at_boot_it_has_passed_too(changer: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    host = changer()
    before = host.config
    path = armed_file(host, apply(host, *host.redis(hz=20)))
    path.write_bytes(b"")
    host.server.stop()
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    assert commands.main(["boot", os.fspath(path.parent)]) == commands.DONE
    assert host.config == before
    host.server.start()
    assert commands.main(["expire", os.fspath(path.parent)]) == commands.DONE
    assert (state(host), host.live("hz"), path.exists()) == ("rolled_back", "10", False)


def test_a_server_on_a_socket_is_found_by_the_journal(changer: Make) -> None:
    host = changer()
    path = armed_file(host, apply(host, *host.redis(hz=20), login_unix_socket=host.server.unix_socket))
    path.write_bytes(b"")
    assert run(host, "recover", host.state_directory).returncode == 0
    assert (state(host), host.live("hz")) == ("rolled_back", "10")


def test_what_needs_a_password_that_is_nowhere_is_left_to_do(changer: Make) -> None:
    """A user of its own: his password was in that file alone."""
    host = changer(
        "user default off",
        "user ops on >0ps ~* &* +@all",
        login={"login_user": "ops", "login_password": "0ps"},
    )
    before = host.config
    path = armed_file(host, apply(host, *host.redis(hz=20)))
    path.write_bytes(b"")
    done = run(host, "recover", host.state_directory)
    assert done.returncode == commands.BY_HAND
    assert "let us in to the server" in done.stdout and "login_password" in done.stdout
    assert (state(host), host.config, path.exists()) == ("rollback_failed", before, False)
    assert host.run("rolled_back")["state"] == "rolled_back"


def test_where_the_journal_does_not_tell_the_server_none_is_asked(changer: Make) -> None:
    host = changer()
    applied = apply(host, *host.redis(hz=20))
    path = armed_file(host, applied)
    path.write_bytes(b"")
    journal = path.with_name("journal")
    lines = journal.read_bytes().split(b"\n")
    for number, line in enumerate(lines):
        if line and json.loads(line[33:])["entry"] in ("opened", "ready"):
            lines[number] = b"#" * len(line)
    journal.write_bytes(b"\n".join(lines))
    done = run(host, "recover", host.state_directory)
    assert done.returncode == commands.BY_HAND and "which server" in done.stdout
    assert (state(host), host.live("hz"), path.exists()) == ("rollback_failed", "20", False)


def test_the_former_format_is_taken_back(changer: Make) -> None:
    """The change was opened by an older release."""
    host = changer(password="s3cret", login={"login_password": "s3cret"})
    path = armed_file(host, apply(host, *host.redis(hz=20)))
    facts = armed.decode(path.read_bytes())
    assert facts is not None
    facts.pop("damage")
    path.write_text(json.dumps(facts))
    assert run(host, "expire", os.fspath(path.parent)).returncode == 0 and state(host) == "applied"
    assert run(host, "recover", host.state_directory).returncode == 0
    assert (state(host), host.live("hz")) == ("rolled_back", "10")


@pytest.fixture
def beside(changer: Make) -> tuple[Changer, Path]:
    """An open change, and a directory beside it that is to become bad: newer, so that it comes first."""
    host = changer()
    where = directory(host, apply(host, *host.redis(hz=20)))
    other = where.with_name("29990101T000000Z-bad-0000")
    other.mkdir()
    (other / "armed").write_bytes((where / "armed").read_bytes())
    return host, other


def test_recover_goes_on_past_a_journal_that_nobody_understands(beside: tuple[Changer, Path]) -> None:
    host, other = beside
    (other / "journal").write_bytes(_of_a_newer_release())
    done = run(host, "recover", host.state_directory)
    assert (done.returncode, host.live("hz")) == (commands.AGAIN, "10")
    assert other.name in done.stderr and "newer release" in done.stderr and "rolled back" in done.stdout
    assert (other / "armed").exists()


def test_it_is_in_the_way_of_no_other_deadline(beside: tuple[Changer, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    host, other = beside
    (other / "journal").write_bytes(_of_a_newer_release())
    (where,) = (path for path in other.parent.iterdir() if path != other)
    monkeypatch.setattr(boot, "identity", lambda: "another/1")
    assert commands.main(["expire", os.fspath(where)]) == commands.DONE
    assert host.live("hz") == "10" and not (where / "armed").exists()


def test_recover_goes_on_past_a_file_that_cannot_be_read(beside: tuple[Changer, Path]) -> None:
    host, other = beside
    (other / "armed").unlink()
    (other / "armed").mkdir()
    done = run(host, "recover", host.state_directory)
    assert (done.returncode, host.live("hz")) == (commands.AGAIN, "10")
    assert other.name in done.stderr
    (other / "armed").rmdir()


def test_an_old_copy_of_the_code_stays_while_nobody_knows_whose_it_is(changer: Make) -> None:
    host = changer()
    path = armed_file(host, apply(host, *host.redis(hz=20)))
    old = runner(host).rename(runner(host).with_name("lowlat-0123456789abcdef.pyz"))
    path.write_bytes(b"")
    assert copy.install(Path(host.state_directory)) != old and old.exists()
    host.run("rolled_back")


def _of_a_newer_release() -> bytes:
    from ansible_collections.lowlat.redis.plugins.module_utils._change import chain

    return b"".join(line for line, _digest in chain.write([{"entry": "opened", "version": 99}]))
