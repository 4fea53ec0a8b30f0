# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Back to a fresh clone. System packages stay.

run_clean() {
    if [ -d .demo ] && [ -x .venv/bin/ansible-playbook ]; then run_demo --clean; fi
    local scenario
    for scenario in "$CACHE"/molecule/*/; do
        if [ ! -d "$scenario/hosts" ] || [ ! -x .venv/bin/molecule ]; then continue; fi
        need_python test
        MOLECULE_EPHEMERAL_DIRECTORY=${scenario%/} molecule destroy --no-command-borders --scenario-name "$(basename "$scenario")"
    done
    if command -v podman >/dev/null; then
        as_root podman images --quiet --filter 'reference=localhost/lowlat-host' | sort -u |
            while read -r image; do as_root podman rmi "$image" >/dev/null; done
    fi
    if [ -e "$CACHE/vm" ]; then as_root rm -rf "$CACHE/vm"; fi # made by root, as the images of containers are
    rm -rf "$REPO"/.venv "$REPO"/.venv-* "$CACHE" "$REPO"/.ansible
    find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
}
