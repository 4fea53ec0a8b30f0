#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# podman-options.sh: prints, one a line, the arguments of podman that start a systemd container on this machine.
set -euo pipefail

# crun, podman's usual runtime, refuses cgroup v1 controllers beside a v2 hierarchy; runc takes them.
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    printf '%s\n' --runtime runc
    # A machine with no systemd of its own has nobody to ask for a cgroup.
    [ -d /run/systemd/system ] || printf '%s\n' --cgroup-manager cgroupfs
fi

printf '%s\n' run --detach --systemd=always --privileged

# podman asks for higher limits than its own; without CAP_SYS_RESOURCE that is refused, so ask for what is there.
has_sys_resource() {
    local effective
    effective=$(sed -n 's/^CapEff:[[:space:]]*//p' /proc/self/status)
    (((16#$effective >> 24) & 1))
}
if ! has_sys_resource && [ "$(id -u)" -eq 0 ]; then
    printf '%s\n' --ulimit "nofile=$(ulimit -n):$(ulimit -n)" --ulimit "nproc=1024:1024"
fi
