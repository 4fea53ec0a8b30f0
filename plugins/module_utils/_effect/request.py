# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One request for the effect of settings, as the module's parameters carry it, and its result as JSON."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping, Sequence
from typing import Any

from .._change.store import Store
from .._change.waiting import closed_at_the_end, connecting
from .._errors import BadInput, ChangeError, LowlatError, ServerError
from .._probe.commands import NAMES
from .._probe.guard import signals_raise
from .._probe.placement import place
from .._server.connection import Address, server_errors
from .._settings.setting import Host
from . import toggle
from .bench import Bench, bench
from .experiment import GRACE, Experiment
from .keeping import Keeping, kept
from .quads import Alternation
from .switching import Switching, alone, refuse_beside_a_change
from .toggle import Toggle

#: A module that takes longer than its time and this, in seconds, hangs.
_HUNG = 120.0
#: A server that answered at first and is refused with one of these codes has failed.
_GONE = frozenset({"unreachable", "timeout"})
_UNTESTED: dict[str, Any] = {
    "verdict": "untested",
    "effects": {},
    "culprits": [],
    "suspects": [],
    "recommendations": [],
}


def run(params: Mapping[str, Any], *, check: bool = False) -> dict[str, Any]:
    """``{changed, verdict, effects, settings, ...}`` for the parameters of setting_effect.

    With ``check`` everything is looked at, and nothing toggled. LowlatError where it cannot be done, where the host is
    not as it was found, or where the server failed meanwhile.
    """
    wanted = _wanted(params)
    _check(params)
    address = Address.from_options(dict(params))
    store = Store(params["state_directory"])
    longest = params["seconds"] * (1.0 + GRACE)
    refuse_beside_a_change(store, longest)
    try:
        with closed_at_the_end(connecting(address)) as connect:
            if check:
                host = connect()
                toggles, skipped = toggle.resolve(wanted, host)
                place(params["cpu"], host.instance.pid)
                return _result(toggles, skipped, dict(_UNTESTED))
            with signals_raise(), store.locked(), server_errors(address):
                refuse_beside_a_change(store, longest)
                host = connect()
                with alone(host) as held:
                    return _measure(params, wanted, store, host, connect, held)
    except OSError as error:
        raise _unworkable(error, store) from error


def _unworkable(error: OSError, store: Store) -> ChangeError:
    return ChangeError(
        "The host does not let us work",
        where=str(error.filename or store.path),
        why=error.strerror or str(error),
        remedy="Make room there, or make it writable",
    )


def _measure(
    params: Mapping[str, Any], wanted: Sequence[Mapping[str, Any]], store: Store, host: Host, connect: Any, held: int
) -> dict[str, Any]:
    toggles, skipped = toggle.resolve(wanted, host)
    if not toggles:
        return _result(toggles, skipped, dict(_UNTESTED))
    seed = secrets.randbits(32) if params.get("seed") is None else int(params["seed"])
    start = time.monotonic()
    keeping: Keeping | None = None
    try:
        moves = any(one.values[0].kind == "affinity" for one in toggles)
        measuring = bench(host.address, host.instance.pid, params["cpu"], params["commands"], params["duty"], moves)
        limit = params["seconds"] * (1.0 + GRACE) + _HUNG
        keep = kept(toggles, host, connect, store.path / "lock", limit, [held])
        with measuring as found, keep as keeping:
            said = _experiment(params, toggles, host, found, seed, keeping.foreign).run()
    except LowlatError as error:
        if keeping and keeping.restored and keeping.restored.restarted and not keeping.restored.left:
            _prove(keeping, host)
        _tell_what_is_left(keeping, error)
        raise
    except OSError as error:
        told = _unworkable(error, store)
        _tell_what_is_left(keeping, told)
        raise told from error
    _prove(keeping, host)
    said.update(
        seconds=round(time.monotonic() - start, 3),
        seed=seed,
        cpu=found.placement.to_dict(),
        not_measured=found.not_measured,
        warnings=[*found.placement.warnings, *filter(None, [found.left])],
        left_as_found=True,
    )
    return _result(toggles, skipped, said)


def _experiment(
    params: Mapping[str, Any],
    toggles: Sequence[Toggle],
    host: Host,
    found: Bench,
    seed: int,
    foreign: dict[str, str],
) -> Experiment:
    switching = Switching(toggles, host, foreign)

    def switch(new: Sequence[int], old: Sequence[int]) -> None:
        try:
            with server_errors(host.address):
                switching(new, old)
        except ServerError as error:
            raise (_failed(error, host) if error.details.get("code") in _GONE else error) from error

    alternation = Alternation(len(toggles), switch, found.side, seed)
    margins = {}
    for command in found.commands:
        margins[f"{command.metric}.p50"] = params["margin_p50"]
        margins[f"{command.metric}.p99"] = params["margin_p99"]
    names = [{"kind": one.values[0].kind, "key": one.values[0].key} for one in toggles]
    return Experiment(names, alternation, margins, time.monotonic(), params["seconds"])


def _failed(error: ServerError, host: Host) -> ServerError:
    return ServerError(
        "The server failed while its settings were compared",
        where=str(host.address),
        why=error.why,
        remedy="See its log; nothing can be said of the settings",
        **error.details,
    )


def _result(toggles: Sequence[Toggle], skipped: Sequence[Mapping[str, str]], said: dict[str, Any]) -> dict[str, Any]:
    return {"changed": False, "settings": [one.report() for one in toggles], "left_out": list(skipped), **said}


def _wanted(params: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    one, several = params.get("setting"), params.get("settings")
    if (one is None) == (several is None):
        raise BadInput(
            "Either setting or settings is needed, and not both",
            where="setting, settings",
            why="both are given" if one is not None else "none is given",
            remedy="Give setting for one, or settings for a bundle",
        )
    if several is not None and not several:
        raise BadInput("There is nothing to toggle", where="settings", why="it is empty", remedy="Name at least one")
    return [one] if one is not None else list(several or ())


def _check(params: Mapping[str, Any]) -> None:
    """BadInput for figures that make no sense, before anything is touched."""
    for name, least, most in (
        ("margin_p50", 0.001, 10),
        ("margin_p99", 0.001, 10),
        ("seconds", 1, 3600),
        ("duty", 0.001, 1),
    ):
        if not least <= params[name] <= most:
            why = f"it must be from {least:g} to {most:g}"
            raise BadInput(f"{name} is {params[name]:g}", where=name, why=why, remedy="Give a number in between")
    unknown = [name for name in params["commands"] if name not in NAMES]
    if unknown or not params["commands"]:
        raise BadInput(
            f"commands is {', '.join(map(str, params['commands']))[:80] or 'empty'}",
            where="commands",
            why="there are commands that are not measured" if unknown else "nothing is left to measure",
            remedy=f"Choose from {', '.join(NAMES)}",
        )


def _tell_what_is_left(keeping: Keeping | None, error: LowlatError) -> None:
    """An error on the way also says how the host was left."""
    restored = keeping.restored if keeping else None
    error.details["left_as_found"] = keeping is None or (restored is not None and restored.as_found)
    if restored is not None and (restored.left or restored.foreign or restored.rewritten):
        error.details.update(left=restored.left, foreign=restored.foreign, rewritten=restored.rewritten)


def _prove(keeping: Keeping, host: Host) -> None:
    restored = keeping.restored
    if restored is None or restored.as_found:
        return
    if restored.left:
        raise ChangeError(
            "The server could not be left as it was found",
            where=str(host.address),
            why="; ".join(restored.left),
            remedy="A process on the host goes on trying for 15 minutes; see what keeps the server from answering",
            left=restored.left,
            foreign=restored.foreign,
            left_as_found=False,
        )
    if restored.rewritten:
        raise ChangeError(
            "The config file was rewritten while its settings were compared",
            where=str(host.address),
            why="; ".join(restored.rewritten) + ": somebody's CONFIG REWRITE wrote down a value that was only tried",
            remedy="The live values are those that were found: another CONFIG REWRITE writes these down",
            rewritten=restored.rewritten,
            foreign=restored.foreign,
            left_as_found=False,
        )
    if restored.unanswered:
        raise ServerError(
            "The server ended while its settings were compared",
            where=str(host.address),
            why="the process that was found is gone, and no other answers",
            remedy="See its log; its next start gives it the values that it is configured with",
            left_as_found=False,
        )
    if restored.restarted:
        raise ServerError(
            "The server was restarted while its settings were compared",
            where=str(host.address),
            why="another process answers than the one that was found",
            remedy="Run it again",
            left_as_found=False,
        )
    raise ChangeError(
        "Somebody else set these values while they were compared",
        where=str(host.address),
        why="; ".join(restored.foreign),
        remedy="Run it again when nobody else works on the host",
        foreign=restored.foreign,
        left_as_found=False,
    )
