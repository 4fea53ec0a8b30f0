#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# admit.sh CONTAINER < PUBLIC_KEY: lets the key log in as ops once systemd is up; prints the address and the host key.
set -euo pipefail
container=$1

for _ in $(seq 100); do
    state=$(podman exec "$container" systemctl is-system-running 2>/dev/null || true)
    case $state in running | degraded) break ;; esac
    sleep 0.2
done
if [ "$state" != running ]; then
    echo "systemd in $container is '$state', not running:" >&2
    podman exec "$container" systemctl --failed --no-legend >&2 || podman logs "$container" >&2
    exit 1
fi

podman exec --interactive "$container" install -o ops -g ops -m 0600 /dev/stdin /home/ops/.ssh/authorized_keys
podman inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{"\n"}}{{end}}' "$container" | head -n 1
podman exec "$container" cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub
