#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# podman-options.sh: prints, one a line, the arguments of podman that start a systemd container on this machine.
set -euo pipefail

# crun, podman's usual runtime, refuses cgroup v1 controllers beside a v2 hierarchy; runc takes them.
# There the cgroups are made by hand: systemd, where this machine has one, need not own all of them.
if [ "$(stat -f -c %T /sys/fs/cgroup)" != cgroup2fs ]; then
    printf '%s\n' --runtime runc --cgroup-manager cgroupfs
fi

printf '%s\n' run --detach --systemd=always --privileged

# podman asks for higher limits than its own; where not even root has CAP_SYS_RESOURCE, ask for what is there.
bounding=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
if ! (((16#$bounding >> 24) & 1)); then
    printf '%s\n' --ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit "nproc=1024:1024"
fi
