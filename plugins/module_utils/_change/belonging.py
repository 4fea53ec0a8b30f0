# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose change it is: a server that was restarted is the same, another one on this host is not."""

from __future__ import annotations

from typing import Any, Callable

from .._errors import BadInput, LowlatError, ServerError
from .._server.connection import Address
from .._server.process import started
from .._settings.setting import Host
from . import addresses, deadline, launch
from .store import Change


def refuse_another(change: Change, host: Host) -> None:
    """BadInput where this is another server than the one that the change was made on."""
    if not is_another(change, host):
        return
    here = host.instance
    raise BadInput(
        "This is another server than the one that the change was made on, so nothing was done to it",
        where=change.describe(),
        why=f"the change is of {server_of(change)}; asked was {_named(here.unit, here.config_file, host.address)}",
        remedy="Give login_host, login_port or login_unix_socket of the server that it was made on, or the id of a "
        "change of this one",
    )


def refuse_unproven(change: Change, asked: Address, why: LowlatError) -> None:
    """BadInput, or ``why`` itself, where somebody asks in a way by which he cannot get in and others could.

    What he wants cannot be done so. It would end the watch of the host, which can, or leave half of a change that is
    kept, its files taken back and its live values not.
    """
    if not addresses.leads_to(change, asked):
        raise BadInput(
            "The change was made at another address than was asked for, where nobody lets us in, so nothing was done",
            where=change.describe(),
            why=f"the change is of {server_of(change)}; asked was {asked}: {why.what}",
            remedy="Give login_host, login_port, login_unix_socket and tls of the server that it was made on",
        ) from why
    watched = deadline.is_armed(change.directory)
    if why.details.get("code") == "auth" and (watched or change.state == "confirmed"):
        itself = (
            f". The host itself may still get in: the command recover {change.directory.parents[1]} of its runner has "
            "it take back every open change"
        )
        raise ServerError(
            f"{why.what}, so nothing was done",
            where=str(asked),
            why=why.why,
            remedy=f"{why.remedy}{itself if watched else ''}",
            code="auth",
        ) from why


def only_to_its_server(change: Change, connect: Callable[[], Host]) -> Callable[[], Host]:
    """The same connection, but to no other server: one that has got the address meanwhile must not be touched."""

    def connected() -> Host:
        host = connect()
        refuse_another(change, host)
        return host

    return connected


def is_another(change: Change, host: Host) -> bool:
    """As far as the journal tells: those of old tell less, and nobody is refused for that."""
    known, here = change.opened["server"], host.instance
    if not known or (here.pid, here.process_started) in processes(change):
        return False
    unit, file = change.opened["unit"], known.get("config_file")
    if unit and unit == here.unit:
        return False
    if any(map(runs, processes(change))):
        return True  # it runs beside this one, whatever they have in common
    if file and here.config_file:
        return bool(file != here.config_file)
    if unit and here.unit:
        return True
    port = str(known.get("address", "")).rpartition(":")[2]
    return port.isdigit() and int(port) != here.tcp_port and str(host.address) != known["address"]


def processes(change: Change) -> set[tuple[Any, Any]]:
    """(pid, start) of each process that its server has had, as far as the journal tells."""
    entries = (change.opened["server"], *change.journal.entries)
    return {(one["pid"], one["process_started"]) for one in entries if "pid" in one and "process_started" in one}


def any_runs(change: Change) -> bool:
    """Whether any of them is there; of one whose start the journal does not tell, whether its number is taken."""
    entries = [one for one in (change.opened["server"], *change.journal.entries) if "pid" in one]
    numbers = (int(one["pid"]) for one in entries if one.get("process_started") is None)
    return any(map(runs, processes(change))) or any(map(launch.is_running, numbers))


def runs(process: tuple[Any, Any]) -> bool:
    """Whether that very process is there, and not another one with its number. A zombie has ended."""
    try:
        pid = int(process[0])
        return bool(started(pid) == process[1]) and launch.is_running(pid)
    except (OSError, ValueError):
        return False


def server_of(change: Change) -> str:
    """In words."""
    known = change.opened["server"]
    return _named(change.opened["unit"], known.get("config_file"), known.get("address"))


def _named(unit: str | None, file: str | None, address: Any) -> str:
    return f"{unit or file or 'the server'} at {address or 'an address that its journal does not tell'}"
