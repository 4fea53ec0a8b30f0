# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# System packages: only those that are missing, and nothing that they bring is started.

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        fail "root is needed for: $*" "Run ./dev as root, or install sudo and allow this user to use it."
    fi
}

package_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# need_packages PACKAGE:WHY...: installs the missing ones in one go and says what each is for.
need_packages() {
    command -v dpkg-query >/dev/null || fail "this host has no dpkg." "./dev installs packages on Debian and Ubuntu only; install these yourself: ${*%%:*}"
    local entry missing=()
    for entry in "$@"; do
        package_installed "${entry%%:*}" || missing+=("$entry")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "installing system packages:"
    for entry in "${missing[@]}"; do
        printf '      %-16s %s\n' "${entry%%:*}" "${entry#*:}"
    done
    install_packages "${missing[@]%%:*}"
}

install_packages() {
    local log=$CACHE/apt.log
    mkdir -p "$CACHE"
    if [ -z "${APT_UPDATED:-}" ]; then
        apt_quietly update >"$log" 2>&1 ||
            warn "apt-get update failed, trying with the lists that are here: $(grep -m1 '^[EW]:' "$log")"
        APT_UPDATED=yes # once a run is enough
    fi
    if ! apt_quietly install -y --no-install-recommends "$@" >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "apt-get could not install: $*" "The whole output is in $log."
    fi
}

apt_quietly() {
    as_root env DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -q -o DPkg::Lock::Timeout=300 "$@"
}

# A Redis package starts a server on port 6379 and enables it at boot. ./dev only wants the program:
# a server that nobody asked for must not appear on this machine, now or after the next boot.
need_redis_server() {
    command -v redis-server >/dev/null && return
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e "$policy" ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
        as_root chmod 755 "$policy"
        trap 'as_root rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    need_packages "redis-server:the program for private servers; its system service is neither started nor enabled"
    if [ -n "$ours" ]; then
        as_root rm -f "$policy"
        trap - EXIT
    fi
    if command -v systemctl >/dev/null; then
        as_root systemctl disable redis-server.service >/dev/null 2>&1 || warn "could not disable redis-server.service; it may start at the next boot"
    elif command -v update-rc.d >/dev/null; then
        as_root update-rc.d redis-server disable >/dev/null 2>&1 || warn "could not disable the redis-server init script; it may start at the next boot"
    fi
}
