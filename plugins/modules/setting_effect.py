#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Toggle a setting and find out what that does to the latency."""

from __future__ import annotations

DOCUMENTATION = r"""
module: setting_effect
short_description: Toggle a setting of a running Redis host and measure what that does to its latency
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Switches one setting, or a bundle of settings, back and forth between two values on the running server, measures
    round trips beside a reference on the same CPU each time, and says whether the second value is slower than the first
    by more than a margin, is equivalent, is faster, or cannot be told.
  - A bundle that makes the server slower is narrowed down to the settings that are at fault, and these are confirmed
    once more in a later window. A single setting that makes it slower is confirmed likewise.
  - The live values are always put back, and that is proven by reading them. Where the module itself is killed, a
    process on the host puts them back. A value that somebody else has set meanwhile is left alone and reported. No
    file is written.
  - Settings that only a restart changes, that say where the server is and who may in, that lose data or connections, or
    whose traces would stay, are refused.
options:
  setting:
    description:
      - The setting to toggle. Either this or O(settings) is needed.
    type: dict
    suboptions: &suboptions
      kind:
        description:
          - What sort of knob it is.
        type: str
        required: true
      key:
        description:
          - A Redis directive, a sysctl, a path below /sys, or V(server) for V(affinity).
        type: str
        required: true
      values:
        description:
          - The old and the new value, each written as the knob takes it. Effects are those of the second value
            relative to the first, whichever of them the host has now.
        type: list
        elements: raw
        required: true
      optional:
        description:
          - Leave the setting out, with the reason in RV(left_out), where it cannot be toggled here.
        type: bool
        default: false
  settings:
    description:
      - A bundle of settings, as O(setting). While a part of it is tested, the others have their first value.
    type: list
    elements: dict
    suboptions: *suboptions
  cpu:
    description:
      - Where the probe runs. V(same) is the CPU of the server, V(auto) another one, a number that very CPU.
    type: str
    default: same
  commands:
    description:
      - What is measured.
    type: list
    elements: str
    choices: [ping, set, xadd]
    default: [ping, set, xadd]
  margin_p50:
    description:
      - A change of the median by less than this share is none. V(0.02) is 2 %.
    type: float
    default: 0.02
  margin_p99:
    description:
      - A change of the typical p99 (the median of that of blocks of 500 round trips) by less than this share is none.
        The p99 of all round trips together is not judged. It moves too much by itself, and what makes it longer in
        fewer than half of the blocks is not seen here; a gate of M(lowlat.redis.latency_probe) sees that.
    type: float
    default: 0.05
  seconds:
    description:
      - How long it may take, from 1 to 3600. It ends earlier where everything is decided. A confirmation may take a
        tenth of it more.
    type: float
    default: 90
  duty:
    description:
      - Share of the time during which the probe may be busy, from 0.001 to 1. The rest is left to other clients.
    type: float
    default: 0.5
  seed:
    description:
      - The seed of the order in which the values alternate. By default a new one, found in RV(seed).
    type: int
  state_directory:
    description:
      - Where the host keeps its changes and its lock. No change can begin while settings are toggled.
        An absolute path.
    type: path
    default: /var/lib/lowlat
extends_documentation_fragment:
  - lowlat.redis.connection
attributes:
  check_mode:
    support: partial
    description: Checks the settings against the host.
    details: Toggles and measures nothing, and RV(verdict) is V(untested).
  diff_mode:
    support: none
    description: Leaves everything as it was.
  idempotent:
    support: full
    description: Leaves everything as it was.
  platform:
    platforms: linux
    support: full
    description: The target runs Linux and is the host of the server.
requirements:
  - python >= 3.9
  - redis (Python library)
  - psutil (Python library)
  - jmespath (Python library)
notes:
  - Needs root, as M(lowlat.redis.change) does.
seealso:
  - module: lowlat.redis.change
  - module: lowlat.redis.latency_probe
"""

EXAMPLES = r"""
- name: Does hz matter here? Toggle it and find out
  lowlat.redis.setting_effect:
    setting: {kind: redis, key: hz, values: [10, 8]}

- name: Which of these makes the server slower?
  lowlat.redis.setting_effect:
    settings:
      - {kind: redis, key: hz, values: [10, 8]}
      - {kind: redis, key: appendfsync, values: [everysec, always]}
      - {kind: sysctl, key: net.core.busy_poll, values: [0, 50], optional: true}
"""

RETURN = r"""
verdict:
  description:
    - V(regression), V(equivalent), V(improvement) or V(undecided) of the second values against the first.
      V(untested) in check mode, and where every setting was left out.
  returned: success
  type: str
  sample: equivalent
effects:
  description:
    - By metric (C(rtt), C(set_rtt), C(xadd_rtt)) and figure (C(p50), C(p90), C(p99) of the round trips that nobody else
      ran in, C(p99_all) of all of them) the C(effect) as a relative change
      (0.02 is 2 % slower), its C(interval), the C(margin), the error C(alpha) of that interval, the C(verdict), the
      number of quads as C(samples), and C(caps), what speaks against a regression or improvement. The verdict is
      then V(undecided), unless the effect is so large that this could not have made it up.
    - C(p90) and C(p99_all) decide nothing.
  returned: success
  type: dict
confirmation:
  description: The C(effects) of the later window for a single setting, empty where there was nothing to confirm.
  returned: when it was measured
  type: dict
culprits:
  description: The settings that are at fault, each with C(kind) and C(key).
  returned: success
  type: list
  elements: dict
suspects:
  description: Settings among which the harm is, where time or noise kept it from being found or confirmed.
  returned: success
  type: list
  elements: dict
recommendations:
  description:
    - What to do where it could not be told, as far as the measurement says. More O(seconds) and how many, a quieter
      host or time, a margin that can be attained on this one, or fewer O(commands). Empty where all is decided.
  returned: success
  type: list
  elements: str
groups:
  description: The culprits of a bundle as they were found. Settings in one group do harm only together.
  returned: when it was measured
  type: list
  elements: list
tests:
  description: Every subset of a bundle that was tested, with C(settings), C(verdict), C(effects), C(quads), C(seconds).
  returned: when it was measured
  type: list
  elements: dict
joint:
  description:
    - The joint confirmation of the culprits in a later window, all other settings having their new values. C(confirmed)
      says whether they make the difference there, C(rest) is the verdict on the other settings. Empty for one setting.
  returned: when it was measured
  type: dict
null_quads:
  description: What the A/A quads said, C(quads), C(p_values) and C(caps).
  returned: when it was measured
  type: dict
settings:
  description: The settings with C(kind), C(key), both canonical C(values), and the value that was C(found).
  returned: success
  type: list
  elements: dict
left_out:
  description: Optional settings that were left out, with C(kind), C(key) and C(reason).
  returned: success
  type: list
  elements: dict
left_as_found:
  description: Whether every live value was read back as it was found.
  returned: when it was measured, and on failure once something was toggled
  type: bool
quads:
  description: How many quads of four sides were measured, A/A quads included.
  returned: when it was measured
  type: int
seconds:
  description: How long it took.
  returned: when it was measured
  type: float
seed:
  description: The seed of the order of the quads.
  returned: when it was measured
  type: int
cpu:
  description: Where probe and server ran.
  returned: when it was measured
  type: dict
not_measured:
  description: The reason for each metric that was asked for and is not there.
  returned: when it was measured
  type: dict
hazards:
  description: Why settings must not be toggled, each with C(id), C(setting), C(reason) and C(remedy).
  returned: when it is refused
  type: list
  elements: dict
left:
  description: What could not be put back yet, and why.
  returned: when the server could not be left as it was found
  type: list
  elements: str
foreign:
  description: Values that somebody else set meanwhile.
  returned: when there are any
  type: list
  elements: str
rewritten:
  description: Values of the comparison that somebody let the server write into its config file meanwhile.
  returned: when there are any
  type: list
  elements: str
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

SETTING = {
    "kind": {"type": "str", "required": True},
    "key": {"type": "str", "required": True, "no_log": False},
    "values": {"type": "list", "elements": "raw", "required": True},
    "optional": {"type": "bool", "default": False},
}
OPTIONS = {
    "setting": {"type": "dict", "options": SETTING},
    "settings": {"type": "list", "elements": "dict", "options": SETTING},
    "cpu": {"type": "str", "default": "same"},
    "commands": {
        "type": "list",
        "elements": "str",
        "choices": ["ping", "set", "xadd"],
        "default": ["ping", "set", "xadd"],
    },
    "margin_p50": {"type": "float", "default": 0.02},
    "margin_p99": {"type": "float", "default": 0.05},
    "seconds": {"type": "float", "default": 90},
    "duty": {"type": "float", "default": 0.5},
    "seed": {"type": "int"},
    "state_directory": {"type": "path", "default": "/var/lib/lowlat"},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec=dict(OPTIONS, **ARGUMENTS),
        supports_check_mode=True,
        required_one_of=[("setting", "settings")],
        mutually_exclusive=[("setting", "settings")],
    )
    missing = _module.missing_library()
    if missing:
        module.fail_json(msg=missing_required_lib(missing[0]), exception=missing[1], missing_library=missing[0])
    # Only now: these import the libraries.
    from ansible_collections.lowlat.redis.plugins.module_utils._effect import request

    _module.run(module, lambda: request.run(module.params, check=module.check_mode))


if __name__ == "__main__":
    main()
