# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._server import config_file, config_line
from ansible_collections.lowlat.redis.plugins.module_utils._server.instance import Version

PATH = "/etc/redis/redis.conf"


NEW, OLD, OLDER = (7, 0, 15), (6, 2, 0), (6, 0, 0)


def edit(content: bytes, name: str, value: str, version: Version = NEW, **included: bytes) -> bytes:
    files = {f"/etc/redis/{path}.conf": text for path, text in included.items()}
    return config_file.edit(content, PATH, name, value, version, files.__getitem__)


def effective(content: bytes, version: Version = NEW, **included: bytes) -> dict[str, str]:
    files = {PATH: content, **{f"/etc/redis/{path}.conf": text for path, text in included.items()}}
    return config_file.effective(PATH, version, files.__getitem__)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'a "b c" d', ["a", "b c", "d"]),
        (b"a \"\\x41\\n\\\"\" 'x\\'y'", ["a", 'A\n"', "x'y"]),
        (b'a b"c" d', ["a", "bc", "d"]),
        (b'a ""', ["a", ""]),
        (b"a\t b\r", ["a", "b"]),
        (b'"\\xc3\\xa9" \xc3\xa9', ["é", "é"]),
        (b"", []),
    ],
)
def test_words_are_split_as_redis_does(line: bytes, words: list[str]) -> None:
    assert config_line.split(line) == words


@pytest.mark.parametrize("line", [b'a "b', b"a 'b", b'a "b"c', b"a 'b'c", b'a "b\\'])
def test_unbalanced_quotes(line: bytes) -> None:
    assert config_line.split(line) is None


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])).map(lambda text: text.replace("\0", "")), min_size=1))
@settings(max_examples=60, deadline=None)
def test_a_quoted_word_reads_back(words: list[str]) -> None:
    assert config_line.split(b" ".join(map(config_line.quote, words))) == words
    assert all(b"\n" not in config_line.quote(word) for word in words)


def test_bytes_that_are_no_text_survive() -> None:
    (word,) = config_line.split(b"\xff\xfe") or [""]
    assert config_line.split(config_line.quote(word)) == [word]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"hz 10\n", b"hz 8\n"),
        (b"# hz 10\nport 1\n", b"# hz 10\nport 1\nhz 8\n"),
        (b"", b"hz 8\n"),
        (b"port 1", b"port 1\nhz 8"),
        (b"hz 10", b"hz 8"),
        (b"port 1\r\nhz 10\r\n\r\n", b"port 1\r\nhz 8\r\n\r\n"),
        (b"port 1\r\n", b"port 1\r\nhz 8\r\n"),
        (b"port 1\r\nport 2", b"port 1\r\nport 2\r\nhz 8"),
        (b"hz 10\nhz 20\nport 1\n", b"hz 10\nhz 8\nport 1\n"),
        (b"  \tHZ   '10' \nport 1\n", b"  \tHZ 8\nport 1\n"),
        (b"hz 8\n", b"hz 8\n"),
        (b"hz '8'\n", b"hz '8'\n"),
        (b"# \xff\xfe\nhz 1\n", b"# \xff\xfe\nhz 8\n"),
    ],
)
def test_only_the_line_that_wins_changes(before: bytes, after: bytes) -> None:
    assert edit(before, "hz", "8") == after
    assert edit(after, "hz", "8") == after


def test_an_equal_value_in_other_units_is_left_alone() -> None:
    assert edit(b"maxmemory 2gb\n", "maxmemory", "2147483648") == b"maxmemory 2gb\n"


def test_the_older_name_in_the_file_is_kept() -> None:
    assert edit(b"slave-priority 100\n", "replica-priority", "50") == b"slave-priority 50\n"
    assert edit(b"server_cpulist 0\n", "server-cpulist", "1") == b"server_cpulist 1\n"


def test_values_that_need_quotes_get_them() -> None:
    assert edit(b"", "requirepass", 'a "b" \\ é') == b'requirepass "a \\"b\\" \\\\ \\xc3\\xa9"\n'
    assert edit(b"", "logfile", "") == b'logfile ""\n'
    assert edit(b"", "bind", "127.0.0.1 -::1") == b"bind 127.0.0.1 -::1\n"


INCLUDE = b"hz 10\ninclude /etc/redis/local.conf\nport 1\n"


def test_a_line_before_an_include_that_wins_is_left_and_one_appended() -> None:
    edited = edit(INCLUDE, "hz", "8", local=b"hz 50\n")
    assert edited == INCLUDE + b"hz 8\n"
    assert edit(edited, "hz", "9", local=b"hz 50\n") == INCLUDE + b"hz 9\n"


def test_a_line_after_the_include_is_replaced_in_place() -> None:
    before = b"include /etc/redis/local.conf\nhz 10\nport 1\n"
    assert edit(before, "hz", "8", local=b"hz 50\n") == before.replace(b"hz 10", b"hz 8")


def test_an_include_without_the_directive_does_not_matter() -> None:
    assert edit(INCLUDE, "hz", "8", local=b"timeout 5\n") == INCLUDE.replace(b"hz 10", b"hz 8")


def test_an_include_that_has_the_value_already() -> None:
    assert edit(INCLUDE, "hz", "50", local=b"hz 50\n") == INCLUDE


def test_includes_within_includes() -> None:
    read = effective(INCLUDE, local=b"include /etc/redis/deep.conf\n", deep=b"hz 77\n")
    assert read["hz"] == "77" and read["port"] == "1"


def test_a_file_that_includes_itself() -> None:
    with pytest.raises(BadInput, match="includes itself"):
        effective(b"include /etc/redis/redis.conf\n")


def test_a_relative_include_is_refused_with_its_reason() -> None:
    with pytest.raises(BadInput, match="relative to wherever"):
        effective(b"include local.conf\n")


def test_a_line_with_unbalanced_quotes_names_its_place() -> None:
    with pytest.raises(BadInput, match="redis.conf, line 2"):
        effective(b'hz 1\nlogfile "x\n')


@pytest.mark.parametrize("content", [b"# a\0\nhz 8\n", "hz 8\n".encode("utf-16")])
def test_a_file_with_a_nul_is_refused_because_redis_joins_lines_there(content: bytes) -> None:
    with pytest.raises(BadInput, match=r"NUL in it .*redis.conf, line 1"):
        effective(content)
    with pytest.raises(BadInput, match="NUL"):
        edit(content, "timeout", "5")


@pytest.mark.parametrize(
    ("before", "value", "after", "version"),
    [
        (b"save 900 1\nsave 60 5\nhz 1\n", "300 100", b"save 300 100\nhz 1\n", NEW),
        (b"hz 1\nsave 900 1\nport 1\nsave 60 5", "", b'hz 1\nsave ""\nport 1', NEW),
        (b'save ""\n', "60 5 900 1", b"save 60 5 900 1\n", NEW),
        (b'save ""\nhz 1\n', "60 5 900 1", b"save 60 5\nsave 900 1\nhz 1\n", OLD),
        (b"hz 1\n", '""', b'hz 1\nsave ""\n', NEW),
        (b"save 900 1 60 5\n", "900 1 60 5", b"save 900 1 60 5\n", NEW),
        (b"save 900 1\nsave 60 5\n", "900 1 60 5", b"save 900 1\nsave 60 5\n", NEW),
    ],
)
def test_save_is_all_of_its_lines(before: bytes, value: str, after: bytes, version: Version) -> None:
    assert edit(before, "save", value, version) == after
    assert effective(after, version)["save"] == value.strip('"')


@pytest.mark.parametrize("version", [NEW, OLD, OLDER])
@pytest.mark.parametrize("value", ["60 1 30 2", "60 1", ""])
@pytest.mark.parametrize(
    "before", [b"include /etc/redis/local.conf\n", b"save 9 1\ninclude /etc/redis/local.conf\nsave 7 7\n"]
)
def test_save_after_an_include_that_saves(before: bytes, value: str, version: Version) -> None:
    local = b"save 5 5\nsave 6 6\n"
    edited = edit(before, "save", value, version, local=local)
    assert effective(edited, version, local=local)["save"] == value
    assert edited.startswith(before.split(b"save 7")[0])


def test_how_lines_of_save_add_up() -> None:
    assert effective(b"save 1 1\nsave\nsave 2 2\n")["save"] == "1 1 2 2"
    deep = b"include /etc/redis/none.conf\nsave 1 1\ninclude /etc/redis/local.conf\n"
    assert effective(deep, NEW, none=b"", local=b"save 2 2\nsave 3 3\n")["save"] == "2 2 3 3"
    assert effective(b"save 1 1\nsave 2 2\n")["save"] == "1 1 2 2"
    assert effective(b'save 1 1\nsave ""\nsave 2 2\n')["save"] == "2 2"
    content, local = b"save 1 1\ninclude /etc/redis/local.conf\nsave 2 2\nsave 3 3\n", b"save 8 8\nsave 9 9\n"
    assert effective(content, NEW, local=local)["save"] == "3 3"
    assert effective(content, OLD, local=local)["save"] == "8 8 9 9 2 2 3 3"
    assert effective(content, OLDER, local=local)["save"] == "1 1 8 8 9 9 2 2 3 3"


def test_one_class_of_output_buffer_limits_changes_alone() -> None:
    name = "client-output-buffer-limit"
    before = b"client-output-buffer-limit normal 0 0 0\nclient-output-buffer-limit slave 256mb 64mb 60\nhz 1\n"
    assert edit(before, name, "replica 1gb 0 0") == before.replace(b"256mb 64mb 60", b"1073741824 0 0")
    assert edit(before, name, "replica 268435456 64mb 60") == before
    assert edit(before, name, "pubsub 1 2 3") == before + b"client-output-buffer-limit pubsub 1 2 3\n"
    assert edit(b"", name, "normal 1 2 3 replica 4 5 6").count(b"\n") == 2
    together = b"client-output-buffer-limit normal 0 0 0 slave 256mb 64mb 60\n"
    assert edit(together, name, "normal 5 0 0").split() == [
        *b"client-output-buffer-limit normal 5 0 0 slave 268435456 67108864 60".split()
    ]
    assert edit(together, name, "normal 5 0 0 replica 1 1 1") == (
        b"client-output-buffer-limit normal 5 0 0 slave 1 1 1\n"
    )


NAMES = st.sampled_from(["hz", "maxmemory", "save", "timeout", "client-output-buffer-limit", "logfile"])
LINES = st.lists(
    st.sampled_from(
        [
            b"hz 10",
            b"maxmemory 1gb",
            b"save 900 1",
            b'save ""',
            b"# note",
            b"",
            b"timeout 0\r",
            b"client-output-buffer-limit slave 1 1 1",
            b"include /etc/redis/local.conf",
            b"  logfile 'a b'",
        ]
    ),
    max_size=8,
)
VALUES = {
    "hz": "42",
    "maxmemory": "777",
    "save": "11 12 13 14",
    "timeout": "5",
    "client-output-buffer-limit": "replica 9 9 9",
    "logfile": "/var/log/x y.log",
}


WITHOUT_INCLUDES = LINES.map(lambda found: [line for line in found if not line.startswith(b"include")])


@pytest.mark.slow
@given(NAMES, LINES, WITHOUT_INCLUDES, st.booleans())
@settings(max_examples=100, deadline=None)
def test_an_edit_sets_its_directive_and_nothing_else(
    name: str, own: list[bytes], included: list[bytes], newline: bool
) -> None:
    content = b"\n".join(own) + (b"\n" if newline else b"")
    local = b"\n".join(included)
    edited = edit(content, name, VALUES[name], local=local)
    before, after = effective(content, local=local), effective(edited, local=local)
    wanted = after.pop(name)
    assert VALUES[name] in wanted if name.startswith("client") else wanted == VALUES[name]
    before.pop(name, None)
    assert after == before
    assert edit(edited, name, VALUES[name], local=local) == edited
    others = [line for line in content.split(b"\n") if name.encode() not in line and line]
    assert [line for line in edited.split(b"\n") if name.encode() not in line and line.strip()] == [
        line for line in others if line.strip()
    ] or b"\r" in content
