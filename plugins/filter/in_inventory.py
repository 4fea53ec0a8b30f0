# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that are named and not there."""

from __future__ import annotations

DOCUMENTATION = r"""
name: in_inventory
short_description: Fail for a host or group that the inventory does not have
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Gives the pattern of hosts as it is, if each of its parts matches a host or is the name of a group.
  - Ansible itself leaves out what matches none, with a warning, and a play on no host at all ends well.
  - Without any host in the inventory the pattern is given as it is, and Ansible tells that.
positional: _input, groups
options:
  _input:
    description: A pattern of hosts, or a list of them, as a play takes it.
    type: raw
    required: true
  groups:
    description: The variable of that name.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Tell which changes the hosts have seen
  hosts: "{{ lowlat_hosts | default('redis') | lowlat.redis.in_inventory(groups) }}"
"""

RETURN = r"""
_value:
  description: The pattern.
  type: raw
"""

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader


def in_inventory(pattern: Any, groups: dict[str, list[str]]) -> Any:
    """The pattern, all of whose parts match a host of the inventory."""
    if not groups.get("all"):
        return pattern
    inventory = InventoryManager(DataLoader(), parse=False)
    for group, hosts in groups.items():
        inventory.add_group(group)
        for host in hosts:
            inventory.add_host(host, group=group)
    names = [part.lstrip("!&") for part in split_host_pattern(pattern)]
    # A group without hosts is one that somebody has made: nothing is misspelt.
    unknown = [name for name in names if name not in groups and not inventory.list_hosts(name)]
    if unknown:
        raise AnsibleFilterError(
            f"Nothing was done: the inventory has no host or group {', '.join(unknown)}. Its groups are "
            f"{', '.join(sorted(set(groups) - {'ungrouped'}))}. Name hosts or groups of it, "
            "-e lowlat_hosts=cache1,cache2; without lowlat_hosts it is the group redis"
        )
    return pattern


class FilterModule:
    """Ansible's way in."""

    def filters(self) -> dict[str, Any]:
        return {"in_inventory": in_inventory}
