# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measured server as the probe sees it: where it runs, whether writes are wise, what it counts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from .._errors import LowlatError, ServerError
from .._server.connection import Address, raw, server_errors, socket_of
from .._server.process import find_process
from .commands import EXPIRY_MS, Command, new_key, served_slots, set_, xadd
from .server_statistics import Reading, parse_histogram, parse_info

# A cache that evicts at its limit stays this close to it: there every write costs a key of somebody else.
_LIMIT_MARGIN = 1 << 20
# Codes of what the server answers, rather than of how it fails.
_REFUSALS = ("noperm", "unknown_command", "refused")
_NEVER = ("noperm", "unknown_command")
# Whoever is told this is told the same a moment later.
_IN_VAIN = ("unreachable", "auth", *_NEVER, "tls", "protocol")
_TRIES, _PAUSE = 3, 1.0


class Server:
    """A control connection beside the timed one, with a time-out. Close it."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._connection: Any = raw(address)
        socket_of(self._connection).settimeout(address.timeout)
        self.keys: dict[str, str] = {}

    def close(self) -> None:
        self._connection.disconnect()

    def ask(self, *words: str) -> Any:
        """The reply as it came: bytes, integers and lists of them. ServerError for an error reply."""
        with server_errors(self.address):
            self._connection.send_command(*words)
            return self._connection.read_response()

    def ask_all(self, *commands: Sequence[str]) -> list[Any]:
        """The replies to several commands in one round trip. A ServerError in its place for an error reply."""
        with server_errors(self.address):
            self._connection.send_packed_command(self._connection.pack_commands(commands))
        replies: list[Any] = []
        for _command in commands:
            try:
                with server_errors(self.address):
                    replies.append(self._connection.read_response())
            except ServerError as error:
                if error.details.get("code") not in _REFUSALS:
                    raise
                replies.append(error)
        return replies

    def text(self, *words: str) -> str:
        reply = self.ask(*words)
        return reply.decode("utf-8", "surrogateescape") if isinstance(reply, bytes) else str(reply)

    def info(self) -> dict[str, str]:
        """The fields of INFO."""
        pairs = (line.split(":", 1) for line in self.text("INFO").splitlines() if ":" in line)
        return {name: value.strip() for name, value in pairs}

    def choose_keys(self, names: Sequence[str], cluster: bool) -> str:
        """One key for each command that writes; why there can be none, or empty."""
        slots = served_slots(self.text("CLUSTER", "NODES")) if cluster else None
        if slots == []:
            return "this cluster node serves no slots"
        self.keys = {name: new_key(slots) for name in names}
        return ""

    def command(self, name: str) -> Command:
        return {"set": set_, "xadd": xadd}[name](self.keys[name])

    def try_write(self, command: Command) -> str:
        """Why this command is better not measured here; empty after a trial that went well."""
        try:
            if command.name == "xadd":
                self.renew(command.name)
            else:
                self.ask(*_words(command.request))
        except LowlatError as error:
            # Who may not do it has made no key, and there is none to remove or to be told of.
            if error.details.get("code") in _NEVER and "made" not in error.details:
                del self.keys[command.name]
            return f"a trial {command.name.upper()} was refused: {error.why or error.what}"
        return ""

    def renew(self, name: str) -> None:
        """XADD sets no expiry itself, so the stream's is pushed on between blocks.

        One that is not there (yet, or after a long pause) is made here, and whoever may set no expiry makes none. Both
        commands go out as one write: whoever dies then has sent both, and MULTI is not everybody's to use.
        """
        expiry = ("PEXPIRE", self.keys[name], str(EXPIRY_MS)) if name == "xadd" else ()
        if expiry and not self.ask(*expiry):
            made, expires = self.ask_all(_words(self.command(name).request), expiry)
            if isinstance(made, ServerError):
                raise made
            if isinstance(expires, ServerError):
                expires.details["made"] = name
                raise expires

    def readings(self, names: Sequence[str]) -> tuple[dict[str, Reading], str]:
        """The statistics of these commands, and why there are none."""
        try:
            text = self.text("INFO", "commandstats")
            found = parse_info(text + self.text("INFO", "latencystats"))
        except LowlatError as error:
            return {}, f"its statistics cannot be read: {error.why or error.what}"
        try:
            histograms, lacking = parse_histogram(self.ask("LATENCY", "HISTOGRAM", *names)), ""
        except LowlatError as error:
            # Before Redis 7 there is no such subcommand, which older ones name too where they forbid the command.
            unknown = error.details.get("code") != "noperm" and "subcommand" in error.why.lower()
            histograms, lacking = {}, "" if unknown else error.what
        readings = {}
        for name in names:
            read = found.get(name, Reading())
            readings[name] = Reading(read.calls, read.total_us, read.percentiles, histograms.get(name, ()), lacking)
        return readings, ""


def _words(request: bytes) -> list[str]:
    return [part.decode() for part in request.split(b"\r\n")[2::2]]


def no_writes(info: dict[str, str]) -> str:
    """Why writing here is not wise whatever the server would allow; empty if it is."""
    if info.get("role") != "master":
        return "this is a replica: what is written here is not on its master"
    limit = int(info.get("maxmemory", 0))
    used = int(info.get("used_memory", 0))
    if limit and used + _LIMIT_MARGIN > limit:
        return f"memory is at its limit of {limit} bytes: a write would fail or evict somebody's key"
    return ""


def remove_keys(address: Address, keys: Sequence[str]) -> str:
    """Remove the probe's keys over a fresh connection; why that did not work, or empty.

    A server that takes no writes at the moment (a save has failed, a script runs) is asked again.
    """
    why = _removal_failed(address, keys) if keys else None
    for _again in range(_TRIES - 1):
        if why is None or why.details.get("code") in _IN_VAIN:
            break
        time.sleep(_PAUSE)
        why = _removal_failed(address, keys)
    return f"the probe's keys are left to expire within {EXPIRY_MS // 1000} s: {why.why or why.what}" if why else ""


def _removal_failed(address: Address, keys: Sequence[str]) -> LowlatError | None:
    try:
        server = Server(address)
    except LowlatError as error:
        return error
    failed: list[LowlatError] = []
    try:
        for key in keys:  # in a cluster they are in different slots
            try:
                _remove(server, key)
            except LowlatError as error:
                failed.append(error)
                if error.details.get("code") not in _REFUSALS:
                    break  # it would be the same with the next one, after the same time
    finally:
        server.close()
    return failed[0] if failed else None


def _remove(server: Server, key: str) -> None:
    try:
        server.ask("DEL", key)
    except ServerError as error:
        if error.details.get("code") not in _NEVER:
            raise
        try:
            server.ask("PEXPIRE", key, "0")  # who made a stream may do this
        except ServerError:
            raise error from None


def process_of(client: Any, address: Address) -> int:
    """The server's process id on this host. ServerError if it runs elsewhere."""
    with server_errors(address):
        info = client.info("server")
    return find_process(client, info, str(address)).pid
