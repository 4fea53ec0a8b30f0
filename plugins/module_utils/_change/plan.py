# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a change would do to this host: read only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._errors import BadInput
from .._server import directives
from .._server.replication import Peer, Replica
from .._server.unit_files import UnitFiles
from .._settings import registry, written
from .._settings.setting import Host, Reading, Setting

_FIELDS = set(written.FIELDS)
MASK = "********"


def shown(setting: Setting, value: Any) -> Any:
    """A value as results and errors may show it: never a secret."""
    secret = setting.kind == "redis" and directives.secret(setting.key)
    return MASK if secret and value not in (None, "") else value


@dataclass
class PlannedSetting:
    """One setting beside what the host has now."""

    setting: Setting
    before: Reading | None = None
    live: bool = False  #: the live value differs
    persisted: bool = False  #: the stored value differs
    restart: bool = False  #: the live value can change by a restart only
    skipped: str = ""  #: why an optional setting is left out

    @property
    def changed(self) -> bool:
        return not self.skipped and (self.live or self.persisted)

    def shown(self, value: Any) -> Any:
        return shown(self.setting, value)

    def report(self) -> dict[str, Any]:
        setting, before = self.setting, self.before
        return {
            "kind": setting.kind,
            "key": setting.key,
            "unit": setting.unit or "",
            "before": self.shown(before.live) if before else None,
            "after": self.shown(setting.value) if not self.skipped else (before and self.shown(before.live)),
            "persisted_before": self.shown(before.persisted) if before else None,
            "persisted_after": self._persisted_after(),
            "changed": self.changed,
            "restart": self.restart,
            "skipped": self.skipped,
        }

    def _persisted_after(self) -> Any:
        if self.before is None or self.skipped or not self.before.persistable:
            return self.before.persisted if self.before else None
        return self.shown(self.setting.value)


@dataclass
class Plan:
    """Every setting of a change, in the order of writing, and the files that hold their stored values.

    Preflight adds the ``replicas`` and the ``master``, where a restart or the databases are at stake, the
    ``unit_files``, and ``warnings``: what does not stand against the change and should be known.
    """

    settings: list[PlannedSetting]
    replicas: list[Replica] = field(default_factory=list)
    master: Peer | None = None
    unit_files: UnitFiles | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def to_change(self) -> list[PlannedSetting]:
        return [planned for planned in self.settings if planned.changed]

    @property
    def to_restart(self) -> list[PlannedSetting]:
        return [planned for planned in self.to_change if planned.restart]

    def wanted(self, kind: str, key: str, unit: str | None = None) -> str | None:
        """The value that a setting is to have, None where the change says nothing of it (or leaves it out)."""
        for item in self.settings:
            here = directives.primary(item.setting.key) if kind == "redis" else item.setting.key
            if (item.setting.kind, here, item.setting.unit) == (kind, key, unit) and not item.skipped:
                return item.setting.value
        return None

    def files(self, host: Host) -> list[str]:
        """Paths of the files to edit, each once, in order."""
        paths: dict[str, None] = {}
        for planned in self.to_change:
            path = registry.provider(planned.setting.kind).file(planned.setting, host)
            if planned.persisted and path:
                paths[path] = None
        return list(paths)


def parse(raw: Sequence[Mapping[str, Any]]) -> list[Setting]:
    """Settings from their written form; BadInput names the one that is wrong."""
    settings = []
    for number, fields in enumerate(raw, start=1):
        where = f"setting {number}"
        written.check(fields, where)
        unknown = sorted(set(fields) - _FIELDS)
        if (
            unknown
            or not fields.get("kind")
            or not fields.get("key")
            or (fields.get("value") is None and fields.get("secret") is None)
        ):
            why = f"unknown fields: {', '.join(unknown)}" if unknown else "it needs a kind, a key and a value"
            raise BadInput("A setting is not well formed", where=where, why=why, remedy="Write {kind, key, value}")
        value = fields.get("value") if fields.get("secret") is None else fields["secret"]
        if fields["kind"] == "redis" and fields.get("secret") is None and directives.secret(str(fields["key"])):
            raise BadInput(
                f"The value of {fields['key']} is a secret",
                where=where,
                why="Ansible writes what stands in value to logs and results",
                remedy="Give it as secret instead of value",
            )
        settings.append(
            Setting(
                kind=str(fields["kind"]),
                key=str(fields["key"]),
                value=("yes" if value else "no") if isinstance(value, bool) else str(value),
                unit=fields.get("unit") or None,
                optional=bool(fields.get("optional")),
            )
        )
    if not settings:
        raise BadInput("A change needs settings", where="settings", why="the list is empty", remedy="Name at least one")
    return settings


def build(settings: Sequence[Setting], host: Host) -> Plan:
    """Check every setting against this host and read what is there; writes nothing."""
    planned = [_plan_one(setting, host) for setting in settings]
    _refuse_doubles(planned)
    _affinity_makes_restart_needless(planned)
    return Plan(_ordered(planned))


def _plan_one(setting: Setting, host: Host) -> PlannedSetting:
    try:
        provider = registry.provider(setting.kind)
        wanted = provider.normalise(setting, host)
        before = provider.read(wanted, host)
    except BadInput as error:
        if not setting.optional:
            where = f"setting {setting.kind} {setting.key}" + (f", {error.where}" if error.where else "")
            remedy = error.remedy or "Correct it, or leave it out"
            raise BadInput(error.what, where=where, why=error.why, remedy=remedy, **error.details) from error
        return PlannedSetting(setting, skipped=error.message)
    live = not provider.live_matches(wanted, before)
    return PlannedSetting(
        wanted,
        before,
        live=live,
        persisted=before.persistable and not provider.persisted_matches(wanted, before),
        restart=live and provider.needs_restart(wanted, before, host),
    )


def _refuse_doubles(planned: Sequence[PlannedSetting]) -> None:
    seen = set()
    for item in planned:
        setting = item.setting
        key = directives.primary(setting.key) if setting.kind == "redis" else setting.key
        identity = (setting.kind, key, setting.unit)
        if identity in seen:
            raise BadInput(
                f"{setting.kind} {setting.key} is set twice in one change",
                where="settings",
                why="it is not clear which value is meant",
                remedy="Keep one of them",
            )
        seen.add(identity)


def _ordered(planned: Sequence[PlannedSetting]) -> list[PlannedSetting]:
    """The limit before the policy: an evicting policy under the old, lower limit would evict at once."""
    keys = [item.setting.key for item in planned if item.setting.kind == "redis"]
    if "maxmemory" not in keys or "maxmemory-policy" not in keys[: keys.index("maxmemory")]:
        return list(planned)
    limit = next(item for item in planned if (item.setting.kind, item.setting.key) == ("redis", "maxmemory"))
    rest = [item for item in planned if item is not limit]
    at = next(number for number, item in enumerate(rest) if item.setting.key == "maxmemory-policy")
    return [*rest[:at], limit, *rest[at:]]


def _affinity_makes_restart_needless(planned: Sequence[PlannedSetting]) -> None:
    """CPUAffinity= waits for a restart, unless the same change also moves the threads there live."""
    live_cpus = {item.setting.value for item in planned if item.setting.kind == "affinity" and not item.skipped}
    for item in planned:
        if item.setting.kind == "systemd" and item.setting.key == "CPUAffinity" and item.setting.value in live_cpus:
            item.restart = False
