# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in the server around a measurement: who listens in, what runs beside, what it found slow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._errors import LowlatError, ServerError

# The list of more clients than this would hold up the server for longer than a block.
_MOST_CLIENTS = 500
# Running, by the field of INFO persistence that says so.
_RUNNING = {
    "rdb_bgsave_in_progress": "bgsave",
    "aof_rewrite_in_progress": "aof_rewrite",
    "module_fork_in_progress": "module_fork",
}
# Begun or ended meanwhile, by the field that changes then.
_DONE = {"rdb_saves": "bgsave", "rdb_last_save_time": "bgsave", "aof_rewrites": "aof_rewrite"}
_REFUSALS = ("noperm", "unknown_command", "refused")


class ServerEvidence:
    """``ask`` sends a command over a connection beside the timed one; reasons go to ``lacking``."""

    def __init__(self, ask: Callable[..., Any], lacking: dict[str, str]) -> None:
        self.ask = ask
        self.lacking = lacking
        self._persistence: dict[str, str] | None = None
        self._slowlog: int | None = None
        self._events: dict[str, Any] | None = None

    def begin(self) -> None:
        self._persistence = self._try("background", self._info)
        self._slowlog = self._try("slowlog", self._newest)
        self._events = self._try("latency_events", self._latest)
        threshold = self._configured("latency-monitor-threshold")
        if threshold == "0":
            self.lacking.setdefault("latency_events", "latency-monitor-threshold is 0: the server notes none")

    def end(self) -> dict[str, Any]:
        """``{monitors, background, slowlog, latency_events}``, each None where it could not be read."""
        return {
            "monitors": self._try("monitors", self._monitors),
            "background": self._background(),
            "slowlog": self._slow(),
            "latency_events": self._new_events(),
        }

    def _background(self) -> list[str] | None:
        before, after = self._persistence, self._try("background", self._info)
        if before is None or after is None:
            return None
        running = {name for field, name in _RUNNING.items() if "1" in (before.get(field), after.get(field))}
        return sorted(running | {name for field, name in _DONE.items() if before.get(field) != after.get(field)})

    def _slow(self) -> int | None:
        before, after = self._slowlog, self._try("slowlog", self._newest)
        if before is None or after is None:
            return None
        if after < before:
            self.lacking.setdefault("slowlog", "it was emptied meanwhile")
            return None
        return int(after - before)

    def _new_events(self) -> list[str] | None:
        before, after = self._events, self._try("latency_events", self._latest)
        if before is None or after is None or "latency_events" in self.lacking:
            return None
        return sorted(name for name, told in after.items() if before.get(name) != told)

    def _info(self) -> dict[str, str]:
        lines = _text(self.ask("INFO", "persistence")).splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _newest(self) -> int:
        """Number of the newest entry, from 1; 0 where there is none. Numbers go on when the log is emptied."""
        entries = self.ask("SLOWLOG", "GET", "1")
        return int(entries[0][0]) + 1 if entries else 0

    def _latest(self) -> dict[str, Any]:
        """Time and duration of the latest event by name."""
        return {_text(event[0]): (event[1], event[2]) for event in self.ask("LATENCY", "LATEST")}

    def _monitors(self) -> int | None:
        clients = _text(self.ask("INFO", "clients"))
        count = int(clients.partition("connected_clients:")[2].partition("\r\n")[0] or 0)
        if count > _MOST_CLIENTS:
            self.lacking["monitors"] = f"the list of {count} clients would hold up the server"
            return None
        fields = (word for line in _text(self.ask("CLIENT", "LIST")).splitlines() for word in line.split(" "))
        return sum(word.startswith("flags=") and "O" in word[6:] for word in fields)

    def _configured(self, name: str) -> str | None:
        """What the server is set to; None where we may not ask."""
        try:
            reply = self.ask("CONFIG", "GET", name)
        except LowlatError:
            return None
        return _text(reply[1]) if len(reply) > 1 else None

    def _try(self, name: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except ServerError as error:
            # A server that is gone or hangs is no lacking permission.
            if error.details.get("code") not in _REFUSALS:
                raise
            self.lacking.setdefault(name, error.why or error.what)
        except (ValueError, IndexError, TypeError) as error:
            self.lacking.setdefault(name, f"an answer that makes no sense: {error}")
        return None


def _text(reply: Any) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
