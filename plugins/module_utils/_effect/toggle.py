# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings with two values each, and what the host had of them when they were found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._change import plan
from .._change.guard import Hazard, reasons, remedies
from .._errors import BadInput, ChangeError, Refused
from .._settings import registry, written
from .._settings.affinity import is_mixture
from .._settings.redis_directive import RedisDirective
from .._settings.setting import Host, Reading, Setting
from . import refusals

_FIELDS = {"kind", "key", "values", "optional"}


@dataclass(frozen=True)
class Toggle:
    """One setting: ``values`` are the old and the new one, canonical; ``found`` is what was live and stored."""

    values: tuple[Setting, Setting]
    found: Reading

    @property
    def name(self) -> str:
        return f"{self.values[0].kind} {self.values[0].key}"

    def read(self, host: Host) -> Reading:
        return registry.provider(self.values[0].kind).read(self.values[0], host)

    def live(self, host: Host) -> Reading:
        """As ``read``, where the file need not be known: that takes longer."""
        setting = self.values[0]
        provider = registry.provider(setting.kind)
        if isinstance(provider, RedisDirective):
            return Reading(provider.live(setting, host), None)
        return provider.read(setting, host)

    def write(self, which: int, host: Host) -> None:
        """Bring the old (0) or the new (1) value into effect."""
        setting = self.values[which]
        if refusals.evicts(setting, host):
            raise ChangeError(
                f"{self.name} {setting.value} would evict keys by now",
                where=str(host.address),
                why="the data has grown since the settings were looked at",
                remedy="Choose a larger limit, or compare before and after a change with it",
            )
        registry.provider(setting.kind).write_live(setting, setting.value, host)
        if setting.kind in ("sysctl", "sysfs"):
            self._taken_as_written(setting, host)

    def _taken_as_written(self, setting: Setting, host: Host) -> None:
        """The kernel rounds some values: what it makes of one would not be known as ours, and stay."""
        shown = self.live(host)
        if registry.provider(setting.kind).live_matches(setting, shown):
            return
        self.write_back(self.found.live, host)
        raise ChangeError(
            f"The kernel makes {shown.live!r} of {setting.value!r} for {self.name}",
            where=str(host.address),
            why="a value that is not kept as it was written cannot be compared",
            remedy=f"Name {shown.live!r} if that is meant",
        )

    def write_back(self, live: Any, host: Host) -> None:
        """Bring a value into effect that ``Reading.live`` or ``Reading.persisted`` held."""
        registry.provider(self.values[0].kind).write_live(self.values[0], live, host)

    def shows(self, live: Any, reading: Reading) -> bool:
        """Whether that value is live: the very same, or another way of writing it."""
        setting = self.values[0]
        if reading.live == live or not isinstance(live, str):
            return bool(reading.live == live)
        return registry.provider(setting.kind).live_matches(replace(setting, value=live), reading)

    def is_ours(self, reading: Reading) -> bool:
        """Whether one of the two values is live, or a mixture of them and what was found."""
        provider = registry.provider(self.values[0].kind)
        if any(provider.live_matches(setting, reading) for setting in self.values):
            return True
        return is_mixture(reading.live, self.found.live, *(setting.value for setting in self.values))

    def was_written_down(self, reading: Reading) -> bool:
        """Whether the config file has one of the two values by now, as only somebody else can have written it there."""
        stored = Reading(reading.persisted, None)
        if self.values[0].kind != "redis" or stored.live is None or stored.live == self.found.persisted:
            return False
        return self.is_ours(stored) and not self.shows(self.found.live, stored)

    def report(self) -> dict[str, Any]:
        first = self.values[0]
        return {
            "kind": first.kind,
            "key": first.key,
            "values": [value.value for value in self.values],
            "found": self.found.live,
        }


def resolve(raw: Sequence[Mapping[str, Any]], host: Host) -> tuple[list[Toggle], list[dict[str, str]]]:
    """The toggles of settings as they are written, and those ``optional`` ones that this host cannot toggle.

    The latter as ``{kind, key, reason}``. BadInput for what is not well formed, Refused for what must not be toggled.
    """
    if not raw:
        raise BadInput("There is nothing to toggle", where="settings", why="it is empty", remedy="Name at least one")
    skipped: list[dict[str, str]] = []
    pairs = _parse_all(raw, skipped)
    toggles: list[Toggle] = []
    stands_against: list[Hazard] = []
    for fields, pair in pairs:
        try:
            toggle, found = _resolve_one(pair, host)
        except BadInput as error:
            _skip(fields, error, skipped)
            continue
        if not found and toggle:
            toggles.append(toggle)
        elif fields.get("optional"):
            reason = "; ".join(f"{hazard.reason} ({hazard.id})" for hazard in found)
            skipped.append({"kind": pair[0].kind, "key": pair[0].key, "reason": reason})
        else:
            stands_against.extend(found)
    _refuse(stands_against, host)
    # The same rule as for a change: no setting twice, under whatever name.
    plan.build([toggle.values[0] for toggle in toggles], host)
    return toggles, skipped


def _parse_all(
    raw: Sequence[Mapping[str, Any]], skipped: list[dict[str, str]]
) -> list[tuple[Mapping[str, Any], tuple[Setting, Setting]]]:
    """All of it, before the host is looked at."""
    pairs = []
    for number, fields in enumerate(raw, start=1):
        try:
            pairs.append((fields, _parse(fields, number)))
        except BadInput as error:
            _skip(fields, error, skipped)
    return pairs


def _skip(fields: Any, error: BadInput, skipped: list[dict[str, str]]) -> None:
    """Leave an optional setting out, with the reason; of any other the error stands."""
    if not isinstance(fields, Mapping) or not fields.get("optional"):
        raise error
    skipped.append({"kind": str(fields.get("kind")), "key": str(fields.get("key")), "reason": error.message})


def _parse(fields: Mapping[str, Any], number: int) -> tuple[Setting, Setting]:
    where = f"setting {number}"
    written.check(fields, where)
    unknown = sorted(set(fields) - _FIELDS)
    values = fields.get("values")
    if unknown or not isinstance(values, (list, tuple)) or len(values) != 2:
        raise BadInput(
            "A setting to toggle is not well formed",
            where=where,
            why=f"unknown fields: {', '.join(unknown)}" if unknown else "it needs two values: the old and the new one",
            remedy="Write {kind, key, values: [old, new]}",
        )
    try:
        old, new = plan.parse([{"kind": fields.get("kind"), "key": fields.get("key"), "value": one} for one in values])
    except BadInput as error:
        if "secret" in error.what:
            why = "its values would stand in logs and results"
            raise BadInput(
                f"{fields['key']} is a secret, and no tuning", where=where, why=why, remedy="Leave it out"
            ) from None
        raise BadInput(error.what, where=where, why=error.why, remedy="Write {kind, key, values: [old, new]}") from None
    return old, new


def _resolve_one(pair: tuple[Setting, Setting], host: Host) -> tuple[Toggle | None, list[Hazard]]:
    found = list(refusals.without_a_look(pair[:1]))
    if found:
        return None, found
    where = f"setting {pair[0].kind} {pair[0].key}"
    old, new = plan.build([pair[0]], host).settings[0], plan.build([pair[1]], host).settings[0]
    if old.before is None:
        raise BadInput(
            f"{pair[0].kind} {pair[0].key} cannot be read",
            where=where,
            why="what cannot be read cannot be put back",
            remedy="Leave it out",
        )
    found = refusals.against((old, new), host)
    if not found and old.setting.value == new.setting.value:
        raise BadInput(
            f"Both values of {old.setting.kind} {old.setting.key} are {old.setting.value!r}",
            where=where,
            why="there is nothing to compare",
            remedy="Name two values that differ",
        )
    return Toggle((old.setting, new.setting), old.before), found


def _refuse(found: Sequence[Hazard], host: Host) -> None:
    if found:
        raise Refused(
            "This must not be toggled on a running server, so nothing was changed",
            where=str(host.address),
            why=reasons(found),
            remedy=remedies(found),
            hazards=[hazard.report() for hazard in found],
        )
