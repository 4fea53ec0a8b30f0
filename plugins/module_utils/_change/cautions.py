# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not stand against a change and should be known all the same: the warnings of its result."""

from __future__ import annotations

from collections.abc import Iterator

from .._host import cpus
from .._server import dependents, directives, modules, replication
from .._settings.setting import Host
from . import keys, placement
from .plan import Plan


def all_of(plan: Plan, host: Host) -> Iterator[str]:
    """Every warning about the plan. Reads only."""
    written = {
        (item.setting.kind, directives.primary(item.setting.key) if item.setting.kind == "redis" else item.setting.key)
        for item in plan.to_change
        if item.setting.unit in (None, host.instance.unit)
    }
    pins = bool(written.intersection(placement.PINS))
    if pins or written & {("redis", "save"), ("redis", "appendonly")}:
        yield from _children_on_its_cpu(plan, host)
    if pins and ("redis", "io-threads") not in written:
        yield from _threads_on_one_another(plan, host)
    if written & {("redis", "save"), ("redis", "appendonly")}:
        yield from _keeps_nothing(plan, host)
    if ("redis", "tcp-backlog") in written:
        yield from _backlog_is_cut(int(plan.wanted("redis", "tcp-backlog") or 0), plan, host)
    if ("redis", "databases") in written:
        yield from _databases_of_others(int(plan.wanted("redis", "databases") or 0), plan)
    if plan.to_restart:
        yield from _expiry_uncounted(host)
        yield from _modules_untold(host)
        yield from _restarts_services(host)


def _children_on_its_cpu(plan: Plan, host: Host) -> Iterator[str]:
    """A child inherits the affinity of its parent, and takes half of the one CPU that both have."""
    here = placement.server_cpus(plan, host)
    if len(here) != 1:
        return
    names = [name for name in placement.children(plan, host) if placement.child_cpus(name, plan, host) <= here]
    if names:
        yield (
            f"The server will have CPU {cpus.format_cpu_list(here)} alone, and its children for "
            f"{' and '.join(placement.CHILDREN[name] for name in names)} inherit that: while they work, they and the "
            f"server take turns there. Give them CPUs of their own ({', '.join(names)}; where the unit forbids "
            "sched_setaffinity, beside {kind: systemd, key: SystemCallFilter, value: sched_setaffinity}), or give the "
            "server a second CPU"
        )


def _threads_on_one_another(plan: Plan, host: Host) -> Iterator[str]:
    here = placement.server_cpus(plan, host)
    threads = int(placement.after(plan, host, "io-threads") or 1)
    if threads > max(1, len(here)):
        yield (
            f"The server has {threads} io-threads, and will have the CPUs {cpus.format_cpu_list(here)}: its threads "
            "take turns there. Give it as many CPUs, or fewer io-threads"
        )


def _keeps_nothing(plan: Plan, host: Host) -> Iterator[str]:
    if host.instance.role == "master" and not any(
        placement.after(plan, host, name).strip() not in ("", "no") for name in ("save", "appendonly")
    ):
        yield (
            "The server will keep nothing on disk: with its process all its data is gone, and then that of its "
            "replicas. Leave save points or appendonly on where the data matters"
        )


def _backlog_is_cut(wanted: int, plan: Plan, host: Host) -> Iterator[str]:
    """The kernel cuts it off in silence, and CONFIG GET shows the wish."""
    limit = plan.wanted("sysctl", "net.core.somaxconn")
    if limit is None:
        with open(host.path("/proc/sys/net/core/somaxconn"), encoding="ascii") as file:
            limit = file.read()
    if int(limit) < wanted:
        yield (
            f"The kernel will cut tcp-backlog {wanted} to net.core.somaxconn, {int(limit)}. Set "
            "{kind: sysctl, key: net.core.somaxconn} beside it"
        )


def _expiry_uncounted(host: Host) -> Iterator[str]:
    """Where no key lasts none can tell that the others were only dropped in their time."""
    facts = host.client.info("everything")
    held = keys.of(facts, 0.0)
    counts_them = "rdb_last_load_keys_expired" in facts or str(facts.get("aof_enabled")) == "1"
    if host.instance.role == "master" and 0 < held.keys <= held.expiring and not counts_them:
        yield (
            f"All {held.keys} keys have a time to live, and this version does not count those that it drops while it "
            "loads them: a restart that lost some would not be noticed. Compare their number yourself"
        )


def _modules_untold(host: Host) -> Iterator[str]:
    found = modules.untold(host.client, host.instance)
    if found:
        yield (
            f"{host.instance.unit} starts the server by a script, whose options are not known, and the config file "
            f"does not load the module {', '.join(map(str, found))}: where the script does not either, a restart "
            "brings the server up without it, and not at all where its data has the module's types. Look there first"
        )


def _restarts_services(host: Host) -> Iterator[str]:
    """Of no server whose data would be lost, but of those that notice."""
    unit = host.instance.unit
    others = sorted(name for name, server in dependents.running(unit).items() if not server) if unit else []
    if others:
        yield f"{', '.join(others)} needs {unit}: systemd restarts that with it"


def _databases_of_others(wanted: int, plan: Plan) -> Iterator[str]:
    for replica in plan.replicas:
        yield from _not_asked("Replica", replica.peer)
        if replica.peer.databases and replica.peer.databases < wanted:
            yield (
                f"Replica {replica.peer.address} has only {replica.peer.databases} databases: what is written to a "
                "higher one here goes astray there. Give it as many first"
            )
    if plan.master:
        yield from _not_asked("Master", plan.master)
        if (plan.master.databases or 0) > wanted:
            yield (
                f"Master {plan.master.address} has {plan.master.databases} databases: what is written to one above "
                f"{wanted - 1} there goes astray here. Give it no more than its replicas"
            )


def _not_asked(who: str, peer: replication.Peer) -> Iterator[str]:
    if peer.keys is None:
        yield f"{who} {peer.address} may hold keys in databases that go away: {peer.why}. Look there yourself"
