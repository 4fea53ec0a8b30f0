# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of a config file that would keep a server from starting, as far as can be told without starting one.

A file is read at the start only: what somebody has written into it since then nobody has tried yet.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from .._errors import BadInput
from . import directives
from .config_reader import Line, ReadFile, lines, read_bytes
from .instance import Version

#: Directives that CONFIG GET does not list, and how many arguments they have at least and at most.
_UNLISTED = {
    "include": (1, 1),
    "rename-command": (2, 2),
    "loadmodule": (1, None),
    "user": (1, None),
    # Without a meaning, and still taken.
    "list-max-ziplist-entries": (1, 1),
    "list-max-ziplist-value": (1, 1),
}
#: Types whose value may be several words, and types whose values only the server can judge.
_SEVERAL = frozenset({"words", "numbers", "percentages", "save", "limits", "flags"})
_LENIENT = frozenset({"cpus", "string", "path", "words"})
_FILE_NAMES = frozenset({"dbfilename", "appendfilename", "appenddirname"})
_NEEDS_ITS_DIRECTORY = frozenset({"logfile", "unixsocket"})
#: What an empty text is to a server.
_EMPTY = {"memory": "0", "share": "0", "octal": "0"}
#: Read at a start, so that one which has gone since keeps the server down.
_READ_AT_A_START = frozenset({"aclfile", "loadmodule"})
#: The same where the server speaks TLS to anybody.
_READ_FOR_TLS = frozenset(
    {
        "tls-cert-file",
        "tls-key-file",
        "tls-client-cert-file",
        "tls-client-key-file",
        "tls-dh-params-file",
        "tls-ca-cert-file",
        "tls-ca-cert-dir",
    }
)
#: What older ones take is not known here.
SINCE = (6, 0, 0)
_NEWEST_KNOWN = (8, 1)


def objections(
    content: bytes, path: str, version: Version, shown: Mapping[str, str], read: ReadFile = read_bytes
) -> list[str]:
    """Each as "FILE, line N (NAME): reason", values not shown; ``shown`` is what CONFIG GET * says.

    A value that the server has now is one that it takes, whatever we think of it.
    """
    listed = {name.lower(): value for name, value in shown.items()}
    found = list(lines(content, path, version, read))
    read_first = _READ_AT_A_START | (_READ_FOR_TLS if _speaks_tls(found) else frozenset())
    return [
        f"{line.path}, line {line.number + 1} ({line.spelling}): {why}"
        for line in found
        for why in _against(line, version, listed, read_first)
    ]


def _speaks_tls(found: list[Line]) -> bool:
    said = {line.name: line.arguments[0].lower() for line in found if line.arguments}
    others = (said.get(name, "no") == "yes" for name in ("tls-replication", "tls-cluster"))
    return said.get("tls-port", "0") != "0" or any(others)


def _against(line: Line, version: Version, listed: Mapping[str, str], read_first: frozenset[str]) -> Iterator[str]:
    name = line.spelling.lower()
    directive = directives.get(name)
    needed = line.arguments[0] if name in read_first and line.arguments else ""
    if needed.startswith("/") and not os.path.exists(needed):
        yield f"there is no file {needed}"
    if name in listed and directive is not None:
        yield from _against_value(line, directive, version, listed[name])
    elif name in _UNLISTED:
        least, most = _UNLISTED[name]
        if len(line.arguments) < least or (most is not None and len(line.arguments) > most):
            yield f"it does not take {len(line.arguments)} arguments"
    elif name not in listed and "." not in name and (directive is None or _is_listed_otherwise(directive, listed)):
        yield "the server knows no such directive"  # one with a dot is a module's


def _against_value(line: Line, directive: directives.Directive, version: Version, now: str) -> Iterator[str]:
    words, text = line.arguments, " ".join(line.arguments)
    if directive.type not in _SEVERAL and len(words) != 1:
        yield f"it takes one argument, not {len(words)}"
    elif text == now or (directive.type == "limits" and not words):
        return
    elif directive.type in _LENIENT:
        yield from _against_name(directive.name, text)
    elif any(word != word.strip() for word in words) and directive.type not in _SEVERAL:
        yield "its argument has blanks at its ends"
    elif len(words) > 1 and any(word != word.strip() or not word for word in words):
        yield "one of its arguments is empty or has blanks at its ends"
    elif directive.type != "enum" or version[:2] <= _NEWEST_KNOWN:
        try:
            directives.normalise(directive.name, text or _EMPTY.get(directive.type, ""))
        except BadInput as error:
            yield error.why or error.what


def _against_name(name: str, text: str) -> Iterator[str]:
    """Of a file or a directory. What is relative depends on where the server is started."""
    if name in _FILE_NAMES and (not text or "/" in text or "\\" in text):
        yield "it takes the name of a file, and no path"
    needed = os.path.dirname(text) if name in _NEEDS_ITS_DIRECTORY else text if name == "dir" else ""
    if needed.startswith("/") and not os.path.isdir(needed):
        yield f"there is no directory {needed}"


def _is_listed_otherwise(directive: directives.Directive, listed: Mapping[str, str]) -> bool:
    """Under another of its names: then this one is of another version. CONFIG GET * hides some altogether."""
    return any(each in listed for each in (directive.name, *directive.aliases))
