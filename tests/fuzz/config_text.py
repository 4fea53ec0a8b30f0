# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Config files as people leave them behind: quotes, blanks, line endings, repeated lines, includes within includes."""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from ansible_collections.lowlat.redis.plugins.module_utils._server import config_line, directives
from ansible_collections.lowlat.redis.plugins.module_utils._server.directives import Directive

from . import values

#: Where a server listens, what it may do to this machine, and what it needs that is not there.
_LEFT_OUT = frozenset(
    """
    port bind unixsocket unixsocketperm unixsocketgroup protected-mode requirepass dir logfile pidfile daemonize
    supervised syslog-enabled syslog-facility syslog-ident replicaof cluster-enabled aclfile activedefrag
    oom-score-adj proc-title-template ignore-warnings locale-collate bind-source-addr req-res-logfile
    cluster-announce-hostname dbfilename appendfilename appenddirname appendonly enable-debug-assert import-mode
    """.split()  # noqa: SIM905 - one word a line would fill a screen
)
#: People have these more than once.
_REPEATED = ("save", "client-output-buffer-limit", "hz", "maxmemory", "timeout")
_BARE = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:%$=,*"
_OTHERS = (
    b'rename-command FLUSHALL ""',
    b"RENAME-COMMAND 'KEYS' \"K\\x45YS2\"",
    b"user app on nopass ~* +@read",
    b"list-max-ziplist-entries 5",
)
_NOTHING = (
    b"",
    b" ",
    b"\t",
    b"# a comment",
    b"#",
    b"  # hz 99",
    b"# \xff\xfe no text",
    b"#include x",
    b"# 'open \"quote",
)


@functools.lru_cache
def _editable(known: frozenset[str]) -> list[Directive]:
    left = [one for one in directives.table() if one.name not in _LEFT_OUT and not one.name.startswith("tls-")]
    return [one for one in left if not known.isdisjoint((one.name, *one.aliases))]


def editable(known: Sequence[str]) -> list[Directive]:
    """Directives of the table that a server which lists ``known`` can be started with here, whatever their values."""
    return _editable(frozenset(known))


def choose(random: Random, known: Sequence[str]) -> Directive:
    """One of them, often one that people have more than once."""
    usable = editable(known)
    return random.choice([one for one in usable if one.name in _REPEATED] if random.random() < 0.3 else usable)


def wanted(random: Random, known: Sequence[str]) -> tuple[str, str]:
    """A directive under a name that the server lists, and a value that it takes."""
    directive = choose(random, known)
    name = random.choice([each for each in (directive.name, *directive.aliases) if each in known])
    return name, " ".join(values.good(random, directive))


@dataclass
class Text:
    """A config file and the files that it includes, by path; ``main`` is the path of the first."""

    main: str
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def content(self) -> bytes:
        return self.files[self.main]

    def write(self) -> None:
        for path, content in self.files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(content)


@dataclass
class Writer:
    """Writes files into ``directory``, of directives that a server has (``known``: as CONFIG GET lists them).

    ``own`` are the lines that the server of the test needs. ``patterns``: its version has them in includes.
    """

    random: Random
    directory: str
    known: Sequence[str]
    own: bytes = b""
    lines: int = 40
    patterns: bool = True
    _used: set[bytes] = field(default_factory=set)

    def text(self) -> Text:
        text = Text(os.path.join(self.directory, "redis.conf"))
        text.files[text.main] = b""  # the first to be named
        text.files[text.main] = self._file(text, self.own.splitlines(), 0)
        return text

    def line(self, name: str, words: Sequence[str]) -> bytes:
        """One of the many ways to write it."""
        random = self.random
        blanks = (b" ", b" ", b"  ", b"\t", b" \t ")
        line = random.choice((b"", b"", b"  ", b"\t")) + self._name(name)
        for word in words:
            line += random.choice(blanks) + self._word(os.fsencode(word))
        return line + random.choice((b"", b"", b" ", b"\t"))

    def _file(self, text: Text, lines: list[bytes], depth: int) -> bytes:
        random = self.random
        for _number in range(random.randint(0, self.lines >> depth)):
            place = random.random()
            if place < 0.25:
                lines.append(random.choice(_NOTHING))
            elif place < 0.28:
                lines.extend(self._once(random.choice(_OTHERS)))
            elif place < 0.35 and depth < 3:
                lines.append(self._include(text, depth))
            else:
                directive = choose(random, self.known)
                lines.append(self.line(self._spelling(directive), values.good(random, directive)))
        # Its own lines may stand anywhere; most people have the includes first or last.
        random.shuffle(lines)
        ending = random.choice((b"\n", b"\n", b"\n", b"\r\n"))
        mixed = random.random() < 0.1
        content = b"".join(line + (random.choice((b"\n", b"\r\n")) if mixed else ending) for line in lines)
        return content if random.random() < 0.7 else content.rstrip(b"\r\n")

    def _include(self, text: Text, depth: int) -> bytes:
        random = self.random
        number = len(text.files)
        if not self.patterns or random.random() < 0.5:
            path = os.path.join(self.directory, f"more{number}.conf")
            text.files[path] = b""
            text.files[path] = self._file(text, [], depth + 1)
            return self.line("include", [path])
        directory = os.path.join(self.directory, f"conf{number}.d")
        text.files[os.path.join(directory, "ignored.txt")] = b"not a directive\n"
        for name in random.sample(("10-a.conf", "20-b.conf", "30.conf", ".hidden.conf"), random.randint(0, 3)):
            path = os.path.join(directory, name)
            content = self._file(text, [], depth + 1)
            # The next one's first line would be joined to a last line without an end.
            text.files[path] = content if content.endswith(b"\n") or not content else content + b"\n"
        return self.line("include", [os.path.join(directory, random.choice(("*.conf", "[123]*.conf", "[^9]?*.conf")))])

    def _once(self, line: bytes) -> list[bytes]:
        """A server does not start with two users of one name, or with a command renamed twice."""
        new = {line} - self._used
        self._used |= new
        return list(new)

    def _spelling(self, directive: Directive) -> str:
        return self.random.choice([name for name in (directive.name, *directive.aliases) if name in self.known])

    def _name(self, name: str) -> bytes:
        written = self.random.choice((name, name, name, name.upper(), name.title()))
        return self._word(written.encode()) if self.random.random() < 0.1 else written.encode()

    def _word(self, word: bytes) -> bytes:
        """Bare where that is possible, or in one of the two quotes, with some of its bytes escaped."""
        random = self.random
        style = random.random()
        if word and style < 0.6 and all(byte in _BARE for byte in word):
            return word
        if style < 0.75:
            return _plain(word) if b"\\" in word else b"'" + word.replace(b"'", b"\\'") + b"'"
        return _plain(word) if style < 0.9 else b'"' + b"".join(b"\\x%02X" % byte for byte in word) + b'"'


def _plain(word: bytes) -> bytes:
    return config_line.quote(os.fsdecode(word))
