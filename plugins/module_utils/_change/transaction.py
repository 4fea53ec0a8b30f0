# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open a change on the host and apply it, or take back at once what could not be applied."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Callable

from .._errors import ChangeError, LowlatError
from .._server.connection import server_errors
from .._settings.setting import Host
from . import deadline, foreign, neighbours, preimage, restart, rollback, said, unopened, writing
from .guard import RestartMode
from .proposal import Applied, propose, refuse_unfinished
from .store import Change, Store


def apply(
    store: Store,
    connect: Callable[[], Host],
    name: str,
    settings: Sequence[Mapping[str, Any]],
    mode: RestartMode,
    owner: str,
    arm: Callable[[Path, Host, Sequence[str]], Any] = lambda directory, host, changed: None,
    on_foreign_change: str = "restore",
) -> Applied:
    """Apply and leave the change open; whatever fails on the way is taken back before this raises.

    ``arm`` sets its deadline, given its directory and the files that taking back needs; nothing has been written then.
    ``on_foreign_change`` is what a rollback does about values that others have set since.
    """
    host = connect()
    refuse_unfinished(store)
    if not store.path.exists():
        plan = propose(host, settings, mode)
        if not plan.to_change:
            return Applied(plan)  # nothing is made on a host that needs nothing
    with store.locked(doing=f"apply {name}"):
        refuse_unfinished(store)
        plan = propose(host, settings, mode)  # here at last: whoever held the lock may have changed the host
        if not plan.to_change:
            return Applied(plan)
        unopened.clear_all(store.path)
        captured = {**preimage.capture(plan, host), "lines": writing.intended(plan, host)}
        captured.update(stored=said.capture(host))
        captured.update(services=neighbours.capture(host.instance.unit), on_foreign_change=on_foreign_change)
        needed = [*plan.files(host), *filter(None, [host.instance.config_file])]
        change = _open(store, name, lambda directory: arm(directory, host, needed), owner=owner, mode=mode, **captured)
        try:
            with server_errors(host.address):
                written = writing.write(change, plan, host, mode)
            change.journal.append(
                "applied",
                restarted=written.restarted,
                pending=written.pending,
                # Not what stands there by now: somebody may have edited it meanwhile, and a rollback must see that.
                written={path: told["digest"] for path, told in captured["lines"].items()},
            )
        except BaseException as error:
            _take_back(change, connect, error)
            raise
        return Applied(plan, "applied", change, written.restarted, written.pending)


def _open(store: Store, name: str, arm: Callable[[Path], Any], **facts: Any) -> Change:
    """Whole or not at all: where there is no room for the journal nobody watches over a change that never was."""
    made: list[Path] = []

    def prepare(directory: Path) -> None:
        made.append(directory)
        arm(directory)

    try:
        return store.open(name, prepare, **facts)
    except BaseException:
        for directory in made:
            if not (directory / "journal").exists():
                deadline.disarm(directory)
                with contextlib.suppress(OSError):
                    directory.rmdir()
        raise


def _take_back(change: Change, connect: Callable[[], Host], error: BaseException) -> None:
    """Roll back after a failed apply and raise what the operator must know."""
    # Another restart could destroy what is left: this is for a person to look at.
    missing = error.message if isinstance(error, restart.DataMissing) else ""
    undone = rollback.roll_back(change, connect, "apply", missing=missing)
    if not isinstance(error, Exception):
        return
    known = error if isinstance(error, LowlatError) else ChangeError("The change failed", why=str(error) or repr(error))
    remedy = known.remedy
    if undone.left:
        remedy = "ROLLBACK FAILED, left to do by hand: " + "; ".join(undone.left)
    raise ChangeError(
        f"{known.what}; the host was put back" if not undone.left else known.what,
        where=known.where,
        why=known.why,
        remedy=remedy,
        change_id=change.change_id,
        state=change.state,
        left=undone.left,
        restarted=undone.restarted,
        left_stopped=undone.stopped,
        foreign=foreign.of(change),
    ) from error
