#!/bin/sh
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# unpack.sh PACKAGE...: unpacks Debian packages and what they need into a new directory, installs nothing, and prints
# the directory.
set -eu
directory=$(mktemp -d "${TMPDIR:-/tmp}/lowlat-rehearsal.XXXXXX")
trap '[ $? -eq 0 ] || rm -rf "$directory"' EXIT
cd "$directory"
wanted=$(apt-get install --simulate --quiet=2 --no-install-recommends "$@" | sed -n 's/^Inst \([^ ]*\) .*/\1/p')
# shellcheck disable=SC2086 # the names of packages are words
apt-get download --quiet=2 $wanted >&2
for file in *.deb; do
    dpkg-deb --extract "$file" .
done
rm -f ./*.deb
printf '%s\n' "$directory"
