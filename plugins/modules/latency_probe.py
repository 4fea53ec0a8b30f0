#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the latency of a Redis server on its own host, and judge it by gates."""

from __future__ import annotations

DOCUMENTATION = r"""
module: latency_probe
short_description: Measure the latency of a Redis server on its own host and judge it by gates
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Measures round trips of C(PING), C(SET) and C(XADD) to a Redis or Valkey server from a pinned CPU of the same host,
    and what the server itself says of the execution of C(SET) and C(XADD). All times are in microseconds.
  - Each gate queries the measurement. The task fails unless the decision is to keep, where there is a hard gate, and
    returns everything all the same.
  - The keys it writes begin with C(lowlat:probe:), expire, and are removed at the end, even when it is interrupted.
  - Where writing is not possible or not wise (a replica, memory at its limit, no permission) it measures C(PING) alone
    and gives the reason.
options:
  cpu:
    description:
      - Where the probe runs. V(same) is the CPU of the server, V(auto) another one, a number that very CPU.
    type: str
    default: same
  samples:
    description:
      - Round trips of each command in each run.
    type: int
    default: 2000
  runs:
    description:
      - How many runs are made.
    type: int
    default: 3
  duty:
    description:
      - Share of the time during which the probe may be busy, from 0.001 to 1. The rest is left to other clients.
    type: float
    default: 0.5
  rate:
    description:
      - Requests per second. Each is timed from the moment at which it was due, so that a stall shows up in every
        request that it held back. With V(0) the next request follows the reply, within O(duty).
    type: float
    default: 0
  commands:
    description:
      - What is measured.
    type: list
    elements: str
    choices: [ping, set, xadd]
    default: [ping, set, xadd]
  gates:
    description:
      - Rules on figures of the measurement. A gate that cannot match anything, or that lacks O(gates[].name),
        O(gates[].query) or O(gates[].max), is an error before the measurement.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name under which the gate is reported. Every gate has one.
        type: str
      query:
        description:
          - JMESPath expression on the measurement that yields a number, such as V(rtt.p99). Every gate has one.
        type: str
      max:
        description:
          - The largest good value in microseconds, or as a ratio with O(gates[].against=baseline). Every gate has one.
        type: float
      tolerance:
        description: How far past O(gates[].max) the gate only fails softly, in the same unit.
        type: float
        default: 0
      severity:
        description: Only a V(hard) gate decides, a V(soft) one is reported.
        type: str
        choices: [hard, soft]
        default: hard
      against:
        description:
          - Whether O(gates[].max) is the limit itself or a multiple of the value in O(baseline), which must be there.
          - Only with O(on_inconclusive=keep) it need not be. Then this measurement is to be a baseline itself. Such
            gates are checked and reported as inconclusive, and the sample is enlarged until it can carry them.
        type: str
        choices: [absolute, baseline]
        default: absolute
      abort:
        description:
          - Past this level, in the unit of O(gates[].max), the decision is to roll back without O(verify), or without
            any more of it where that has begun.
        type: float
  baseline:
    description:
      - The RV(measurement) of an earlier call, for gates against it. A damaged one is an error before the measurement.
    type: dict
  verify:
    description:
      - Look twice where a hard gate does not hold at once. It measures again and then larger samples, compares with
        O(baseline) relative to the reference, and tells the RV(cause).
    type: bool
    default: true
  verify_seconds:
    description:
      - How long that may take. A look that would take longer is left out, and the last one decides.
    type: float
    default: 30
  on_inconclusive:
    description:
      - What to decide when a hard gate cannot be judged, after O(verify) neither. With V(roll_back) the task then
        fails.
    type: str
    choices: [roll_back, keep]
    default: roll_back
extends_documentation_fragment:
  - lowlat.redis.connection
attributes:
  check_mode:
    support: full
    description:
      - Refuses what would be refused before the measurement, such as a gate that cannot match anything, and measures
        nothing. RV(measurement) and RV(gates) are empty, and so may O(baseline) be then.
  diff_mode:
    support: none
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
  platform:
    platforms: linux
    support: full
    description: The target runs Linux and is the host of the server.
requirements:
  - python >= 3.9
  - redis (Python library)
  - psutil (Python library)
  - jmespath (Python library)
seealso:
  - module: lowlat.redis.change
"""

EXAMPLES = r"""
- name: Measure, and fail unless the gates hold
  lowlat.redis.latency_probe:
    cpu: same
    samples: 2000
    runs: 3
    gates:
      - {name: rtt_p99, query: rtt.p99, max: 12.0, tolerance: 0.1}
      - {name: set_jitter, query: set.jitter, max: 4}

- name: Measure a server in use, gently
  lowlat.redis.latency_probe:
    login_unix_socket: /run/redis/redis-server.sock
    duty: 0.1
  register: before

- name: At most half as slow again as before
  lowlat.redis.latency_probe:
    login_unix_socket: /run/redis/redis-server.sock
    duty: 0.1
    baseline: "{{ before.measurement }}"
    gates:
      - {name: rtt_p50, query: rtt.p50, max: 1.5, against: baseline}
"""

RETURN = r"""
measurement:
  description:
    - What was measured. Times are in microseconds unless said otherwise. Where a breach was looked into this is the
      first measurement. Those after it are in RV(verification), and RV(gates[].look) says by which a gate was judged.
  returned: when the server could be measured; empty in check mode
  type: dict
  sample: {rtt: {p50: 8.6, p99: 9.8, jitter: 1.2, count: 6000}, not_measured: {}}
  contains:
    rtt:
      description:
        - PING as a client on the host sees it. So are C(set_rtt) and C(xadd_rtt), while C(set) and C(xadd) are as the
          server executes them, and C(reference) is the echo responder beside the server.
        - Each is a mapping of C(p50), C(p90), C(p99), C(p999), C(max), C(mean), C(jitter) (p99 - p50), C(count) (round
          trips), and the 95 % intervals C(p50_interval), C(p90_interval), C(p99_interval), C(p999_interval) and
          C(jitter_interval), lists of two with null for an end that the samples are too few for.
        - The intervals of a client, and of the reference, allow for round trips that come in clusters, by how much
          blocks of 500 differ; those of a single block are null. Those of the server take calls as independent.
        - Those of a client have their distribution as C(histogram), a compact text. Those of the server have C(source)
          and C(foreign_calls), the number of calls of other clients that are in them. The reference has C(transport).
      type: dict
    relative:
      description:
        - For C(rtt), C(set_rtt) and C(xadd_rtt) the C(p50), C(p90) and C(p99) as multiples of the reference, medians
          over C(blocks) blocks, and their 95 % intervals C(p50_interval), C(p90_interval) and C(p99_interval).
      type: dict
    ledger:
      description:
        - For the reference and each metric of a client C(wall), C(probe), C(server), C(idle) and C(foreign) time, in
          microseconds for each round trip, and under C(lacking) why a term is null.
      type: dict
    series:
      description: The figures and ledger terms of every block as a compact text, for comparisons.
      type: str
    by_run:
      description: For each run C(p50), C(p99) and C(jitter) of each metric.
      type: list
      elements: dict
    evidence:
      description:
        - What happened on the host meanwhile. C(same_cpu) and C(pinned) (booleans), C(affinity) and C(threads) (CPU
          lists), C(migrations) and C(involuntary) switches (numbers), C(steal), C(throttled), C(throttled_by) and
          C(pressure) (shares of the time), C(interrupts) (per second), C(frequency) (MHz before and after, and the
          governor), C(server_pid), C(monitors) (number of clients), C(background) (saves that ran), C(slowlog) (new
          entries) and C(latency_events). What is null has its reason under C(lacking).
      type: dict
    cpu:
      description:
        - C(requested) as in O(cpu), the CPU of the C(probe), the CPUs of the C(server), and C(same), whether they are
          the one same CPU.
      type: dict
    not_measured:
      description: The reason for each metric that is not there.
      type: dict
    warnings:
      description: What makes the figures less sure than they look, a sentence each.
      type: list
      elements: str
    transport:
      description: How the server was reached, C(tcp), C(unix) or C(tls).
      type: str
    samples:
      description: As in the options, and so are C(runs), C(duty) and C(rate).
      type: int
    seconds:
      description: How long it took.
      type: float
    started_at:
      description: When it began, in UTC.
      type: str
    schema:
      description: The version of this shape.
      type: int
gates:
  description: Each gate and what became of it.
  returned: when the server could be measured; empty in check mode
  type: list
  elements: dict
  contains:
    name:
      description: As given, and so are C(query), C(against), C(severity), C(max), C(tolerance) and C(abort).
      type: str
    outcome:
      description: V(pass), V(soft_fail) (past the limit, wholly within the tolerance), V(fail) or V(inconclusive).
      type: str
    reason:
      description: Why, in a sentence.
      type: str
    look:
      description:
        - The measurement that it was judged by, which all its figures are of. V(first) is RV(measurement), any other
          name is that of one of the C(looks) in RV(verification).
      type: str
    value:
      description: The figure, or null.
      type: float
    limit:
      description: The largest good value in the figure's own unit, or null.
      type: float
    baseline:
      description: The figure in O(baseline), or null.
      type: float
    interval:
      description: The figure's interval in its own unit, or null where such a figure has none.
      type: list
      elements: float
    half_width:
      description: Half of the interval, or null.
      type: float
    judged:
      description: Whether the figure was compared with anything. False where a measurement is not there, not whole, or
        was kept from running for most of the time.
      type: bool
    excused:
      description: Whether neither measurement could have the metric, for the same reason. Such a gate decides nothing.
      type: bool
    aborted:
      description: Whether the figure is past O(gates[].abort).
      type: bool
decision:
  description:
    - The C(decision) (keep or roll_back), the names of the C(failed), C(inconclusive) and C(aborted) gates, the
      C(reason), and C(on_inconclusive) as in the options.
  returned: when the server could be measured
  type: dict
cause:
  description:
    - Why a gate did not hold at once. C(artifact) of the measurement, C(environment) of the host, C(genuine) harm by
      the server, or C(unexplained). Empty where nothing had to be looked into.
  returned: when the server could be measured
  type: str
evidence:
  description: What the cause stands on, a sentence each.
  returned: when the server could be measured
  type: list
  elements: str
sampling_seconds:
  description: How long all measurements took together.
  returned: when the server could be measured
  type: float
comparisons:
  description:
    - Baseline against measurement (the last look, where there were several) by figure, such as C(rtt.p50), each
      relative to its own reference, with C(verdict), C(effect), C(interval) and C(margin) as relative changes.
  returned: when the server could be measured
  type: dict
verification:
  description:
    - The outcomes of the C(first) measurement and the C(looks) that followed, each with C(name), C(measurement),
      C(alpha) (the error that a failure may be made with), C(outcomes) and C(comparisons) with the baseline. Their
      names are C(pinned_runs), C(larger_sample) and C(largest_sample). Empty where nothing had to be looked into.
  returned: when the server could be measured
  type: dict
missing_library:
  description: The Python library that the target lacks.
  returned: when there is one; nothing was done then
  type: str
error:
  description: The failure in its parts C(what), C(where), C(why) and C(remedy).
  returned: on failure
  type: dict
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.lowlat.redis.plugins.module_utils import _module
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import ARGUMENTS

# None of them required here: the judge names the gate that lacks one, and Ansible would not.
GATE = {
    "name": {"type": "str"},
    "query": {"type": "str"},
    "max": {"type": "float"},
    "tolerance": {"type": "float", "default": 0},
    "severity": {"type": "str", "choices": ["hard", "soft"], "default": "hard"},
    "against": {"type": "str", "choices": ["absolute", "baseline"], "default": "absolute"},
    "abort": {"type": "float"},
}
OPTIONS = {
    "cpu": {"type": "str", "default": "same"},
    "samples": {"type": "int", "default": 2000},
    "runs": {"type": "int", "default": 3},
    "duty": {"type": "float", "default": 0.5},
    "rate": {"type": "float", "default": 0},
    "commands": {
        "type": "list",
        "elements": "str",
        "choices": ["ping", "set", "xadd"],
        "default": ["ping", "set", "xadd"],
    },
    "gates": {"type": "list", "elements": "dict", "options": GATE, "default": []},
    "baseline": {"type": "dict"},
    "verify": {"type": "bool", "default": True},
    "verify_seconds": {"type": "float", "default": 30},
    "on_inconclusive": {"type": "str", "choices": ["roll_back", "keep"], "default": "roll_back"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=dict(OPTIONS, **ARGUMENTS), supports_check_mode=True)
    missing = _module.missing_library()
    if missing:
        module.fail_json(msg=missing_required_lib(missing[0]), exception=missing[1], missing_library=missing[0])
    # Only now: these import the libraries.
    from ansible_collections.lowlat.redis.plugins.module_utils import _gated_probe

    take = _gated_probe.rehearse if module.check_mode else _gated_probe.run
    _module.run(module, lambda: take(module.params))


if __name__ == "__main__":
    main()
