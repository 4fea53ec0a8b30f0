#!/bin/sh
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# unpack.sh PACKAGE...: unpacks Debian packages and what they need into a new directory, installs nothing, and prints
# the directory, or nothing where none is missing. Nothing else is left on the host: neither lists nor caches of apt.
set -eu
directory=$(mktemp -d "${TMPDIR:-/tmp}/lowlat-rehearsal.XXXXXX")
trap '[ $? -eq 0 ] || rm -rf "$directory"' EXIT
cd "$directory"
chmod 0755 . # apt fetches as a user of its own
mkdir apt
# What a host does after each update (stamps, indexes of its own) is not to be done after this one.
cat >apt/conf <<'CONF'
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
CONF

apt() {
    command apt-get --config-file "$directory/apt/conf" --quiet=2 "$@"
}

# fetch PACKAGE...: what is missing of them
fetch() {
    planned=$(apt install --simulate --no-install-recommends "$@") || return
    wanted=$(printf '%s\n' "$planned" | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
    # shellcheck disable=SC2086 # the names of packages are words
    [ -z "$wanted" ] || apt download $wanted >&2
}

if ! fetch "$@" 2>apt/why; then
    # The host's lists are empty, as on a fresh Debian, or too old: lists for this once, and the host's stay as they are.
    printf 'Dir::State::lists "%s";\n' "$directory/apt/lists" >>apt/conf
    mkdir -p apt/lists/partial
    if ! { apt update >&2 && fetch "$@"; }; then
        cat apt/why >&2
        exit 1
    fi
fi
rm -r apt
if [ -z "$wanted" ]; then
    cd / && rmdir "$directory"
    exit
fi
for file in *.deb; do
    dpkg-deb --extract "$file" .
done
rm -f ./*.deb
printf '%s\n' "$directory"
