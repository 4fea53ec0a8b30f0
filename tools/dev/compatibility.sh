# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# What an ansible-core other than the default one would stumble over first: with LOWLAT_ANSIBLE_CORE=2.18.

run_compatibility() {
    local playbook modules=()
    need_redis_server
    need_python runtime
    say "$(ansible --version | head -n 1)"
    for playbook in playbooks/*.yml; do
        ansible-playbook -i inventory/local --syntax-check "lowlat.redis.$(basename "$playbook" .yml)" >/dev/null ||
            fail "$playbook does not parse with ansible-core $ANSIBLE_CORE." ""
    done
    mapfile -t modules < <(basename -s .py -a plugins/modules/[a-z]*.py)
    ansible-doc -t module "${modules[@]/#/lowlat.redis.}" >/dev/null
    say "the playbooks parse, the modules' documentation reads"
    run_demo
}
