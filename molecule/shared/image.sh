#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# image.sh: makes the image of a test host, a Debian as it is installed on a server, and prints its name.
# Needs root. The name carries the hash of this recipe, so an image is made once and again when the recipe changes.
set -euo pipefail

release=bookworm
# What a server has. The libraries that the collection wants on a target are not there: the role `prerequisites`
# installs them, from a repository inside the image, because a test host need not reach the network. Neither is what
# Ansible's own apt module wants, nor any list of packages: many a server has none.
installed=systemd,systemd-sysv,dbus,libpam-systemd,udev,iproute2,procps,openssh-server,sudo,python3,redis-server
# What a test wants there: it kills a change at every step.
installed+=,strace
offered=(python3-redis python3-psutil python3-jmespath python3-apt)

# Two scenarios at a time make it once.
exec 9>/run/lock/lowlat-test-host-image
flock 9
image=localhost/lowlat-host:$release-$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
if podman image exists "$image"; then
    echo "already made" >&2
    echo "$image"
    exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The repository is made inside the new system: apt downloads what is missing there, and each package describes itself.
cat >"$work/customize" <<'HOOK'
#!/bin/sh
set -eu
root=$1
shift
mkdir -p "$root/srv/packages"
chroot "$root" apt-get install -y -q --download-only --no-install-recommends "$@"
mv "$root"/var/cache/apt/archives/*.deb "$root/srv/packages/"
cd "$root/srv/packages"
for file in *.deb; do
    dpkg-deb -f "$file"
    echo "Filename: ./$file"
    echo "Size: $(stat -c %s "$file")"
    echo "SHA256: $(sha256sum "$file" | cut -d' ' -f1)"
    echo
done >Packages
rm -f "$root"/etc/apt/sources.list "$root"/etc/apt/sources.list.d/* "$root"/etc/apt/apt.conf.d/99mmdebstrap
echo 'deb [trusted=yes] file:/srv/packages ./' >"$root/etc/apt/sources.list"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin

chroot "$root" useradd --create-home --shell /bin/bash ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/ops"
mkdir -m 0700 "$root/home/ops/.ssh"
chroot "$root" chown ops: /home/ops/.ssh
# No test waits for a host name to resolve.
echo 'UseDNS no' >"$root/etc/ssh/sshd_config.d/test.conf"
HOOK
chmod +x "$work/customize"

mmdebstrap --quiet --variant=minbase --include="$installed" \
    --aptopt='APT::Install-Recommends "false"' \
    --customize-hook="$work/customize \"\$1\" ${offered[*]}" \
    "$release" "$work/root.tar" >&2
podman import --quiet "$work/root.tar" "$image" >/dev/null
echo "$image"
