#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply, confirm or take back a change to a Redis host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: change
short_description: Apply settings to a Redis host so that they can be taken back exactly
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Changes settings of a Redis or Valkey server and its host as one change that is journalled before the first write,
    stays open until it is confirmed, and can be taken back to the byte.
  - Every known hazard is looked for before anything is written. Where one stands against the change it is refused.
    What does not stand against it and should be known is told as warnings.
  - Whatever fails while it is applied is taken back before the task fails.
options:
  state:
    description:
      - V(applied) applies O(settings) and leaves the change open. Nothing to do leaves no change behind.
      - V(confirmed) keeps an applied change, after proof that the server answers and every value still holds.
      - V(rolled_back) restores every pre-image in reverse order and proves it by reading back.
        A second time is a no-op.
    type: str
    choices: [applied, confirmed, rolled_back]
    default: applied
  name:
    description:
      - Name of the phase. Needed with O(state=applied). Else it selects the newest change of that name.
    type: str
  change_id:
    description:
      - The change to confirm or to take back. By default the open one, else the newest one.
    type: str
  settings:
    description:
      - What the host is to have. Needed with O(state=applied).
    type: list
    elements: dict
    suboptions:
      kind:
        description:
          - What sort of knob it is.
        type: str
        required: true
      key:
        description:
          - A Redis directive, a sysctl, a path below /sys, a systemd property, or V(server) for V(affinity).
        type: str
        required: true
      value:
        description:
          - The wanted value, written as the knob takes it. V(1gb) and 1073741824 are the same C(maxmemory).
          - That of a directive that holds a secret is refused here. The module masks it in what it returns and logs;
            what Ansible shows of a task before it runs the module it cannot mask.
        type: raw
      secret:
        description:
          - The wanted value of a directive that holds a secret, such as C(tls-key-file-pass). It is never shown.
        type: str
      unit:
        description:
          - The systemd unit of a setting of kind V(systemd). By default the server's own.
        type: str
      optional:
        description:
          - Leave the setting out, with the reason, where this host does not know or cannot take it.
        type: bool
        default: false
  restart:
    description:
      - V(refuse) refuses settings that only a restart makes effective.
      - V(defer) writes them to the file and reports them as pending until somebody restarts the server; what would
        stand against that restart is a warning.
      - V(allowed) restarts the server after proof that its data survives, and proves afterwards that it did.
    type: str
    choices: [refuse, defer, allowed]
    default: refuse
  confirm_within:
    description:
      - Seconds until the host takes an applied change back by itself, unless it is confirmed before. It does so too
        after a reboot, before the server starts, and needs neither Ansible nor a network for it.
      - At most 2678400, which are 31 days. C(0) sets no deadline. The change then stays open until somebody confirms it
        or takes it back.
      - On a host without systemd a process watches over the change, which no reboot survives.
    type: int
    default: 300
  on_foreign_change:
    description:
      - What a rollback does about live values and files that somebody else has set or edited since the change, which
        are neither as they were before nor as the change has set them. Each is reported in RV(foreign) in any case.
      - V(restore) puts them back like everything else. Of an edited file a copy that only root can read is kept beside
        the journal.
      - V(keep) leaves them as they are. Of an edited file the change's own lines are taken out, and nothing else.
      - V(fail) touches nothing of them, takes the rest back, and ends as V(rollback_failed).
      - What is given with O(state=applied) is part of the change, so that the host's own rollback knows it; V(restore)
        if nothing is. Given with O(state=rolled_back) it counts for that rollback.
    type: str
    choices: [restore, keep, fail]
  accept_lost_data:
    description:
      - Goes on with O(state=rolled_back) where the server was started again under the change and its keys are gone, all
        of them, or some that a restart of the change itself has lost.
        Without it the server is not restarted then, nor its AOF turned on, either of which would write over what may
        still hold the data, and the rollback ends as V(rollback_failed).
      - Look at the server's log, its dump and its AOF first. Where you can bring the data back, do that instead.
    type: bool
    default: false
  state_directory:
    description:
      - Where the host keeps its changes. An absolute path.
    type: path
    default: /var/lib/lowlat
extends_documentation_fragment:
  - lowlat.redis.connection
attributes:
  check_mode:
    support: full
    description: Reads, plans and looks for hazards. Writes nothing, and fails where the real run would be refused.
  diff_mode:
    support: full
    description:
      - Shows every live and stored value before and after, and a restart of the server with the settings that it is
        for. With O(state=rolled_back) before is what the host has now. Secrets are masked.
  idempotent:
    support: full
    description: A host that has every value already is left alone.
  platform:
    platforms: linux
    support: full
    description: The target runs Linux. Settings of kind V(systemd) need systemd.
requirements:
  - python >= 3.9
  - redis (Python library)
  - psutil (Python library)
  - jmespath (Python library)
notes:
  - Needs root, since it writes system files and reads those of the server.
  - Secrets (C(requirepass), C(masterauth), ACL users, passphrases of TLS keys) are in no result, diff, record, log or
    list of processes. What is needed to put files and values back is below O(state_directory), for root alone.
seealso:
  - module: lowlat.redis.change_info
  - module: lowlat.redis.latency_probe
"""

EXAMPLES = r"""
- name: Apply settings that can be taken back
  lowlat.redis.change:
    name: phase2
    settings:
      - {kind: redis, key: hz, value: 8}
      - {kind: redis, key: maxmemory, value: 1gb}
      - {kind: sysctl, key: vm.overcommit_memory, value: 1}
  register: phase2

- name: Keep them
  lowlat.redis.change:
    state: confirmed
    change_id: "{{ phase2.change_id }}"

- name: Or take them back
  lowlat.redis.change:
    state: rolled_back
    change_id: "{{ phase2.change_id }}"
"""

RETURN = r"""
change_id:
  description: Name of the change on this host. Empty where there was nothing to do.
  returned: always
  type: str
  sample: 20260102T030405Z-phase2-1a2b
state:
  description:
    - V(applied), V(confirmed), V(rolled_back), V(rollback_failed), or V(unchanged) where there was nothing to do.
  returned: always
  type: str
  sample: applied
settings:
  description:
    - Each setting with C(kind), C(key), C(unit), the live value C(before) and C(after), the stored value
      C(persisted_before) and C(persisted_after), and whether it is C(changed) and needs a C(restart).
    - C(skipped) says why an optional setting was left out.
  returned: always
  type: list
  elements: dict
hazards:
  description: What stands against the change, each with C(id), C(setting), C(reason) and C(remedy).
  returned: when the change is refused
  type: list
  elements: dict
replicas:
  description:
    - Each connected replica of a server that the change restarts, or whose C(databases) it is about, with C(address),
      C(in_sync), how many bytes it is C(behind), whether it C(can_take_over), the C(obstacle) if it cannot, and the
      command that makes it the master in C(failover).
  returned: with O(state=applied), and when the change is refused
  type: list
  elements: dict
  sample:
    - address: 192.0.2.7:6379
      in_sync: true
      behind: 0
      can_take_over: true
      obstacle: ""
      failover: FAILOVER TO 192.0.2.7 6379
restarted:
  description: Whether the server was restarted by this call. In check mode, whether it would be.
  returned: always
  type: bool
left_stopped:
  description:
    - Whether the rollback found that somebody had shut the server down on purpose, and left it so. Files and values of
      the kernel are restored and compared then.
  returned: with O(state=confirmed) and O(state=rolled_back)
  type: bool
pending_restart:
  description:
    - Keys that were written and wait for a restart. None after the restart of a server that is confirmed.
    - With O(state=rolled_back) directives that somebody else has written into a config file which stays so, and that
      the server does not run with yet.
    - In check mode, those that would wait.
  returned: always
  type: list
  elements: str
deadline:
  description: When (UTC) the host takes the change back unless it is confirmed. Empty where there is none.
  returned: with O(state=applied)
  type: str
  sample: "2026-01-02T03:09:05Z"
reboot_required:
  description: Whether the host must be rebooted for the change to take effect.
  returned: always
  type: bool
foreign:
  description:
    - What a rollback of the change found that was neither as before nor as the change had set it. Each has C(where)
      (V(live), V(stored) or V(file)), C(kind), C(key) (the path of a file) and C(unit), the values C(before), C(set) by
      the change and C(found), and what was C(done) about it (V(restored), V(kept), V(left)).
    - Of a file C(found) says in what it was another one, and C(copy) is the path of the copy on the host.
    - C(by_start) stands with a live value that a start has brought from its file, where somebody had set it.
    - Secrets are masked.
  returned: with O(state=confirmed) and O(state=rolled_back)
  type: list
  elements: dict
still_confirmed:
  description:
    - The newest change (of that O(name), if one was given) that is kept and could be taken back, where the one that was
      found had been taken back before and was not asked for by its O(change_id). Else empty. It was not touched.
  returned: with O(state=rolled_back), on success
  type: str
  sample: 20260102T030405Z-phase1-3c4d
diff:
  description:
    - The values C(before) and C(after), a line each, and a restart of the server with the settings that it is for.
  returned: with O(state=applied); with O(state=rolled_back) in check mode, or if a diff is asked for
  type: dict
left:
  description: What is left to do by hand after a rollback that failed.
  returned: with RV(state=rollback_failed)
  type: list
  elements: str
open_change:
  description: Name of the change that must be confirmed or taken back first.
  returned: when another change is open, or a rollback is not complete
  type: str
take_back_first:
  description: Names of the later changes that must be taken back before this one can be, in the order to do it.
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

from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.lowlat.redis.plugins.module_utils import _module
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import ARGUMENTS
from ansible_collections.lowlat.redis.plugins.module_utils._settings import written

SETTING = {
    "kind": {"type": "str", "required": True},
    "key": {"type": "str", "required": True, "no_log": False},
    "value": {"type": "raw"},
    "secret": {"type": "str", "no_log": True},
    "unit": {"type": "str"},
    "optional": {"type": "bool", "default": False},
}
OPTIONS = {
    "state": {"type": "str", "choices": ["applied", "confirmed", "rolled_back"], "default": "applied"},
    "name": {"type": "str"},
    "change_id": {"type": "str"},
    "settings": {"type": "list", "elements": "dict", "options": SETTING},
    "restart": {"type": "str", "choices": ["refuse", "defer", "allowed"], "default": "refuse"},
    "confirm_within": {"type": "int", "default": 300},
    "on_foreign_change": {"type": "str", "choices": ["restore", "keep", "fail"]},
    "accept_lost_data": {"type": "bool", "default": False},
    "state_directory": {"type": "path", "default": "/var/lib/lowlat"},
}


class Module(AnsibleModule):
    """One that logs no secret, though it stands in ``value``, where it is refused: the invocation is logged first."""

    def _load_params(self) -> None:
        super()._load_params()
        if isinstance(self.params, dict):
            self.no_log_values.update(written.secrets(self.params.get("settings")))

    def fail_json(self, msg: str, **facts: Any) -> NoReturn:
        """Of a key that no setting has, or that one lacks, Ansible tells neither the setting nor what was meant."""
        params = getattr(self, "params", None)
        wrong = written.misshapen(params.get("settings")) if isinstance(params, dict) else None
        if wrong:
            facts["error"] = _module.parts(wrong)
        super().fail_json(wrong.message if wrong else msg, **facts)


def main() -> None:
    module = Module(
        argument_spec=dict(OPTIONS, **ARGUMENTS),
        supports_check_mode=True,
        required_if=[("state", "applied", ["name", "settings"])],
    )
    missing = _module.missing_library()
    if missing:
        module.fail_json(msg=missing_required_lib(missing[0]), exception=missing[1], missing_library=missing[0])
    # Only now: these import the libraries.
    from ansible_collections.lowlat.redis.plugins.module_utils._change import request
    from ansible_collections.lowlat.redis.plugins.module_utils._runner import copy

    def call() -> dict[str, Any]:
        return request.run(module.params, check=module.check_mode, install=copy.install, diff=module._diff)

    _module.run(module, call)


if __name__ == "__main__":
    main()
