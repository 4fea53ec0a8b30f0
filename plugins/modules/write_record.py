#!/usr/bin/python
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the record of a change on the controller. The code is the action plugin's."""

from __future__ import annotations

DOCUMENTATION = r"""
module: write_record
short_description: Write the record of a change on the controller
version_added: 0.1.0
author: The lowlat.redis authors (@lowlat)
description:
  - Writes the record for machines (JSON) and for people (Markdown), each in one step, so that nobody reads half of one.
  - Runs on the controller and reaches out to no host.
options:
  record:
    description:
      - The facts of the change, as P(lowlat.redis.record#filter) gives them.
    type: dict
    required: true
  markdown:
    description:
      - The same for people.
    type: str
    required: true
  path:
    description:
      - Where they go on the controller, without C(.json) and C(.md). Directories are made as needed.
    type: path
    required: true
  afterwards:
    description:
      - Whether O(record) tells what became of a change after its record was written, as
        P(lowlat.redis.afterwards#filter) gives it. Then it is added to the record that is there, of which only
        C(state), C(left) and C(afterwards) change, and O(markdown) is put above the text. Where it says so already
        nothing is written, and where there is no record this is it.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Writes nothing, and fails where nothing could be written.
  diff_mode:
    support: none
    description: A record is new.
  idempotent:
    support: full
    description: What is written already is left alone.
  platform:
    platforms: posix
    support: full
    description: Runs on the controller.
"""

EXAMPLES = r"""
- name: Write the record
  lowlat.redis.write_record:
    record: "{{ record }}"
    markdown: "{{ lookup('ansible.builtin.template', 'record.md.j2') }}"
    path: "reports/{{ record.change_id }}/{{ inventory_hostname }}"
"""

RETURN = r"""
files:
  description: The files of the record.
  returned: success
  type: list
  elements: str
"""
