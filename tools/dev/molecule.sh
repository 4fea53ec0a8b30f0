# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# The roles on hosts with a systemd of their own: in containers, and in a virtual machine.

need_host_packages() {
    need_packages \
        "podman:runs the test hosts" \
        "runc:a container runtime that takes every kind of cgroup" \
        "netavark:the network of the test hosts" \
        "iptables:netavark's means" \
        "mmdebstrap:makes the image of a test host" \
        "debian-archive-keyring:proves that the image's packages are Debian's" \
        "openssh-client:the way into a test host"
}

# A whole machine of its own: only there can the power be cut and the clock be set.
need_machine_packages() {
    need_packages \
        "qemu-system-x86:the virtual machine whose power is cut" \
        "mmdebstrap:makes its disk" \
        "e2fsprogs:makes the file system on that" \
        "debian-archive-keyring:proves that its packages are Debian's" \
        "openssh-client:the way into it"
}

# run_molecule [SCENARIO]
run_molecule() {
    need_python test
    local scenario scenarios=("$@")
    [ $# -gt 0 ] || mapfile -t scenarios < <(cd molecule && dirname -- */molecule.yml)
    for scenario in "${scenarios[@]}"; do
        [ -f "molecule/$scenario/molecule.yml" ] ||
            fail "there is no scenario $scenario." "There are: $(cd molecule && dirname -- */molecule.yml | paste -sd' ')"
        if [ "$scenario" = vm ]; then need_machine_packages; else need_host_packages; fi
        # Keys and addresses of this checkout's hosts; molecule's own default is shared between checkouts.
        mkdir -p "$CACHE/molecule/$scenario/hosts"
        MOLECULE_EPHEMERAL_DIRECTORY=$CACHE/molecule/$scenario LOWLAT_VM_IMAGES=$CACHE/vm \
            molecule test --no-command-borders --scenario-name "$scenario" 2>&1 | tee "$CACHE/molecule-$scenario.log"
        # Molecule passes over a step whose playbook it does not find, and ends well.
        if grep -q 'Missing playbook' "$CACHE/molecule-$scenario.log"; then
            fail "molecule: a step of scenario $scenario has no playbook." "The log is $CACHE/molecule-$scenario.log."
        fi
    done
}
