# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is compared with what: one setting and its confirmation, or a bundle down to its culprits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._judge.comparison import REGRESSION, UNDECIDED, paired
from .._judge.looks import CONFIRMATION, HARM, LONG_LOOKS, LOOKS, Decision, confirm
from . import advice, bisection
from .bisection import Subset
from .quads import Alternation, Comparison

#: Shares of the time for the first window; what remains is for the confirmation, or for the search in a bundle.
_FIRST = {"setting": 0.7, "bundle": 0.5}
#: After this share of the time the search in a bundle ends, so that what was found can be confirmed.
_SEARCH = 0.8
#: Beyond its time a confirmation may take this share of it.
GRACE = 0.1
#: A part of a regressing bundle is at fault when it has this share of the harm, or the margin if that is more.
_SHARE = 0.25
#: Reported, but decides nothing.
_ALSO = ("p90", "p99_all")


def effects(compared: Comparison) -> dict[str, Any]:
    """``{"rtt": {"p50": {verdict, effect, interval, ...}, "p90": ..., "p99": ...}}`` of a window, JSON-ready."""
    found: dict[str, Any] = {}
    for figure, decision in compared.decisions.items():
        metric, _dot, name = figure.partition(".")
        found.setdefault(metric, {})[name] = {
            **decision.comparison.to_dict(),
            "verdict": decision.verdict,
            "look": decision.look,
            "caps": list(decision.caps),
        }
    for metric, by_name in found.items():
        some = next(iter(by_name.values()))
        for also in _ALSO:
            name = f"{metric}.{also}"
            values = [q.differences[name] for q in compared.quads if not q.null and name in q.differences]
            by_name.setdefault(also, paired(values, some["margin"], some["alpha"], HARM).to_dict())
    return found


class Experiment:
    """``margins`` are by figure, such as ``rtt.p50``; ``until`` is when the clock of the alternation ends it."""

    def __init__(
        self,
        names: Sequence[Mapping[str, Any]],
        alternation: Alternation,
        margins: Mapping[str, float],
        start: float,
        seconds: float,
    ) -> None:
        self._names = names
        self._alternation = alternation
        self._margins = dict(margins)
        self._start = start
        self._seconds = seconds
        self._left = len(names)
        self._targets: dict[str, float] = {}
        self._parts: dict[str, float] = {}
        self._tests: list[dict[str, Any]] = []
        self._quads = 0

    def run(self) -> dict[str, Any]:
        """``verdict``, ``effects``, ``null_quads``, ``tests``, ``quads``, and what is advised as ``recommendations``.

        Of a bundle ``culprits`` and ``joint`` as well.
        """
        said = self._one() if len(self._names) == 1 else self._bundle()
        return {**said, "tests": self._tests, "quads": self._quads}

    def _one(self) -> dict[str, Any]:
        # A bundle needs its time for the search; here it may go into another look.
        first = self._compare((), (0,), self._margins, self._until(_FIRST["setting"]), looks=LONG_LOOKS)
        verdict, second = first.verdict, None
        if verdict == REGRESSION:
            second = self._confirmation((), (0,), first)
            verdict = REGRESSION if _confirmed(first, second) else UNDECIDED
        return {
            "verdict": verdict,
            "effects": effects(first),
            "null_quads": _null(first),
            "confirmation": effects(second) if second else {},
            # As of a bundle of one.
            "culprits": list(self._names) if verdict == REGRESSION else [],
            "suspects": list(self._names) if second and verdict != REGRESSION else [],
            "groups": [],
            "joint": {},
            "recommendations": (
                [advice.NOT_BORNE_OUT]
                if second and verdict != REGRESSION
                else advice.advice(first, LONG_LOOKS, self._seconds)
            ),
        }

    def _bundle(self) -> dict[str, Any]:
        first: list[Comparison] = []

        def tester(subset: Subset, whole: bool) -> str:
            compared = self._tested(subset, whole)
            first.append(compared)
            return compared.verdict

        found = bisection.search(len(self._names), tester)
        verdict = found.tests[0][2]
        joint: dict[str, Any] = {}
        if found.culprits:
            joint = self._joint(found)
        suspects = found.suspects if joint.get("confirmed", True) else found.culprits
        told = [advice.NOT_BORNE_OUT] if not joint.get("confirmed", True) else [advice.SEARCH_ENDED] if suspects else []
        return {
            "verdict": verdict,
            "effects": effects(first[0]),
            "null_quads": _null(first[0]),
            "confirmation": {},
            "recommendations": advice.advice(first[0], LOOKS, self._seconds) or told,
            "culprits": self._named(found.culprits) if joint.get("confirmed") else [],
            "suspects": self._named(suspects),
            "groups": [self._named(group) for group in found.groups],
            "joint": joint,
        }

    def _tested(self, subset: Subset, whole: bool) -> Comparison:
        """The bundle first, with every figure; then only those figures that it harms."""
        if not self._tests:
            margins, until, others = self._margins, self._until(_FIRST["bundle"]), 0
        else:
            if whole:
                self._left = len(subset)
            margins, until = self._targets if whole else self._parts, self._until(_SEARCH)
            # Any of the settings that are left could be accused: each has its part of the risk (Holm).
            others = len(margins) * (self._left - 1)
        compared = self._compare((), subset, margins, until, beside=others)
        if whole and compared.regressed:
            self._parts = _parts(compared)
            self._targets = self._targets or {figure: self._margins[figure] for figure in compared.regressed}
        self._tests.append(self._report(compared, subset))
        return compared

    def _joint(self, found: bisection.Search) -> dict[str, Any]:
        """In a later window: with all the rest new, do the culprits alone make the difference?"""
        everything = tuple(range(len(self._names)))
        rest = tuple(number for number in everything if number not in found.culprits)
        compared = self._compare(rest, everything, self._targets, self._until(1.0) + self._grace(), beside=0)
        return {
            "confirmed": compared.verdict == REGRESSION,
            "verdict": compared.verdict,
            "effects": effects(compared),
            "rest": found.rest or "equivalent",
            "quads": len(compared.quads),
        }

    def _confirmation(self, before: Subset, after: Subset, first: Comparison) -> Comparison:
        margins = {figure: self._margins[figure] for figure in first.regressed}
        return self._compare(before, after, margins, self._until(1.0) + self._grace(), looks=CONFIRMATION)

    def _grace(self) -> float:
        """What was found in the last moment is confirmed all the same."""
        return GRACE * self._seconds

    def _compare(
        self, before: Subset, after: Subset, margins: Mapping[str, float], until: float, **rest: Any
    ) -> Comparison:
        compared = self._alternation.compare(before, after, margins, until, **rest)
        self._quads += len(compared.quads)
        return compared

    def _until(self, share: float) -> float:
        return self._start + share * self._seconds

    def _named(self, subset: Subset) -> list[Mapping[str, Any]]:
        return [self._names[number] for number in subset]

    def _report(self, compared: Comparison, subset: Subset) -> dict[str, Any]:
        return {
            "settings": self._named(subset),
            "verdict": compared.verdict,
            "effects": effects(compared),
            "quads": len(compared.quads),
            "seconds": round(compared.seconds, 3),
        }


def _confirmed(first: Comparison, second: Comparison) -> bool:
    """Whether a figure regressed in both windows."""
    both = [confirm(first.decisions[name].comparison, found.comparison) for name, found in second.decisions.items()]
    return REGRESSION in both and second.verdict == REGRESSION


def _parts(compared: Comparison) -> dict[str, float]:
    """The margins for parts of a bundle: of the metric alone that is hit hardest, since each one costs time.

    Who harms another metric is found when what is left is tested.
    """
    hit = {figure: _harm(compared.decisions[figure]) for figure in compared.regressed}
    metric = max(hit, key=lambda figure: hit[figure]).partition(".")[0]
    return {figure: _part(compared.decisions[figure]) for figure in hit if figure.partition(".")[0] == metric}


def _harm(decision: Decision) -> float:
    """How many margins it is at least."""
    return (decision.comparison.interval[0] or 0.0) / decision.comparison.margin


def _part(decision: Decision) -> float:
    """The margin for parts of a bundle whose harm is at least that of the decision's interval."""
    low = decision.comparison.interval[0] or 0.0
    return max(decision.comparison.margin, _SHARE * low)


def _null(compared: Comparison) -> dict[str, Any]:
    """The A/A quads of a window: p-value of no difference by figure, and what they cap."""
    tested = {name: found.null.check for name, found in compared.decisions.items() if found.null is not None}
    caps = sorted({cap for found in compared.decisions.values() for cap in found.caps})
    return {"quads": sum(quad.null for quad in compared.quads), "p_values": tested, "caps": caps}
