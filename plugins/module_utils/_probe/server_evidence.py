# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened in the server around a measurement: who listens in, what runs beside, what it found slow."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .._errors import ServerError

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
_QUESTIONS = (("INFO", "persistence"), ("SLOWLOG", "GET", "1"), ("LATENCY", "LATEST"))
_BEFORE = (*_QUESTIONS, ("CONFIG", "GET", "latency-monitor-threshold"))
_AFTER = (*_QUESTIONS, ("INFO", "clients"))


class ServerEvidence:
    """``ask_all`` sends commands together over a connection beside the timed one; reasons go to ``lacking``.

    It returns a ServerError in the place of an answer that the server refused.
    """

    def __init__(self, ask_all: Callable[..., list[Any]], lacking: dict[str, str]) -> None:
        self.ask_all = ask_all
        self.lacking = lacking
        self._before: dict[str, Any] = {}

    def begin(self) -> None:
        *replies, threshold = self.ask_all(*_BEFORE)
        self._before = self._understood(replies)
        if not isinstance(threshold, ServerError) and len(threshold) == 2 and _text(threshold[1]) == "0":
            self.lacking.setdefault("latency_events", "latency-monitor-threshold is 0: the server notes none")

    def end(self) -> dict[str, Any]:
        """``{monitors, background, slowlog, latency_events}``, each None where it could not be read."""
        *replies, clients = self.ask_all(*_AFTER)
        after = self._understood(replies)
        return {
            "monitors": self._try("monitors", self._monitors, clients),
            "background": self._compared("background", after, _background),
            "slowlog": self._compared("slowlog", after, self._slow),
            "latency_events": self._compared("latency_events", after, _new_events),
        }

    def _understood(self, replies: Sequence[Any]) -> dict[str, Any]:
        readers = {"background": _info, "slowlog": _newest, "latency_events": _latest}
        return {name: self._try(name, read, reply) for (name, read), reply in zip(readers.items(), replies)}

    def _compared(self, name: str, after: dict[str, Any], compare: Callable[[Any, Any], Any]) -> Any:
        if name in self.lacking or self._before.get(name) is None or after[name] is None:
            return None
        return compare(self._before[name], after[name])

    def _slow(self, before: int, after: int) -> int | None:
        if after < before:
            self.lacking["slowlog"] = "it was emptied meanwhile"
            return None
        return after - before

    def _monitors(self, clients: Any) -> int | None:
        count = int(_info(clients).get("connected_clients", 0))
        if count > _MOST_CLIENTS:
            self.lacking["monitors"] = f"the list of {count} clients would hold up the server"
            return None
        (listed,) = self.ask_all(("CLIENT", "LIST"))
        return self._try("monitors", _listening, listed)  # type: ignore[no-any-return]

    def _try(self, name: str, read: Callable[[Any], Any], reply: Any) -> Any:
        """What ``read`` makes of the reply, or None and the reason in ``lacking``."""
        if isinstance(reply, ServerError):
            self.lacking.setdefault(name, reply.why or reply.what)
            return None
        try:
            return read(reply)
        except (ValueError, IndexError, TypeError) as error:
            self.lacking.setdefault(name, f"an answer that makes no sense: {error}")
            return None


def _background(before: dict[str, str], after: dict[str, str]) -> list[str]:
    running = {name for field, name in _RUNNING.items() if "1" in (before.get(field), after.get(field))}
    return sorted(running | {name for field, name in _DONE.items() if before.get(field) != after.get(field)})


def _new_events(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return sorted(name for name, told in after.items() if before.get(name) != told)


def _listening(clients: Any) -> int:
    """How many of the clients are in MONITOR mode."""
    fields = (word for line in _text(clients).splitlines() for word in line.split(" "))
    return sum(word.startswith("flags=") and "O" in word[6:] for word in fields)


def _info(reply: Any) -> dict[str, str]:
    return dict(line.split(":", 1) for line in _text(reply).splitlines() if ":" in line)


def _newest(entries: Any) -> int:
    """Number of the newest entry, from 1; 0 where there is none. Numbers go on when the log is emptied."""
    return int(entries[0][0]) + 1 if entries else 0


def _latest(events: Any) -> dict[str, Any]:
    """Time and duration of the latest event by name."""
    return {_text(event[0]): (event[1], event[2]) for event in events}


def _text(reply: Any) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
