#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# image.sh CACHE: makes the disk and the kernel of a virtual machine, a Debian with Redis under systemd, and prints the
# directory that holds them. Needs root. The name carries the hash of this recipe: an image is made once.
set -euo pipefail

release=bookworm
# The libraries of the collection are there: their installation is the subject of another scenario, and slow in here.
installed=systemd,systemd-sysv,dbus,iproute2,procps,kmod,openssh-server,sudo,python3,redis-server
installed+=,python3-redis,python3-psutil,python3-jmespath,linux-image-cloud-amd64
size=2048 # megabytes; the file has holes, and takes what is written

images=$1
image=$images/$release-$(sha256sum "${BASH_SOURCE[0]}" | cut -c1-12)
if [ -e "$image/disk" ]; then
    echo "already made" >&2
    echo "$image"
    exit
fi

mkdir -p "$images"
work=$(mktemp -d "$images/.making-XXXXXX")
trap 'rm -rf "$work"' EXIT

# The machine boots without an initrd: this kernel has NVMe and ext4 built in.
cat >"$work/essential" <<'HOOK'
#!/bin/sh
set -eu
mkdir -p "$1/etc/initramfs-tools/conf.d"
echo MODULES=list >"$1/etc/initramfs-tools/conf.d/small.conf"
HOOK

cat >"$work/customize" <<'HOOK'
#!/bin/sh
set -eu
root=$1
units=$root/etc/systemd/system
rm -f "$root/etc/fstab"
echo redis-vm >"$root/etc/hostname"
echo 127.0.0.1 localhost redis-vm >"$root/etc/hosts"
echo virtio_net >"$root/etc/modules-load.d/net.conf"
cat >"$units/net.service" <<'UNIT'
[Unit]
Description=The network of the virtual machine
DefaultDependencies=no
After=systemd-modules-load.service
Before=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=ip address add 10.0.2.15/24 dev eth0
ExecStart=ip link set eth0 up
ExecStart=ip route add default via 10.0.2.2

[Install]
WantedBy=multi-user.target
UNIT
# Asking by ssh would cost an emulated processor more than the boot does.
cat >"$units/up.service" <<'UNIT'
[Unit]
Description=Tell that the machine is up
After=ssh.service redis-server.service

[Service]
Type=oneshot
ExecStart=sh -c 'echo the machine is up >/dev/ttyS0'

[Install]
WantedBy=multi-user.target
UNIT
chroot "$root" systemctl --quiet enable net.service up.service
chroot "$root" systemctl --quiet set-default multi-user.target
# An emulated processor takes seconds for each of these, and nothing here needs them. What a change leans on stays:
# systemd itself, its log, timers, systemd-sysctl, systemd-tmpfiles-setup, the unit of the server.
chroot "$root" systemctl --quiet mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
    e2scrub_reap.service fstrim.timer systemd-tmpfiles-clean.timer systemd-pstore.service systemd-binfmt.service \
    systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-random-seed.service \
    systemd-sysusers.service systemd-remount-fs.service systemd-user-sessions.service systemd-initctl.socket \
    systemd-journald-audit.socket systemd-ask-password-console.path systemd-ask-password-wall.path \
    systemd-network-generator.service systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-udev-trigger.service kmod-static-nodes.service modprobe@.service getty.target serial-getty@ttyS0.service \
    remote-fs.target dev-hugepages.mount dev-mqueue.mount sys-kernel-debug.mount sys-kernel-tracing.mount \
    sys-kernel-config.mount sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount

# A password that nobody can give, or sshd takes the account for a locked one.
chroot "$root" useradd --create-home --password '*' --shell /bin/bash ops
echo 'ops ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/ops"
mkdir -m 0700 "$root/home/ops/.ssh"
chroot "$root" chown ops: /home/ops/.ssh
printf '%s\n' 'UseDNS no' 'UsePAM no' 'HostKey /etc/ssh/ssh_host_ed25519_key' >"$root/etc/ssh/sshd_config.d/test.conf"
# What the log tells of one boot is asked for in the next one.
mkdir -p "$root/var/log/journal"
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/boot/initrd*
HOOK
chmod +x "$work/essential" "$work/customize"

mkdir "$work/root" "$work/image"
mmdebstrap --quiet --variant=minbase --include="$installed" --mode=root --format=directory \
    --aptopt='APT::Install-Recommends "false"' --essential-hook="$work/essential \"\$1\"" \
    --customize-hook="$work/customize \"\$1\"" "$release" "$work/root" >&2

# Keys that are known before the first boot: the way in, and who is met there.
ssh-keygen -q -t ed25519 -N '' -C molecule -f "$work/image/key"
install -o "$(stat -c %u "$work/root/home/ops")" -g "$(stat -c %g "$work/root/home/ops")" -m 0600 \
    "$work/image/key.pub" "$work/root/home/ops/.ssh/authorized_keys"
cut -d' ' -f1,2 "$work/root/etc/ssh/ssh_host_ed25519_key.pub" >"$work/image/host-key"

cp --dereference "$work/root/vmlinuz" "$work/image/kernel"
mke2fs -q -t ext4 -d "$work/root" "$work/image/disk" "${size}M" >&2
chmod 0644 "$work/image"/* # whoever runs the scenario takes copies; the way in leads to nothing but such a copy
mv -T "$work/image" "$image"
echo "$image"
