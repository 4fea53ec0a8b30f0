# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import base64
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.module_utils._judge.series import decode, encode

NUMBERS = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False)


def packed(text: str) -> str:
    return "ls1:" + base64.b64encode(zlib.compress(text.encode())).decode()


@pytest.mark.slow
@settings(max_examples=50)
@given(st.dictionaries(st.text(max_size=5).filter(lambda name: "." not in name), st.lists(NUMBERS, max_size=5)))
def test_there_and_back_to_a_ten_thousandth(series: dict[str, list[float]]) -> None:
    found = decode(encode(series))
    assert set(found) == set(series)
    for name, values in series.items():
        assert found[name] == pytest.approx(values, rel=1e-4)


def test_the_order_of_the_names_does_not_show() -> None:
    assert encode({"rtt.p50": [1.0], "a": [2]}) == encode({"a": [2], "rtt.p50": [1.0]})


def test_it_is_compact() -> None:
    blocks = [20.0 + (7 * i % 300) / 100 for i in range(192)]
    assert len(encode({f"rtt.{name}": blocks for name in ("p50", "p90", "p99")})) < 2000


@pytest.mark.parametrize("value", [float("nan"), float("inf"), True, None, "1"])
def test_only_numbers_are_taken(value: Any) -> None:
    with pytest.raises(BadInput, match=r"rtt\.p50"):
        encode({"rtt.p50": [1.0, value]})


def test_the_blocks_of_one_metric_go_together() -> None:
    assert decode(encode({"rtt.p50": [1.0], "set_rtt.p50": [1.0, 2.0]}))["set_rtt.p50"] == [1, 2]
    with pytest.raises(BadInput, match="blocks"):
        encode({"rtt.p50": [1.0], "rtt.p99": [1.0, 2.0]})
    with pytest.raises(BadInput, match="blocks"):
        decode(packed('{"rtt.p50":[1],"rtt.p99":[1,2]}'))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "lh1:eJwDAAAAAAE=",
        "ls1:",
        "ls1:!!!!",
        "ls1:AAAA",
        encode({"rtt.p50": [1.0, 2.0]})[:-8],
        packed("[]"),
        packed("{"),
        packed('{"a":1}'),
        packed('{"a":[null]}'),
        packed('{"a":[true]}'),
        packed('{"a":[NaN]}'),
        packed('{"a":[1e999]}'),
        packed('{"a":[1' + "0" * 400 + "]}"),
        packed("[" * 100_000),
        packed(" " * (1 << 22) + "{}"),
        None,
        7,
    ],
    ids=range(18),
)
def test_garbage_is_refused(text: Any) -> None:
    with pytest.raises(BadInput, match="no series"):
        decode(text)
