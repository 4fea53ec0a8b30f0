# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gate queries: JMESPath over a measurement, found wrong before anything is measured."""

from __future__ import annotations

import difflib
import math
import re
from dataclasses import dataclass
from typing import Any

from .._errors import BadInput
from .._libraries import jmespath
from .schema import METRICS, SCHEMA_EXAMPLE, fields_of

_KNOWN_FIELDS = fields_of(SCHEMA_EXAMPLE)
#: A path that ends in a figure; beside it may stand its interval.
_FIGURE = re.compile(r"\.(p50|p90|p99|p999|jitter)\Z")
_RELATIVE = re.compile(r"relative\.(\w+)\.(p50|p90|p99)\Z")


@dataclass(frozen=True)
class Query:
    """A query that finds a number in every complete measurement. ``metrics`` are the metrics that it reads."""

    text: str
    metrics: tuple[str, ...]

    def number(self, measurement: dict[str, Any]) -> float | None:
        """The number that the query finds here; None where it finds none (or NaN, or an infinity)."""
        return _number(_search(self.text, measurement))

    @property
    def relative(self) -> tuple[str, str] | None:
        """Metric and figure, where this is the figure of a metric relative to the reference and nothing else."""
        match = _RELATIVE.match(self.text)
        return (match[1], match[2]) if match else None

    def count(self, measurement: dict[str, Any]) -> int | None:
        """How many samples the figure stands on, or blocks where it is relative; None where it does not say."""
        if not _FIGURE.search(self.text):
            return None
        of = ".blocks" if self.relative else ".count"
        number = _number(_search(_FIGURE.sub(of, self.text), measurement))
        return None if number is None else int(number)

    def interval(self, measurement: dict[str, Any]) -> list[float | None] | None:
        """The confidence interval that the measurement carries for this figure, if it carries one.

        None for an end that the samples are too few for.
        """
        if not _FIGURE.search(self.text):
            return None
        found = _search(self.text + "_interval", measurement)
        if not isinstance(found, (list, tuple)) or len(found) != 2:
            return None
        low, high = (_number(bound) for bound in found)
        return None if low is not None and high is not None and low > high else [low, high]

    @property
    def has_interval(self) -> bool:
        """Whether every whole measurement carries an interval for this figure."""
        return self.interval(SCHEMA_EXAMPLE) is not None


def compile_query(text: str, where: str) -> Query:
    """Raise BadInput for a query that is no JMESPath or finds no number in a measurement."""
    try:
        compiled = jmespath.compile(text)
    except (jmespath.exceptions.JMESPathError, ValueError) as error:
        raise BadInput(
            f"The query {text!r} is no JMESPath expression",
            where=where,
            why=_first_line(error),
            remedy="Write it like rtt.p99 or max(by_run[].rtt.p99)",
        ) from error
    names = _field_names(compiled.parsed)
    try:
        found = compiled.search(SCHEMA_EXAMPLE)
    except jmespath.exceptions.JMESPathError as error:
        raise BadInput(
            f"The query {text!r} fails on a measurement", where=where, why=_first_line(error), remedy=_suggest(names)
        ) from error
    if not names:
        raise BadInput(
            f"The query {text!r} is of no use", where=where, why="it does not read the measurement", remedy=_suggest([])
        )
    if _number(found) is None:
        why = "it finds nothing in a measurement" if found is None else f"it finds {_kind(found)}, not a number"
        raise BadInput(f"The query {text!r} is of no use", where=where, why=why, remedy=_suggest(names))
    if "relative" in names:
        names.append("reference")  # its floor: without that there is no relative figure
    return Query(text.strip(), tuple(metric for metric in (*METRICS, "reference") if metric in names))


def _search(text: str, measurement: dict[str, Any]) -> Any:
    try:
        return jmespath.compile(text).search(measurement)
    except jmespath.exceptions.JMESPathError:
        # Functions such as max() refuse the null of a metric that was not measured here.
        return None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:  # a whole number beyond all floats
        return None


def _field_names(node: Any) -> list[str]:
    """The names that the expression looks up, in their order."""
    if not isinstance(node, dict):
        return []
    own = [str(node["value"])] if node.get("type") == "field" else []
    return own + [name for child in node.get("children", []) for name in _field_names(child)]


def _suggest(names: list[str]) -> str:
    for name in names:
        if name not in _KNOWN_FIELDS:
            nearest = difflib.get_close_matches(name, sorted(_KNOWN_FIELDS), n=1, cutoff=0.5)
            if nearest:
                return f"A measurement has no {name!r}; the nearest name is {nearest[0]!r}"
            return f"A measurement has no {name!r}; its metrics are {', '.join(METRICS)}"
    return "Metrics are " + ", ".join(METRICS) + ", each with p50, p90, p99, p999, max, mean, jitter and count"


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    for shape, name in ((dict, "a mapping"), (list, "a list"), (str, "a text")):
        if isinstance(value, shape):
            return name
    return "something else"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0].rstrip(".:") if str(error).strip() else type(error).__name__
