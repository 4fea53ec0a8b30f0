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
  - Each gate queries the measurement. The task fails when a hard gate fails, and returns everything all the same.
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
      - Rules on figures of the measurement. A gate that cannot match anything is an error before the measurement.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name under which the gate is reported.
        type: str
        required: true
      query:
        description: JMESPath expression on the measurement that yields a number, such as V(rtt.p99).
        type: str
        required: true
      max:
        description: The largest good value in microseconds, or as a ratio with O(gates[].against=baseline).
        type: float
        required: true
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
        description: Whether O(gates[].max) is the limit itself or a multiple of the value in O(baseline).
        type: str
        choices: [absolute, baseline]
        default: absolute
      abort:
        description:
          - Past this level, in the unit of O(gates[].max), the decision is to roll back without O(verify).
        type: float
  baseline:
    description:
      - The RV(measurement) of an earlier call, for gates against it.
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
      - What to decide when a hard gate cannot be judged, after O(verify) neither.
    type: str
    choices: [roll_back, keep]
    default: roll_back
extends_documentation_fragment:
  - lowlat.redis.connection
attributes:
  check_mode:
    support: full
    description: Measures as usual.
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
    - What was measured. C(rtt), C(set_rtt) and C(xadd_rtt) as a client on the host sees them, C(set) and C(xadd) as
      the server executes them, each with C(p50), C(p90), C(p99), C(p999), C(max), C(mean), C(jitter) (p99 - p50),
      C(count) and C(p99_interval) (95 % confidence).
    - The metrics of a client carry their distribution as C(histogram). Those of the server carry C(source) and
      C(foreign_calls), the calls of other clients that are in them.
    - C(by_run) has p50, p99 and jitter of every run, C(not_measured) the reason for each metric that is not there,
      C(cpu) where probe and server ran.
  returned: when the server could be measured
  type: dict
  sample: {rtt: {p50: 8.6, p99: 9.8, jitter: 1.2, count: 6000}, not_measured: {}}
gates:
  description:
    - Each gate with its C(outcome) (pass, soft_fail, fail or inconclusive), C(reason), C(value), C(limit) and
      C(interval).
  returned: when the server could be measured
  type: list
  elements: dict
decision:
  description:
    - The C(decision) (keep or roll_back), the names of the C(failed), C(inconclusive) and C(aborted) gates and the
      C(reason).
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
      C(outcomes) and C(comparisons) with the baseline. Empty where nothing had to be looked into.
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

GATE = {
    "name": {"type": "str", "required": True},
    "query": {"type": "str", "required": True},
    "max": {"type": "float", "required": True},
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

    _module.run(module, lambda: _gated_probe.run(module.params))


if __name__ == "__main__":
    main()
