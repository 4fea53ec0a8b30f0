#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell which changes a host has seen and how they ended."""

from __future__ import annotations

DOCUMENTATION = r"""
module: change_info
short_description: Tell which changes a host has seen and how they ended
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Lists the changes that M(lowlat.redis.change) made on this host, oldest first, and what of the confirmed ones is no
    longer as they have set it. Reads only.
  - A server that cannot be reached, or a Python library that is not there, is no failure. What the files and the kernel
    tell is compared all the same, and RV(drift_unknown) says why the rest is not.
options:
  change_id:
    description:
      - Tell of this change alone.
    type: str
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
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
  platform:
    platforms: linux
    support: full
    description: The target runs Linux.
requirements:
  - python >= 3.9
  - redis and psutil (Python libraries), for RV(drift) of live values
seealso:
  - module: lowlat.redis.change
"""

EXAMPLES = r"""
- name: Look at the changes of this host
  lowlat.redis.change_info:
  register: history

- name: Fail while a change is open
  ansible.builtin.assert:
    that: history.open is none
"""

RETURN = r"""
changes:
  description:
    - Each change with C(change_id), C(name), C(state), C(owner), C(opened_at) (UTC), C(age) (seconds),
      C(server), C(settings), C(on_foreign_change) and C(foreign) as in M(lowlat.redis.change), C(pending_restart),
      C(warnings) of its end, and C(left) after one that failed.
    - C(left_stopped) tells whether its rollback found the server shut down on purpose, and left it so.
    - C(ended_at) (UTC) and C(ended_by) tell when it was confirmed or taken back, and who did it. V(operator) asked for
      it, V(apply) failed and took back what it had done, the host did it at its V(deadline) or after a V(boot), and
      V(recover) is the command by hand on the host.
    - C(confirmed_at) (UTC) tells when it was confirmed, also where it was taken back later.
    - C(runner_damage) names which of the two copies of the code that the host takes an open change back with is no
      longer whole. Where both are named the host does not take it back by itself.
    - C(lost) names what the journal of the change no longer tells, where it was damaged. Nothing of it is guessed.
    - C(deadline) (UTC) tells when the host takes an open change back by itself. V(unknown) where what it keeps of that
      is damaged, and empty where nobody watches over the change.
  returned: success
  type: list
  elements: dict
drift:
  description:
    - Each setting of the newest confirmed changes that now has another value than they have set, and that no later
      change has set anew, with C(change_id), C(kind), C(key), C(unit), C(where) (V(live) or V(stored)), the value that
      is C(wanted), and the one that was C(found). Secrets are masked.
  returned: success
  type: list
  elements: dict
drift_unknown:
  description:
    - Why some values could not be compared, such as live ones of a server other than the one that was asked.
    - Empty where all were.
  returned: success
  type: str
open:
  description: The change that is not finished, or none.
  returned: success
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.lowlat.redis.plugins.module_utils import _module
from ansible_collections.lowlat.redis.plugins.module_utils._change import history
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import ARGUMENTS


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "change_id": {"type": "str"},
            "state_directory": {"type": "path", "default": "/var/lib/lowlat"},
            **ARGUMENTS,
        },
        supports_check_mode=True,
    )

    def call() -> dict[str, Any]:
        return history.tell(module.params["state_directory"], module.params["change_id"], module.params)

    _module.run(module, call)


if __name__ == "__main__":
    main()
