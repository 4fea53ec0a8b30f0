# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# The controller's Python: find one, make the virtual environment, install the locked packages.

venv_directory() {
    if [ "$ANSIBLE_CORE" = "$DEFAULT_ANSIBLE_CORE" ]; then
        echo "$REPO/.venv"
    else
        echo "$REPO/.venv-$ANSIBLE_CORE"
    fi
}

python_is_recent() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${LOWLAT_PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3}; do
        if command -v "$candidate" >/dev/null && python_is_recent "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "the controller needs Python 3.11 or newer, found $(python3 --version 2>&1 || echo none)." \
        "Install one (Debian 12 and Ubuntu 24.04 have it as python3), or name it: LOWLAT_PYTHON=/path/to/python3.12 ./dev ..."
}

make_venv() {
    local python
    python=$(find_python) || exit 1
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        need_packages "python3-venv:the virtual environment in $VENV"
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "$python has no ensurepip, so it cannot make a virtual environment." "Use the system's python3: LOWLAT_PYTHON=/usr/bin/python3 ./dev ..."
    fi
    say "making $VENV with $("$python" --version)"
    # --clear: also replaces the half-made environment of an interrupted run.
    "$python" -m venv --clear "$VENV"
}

link_collection() {
    local root=$VENV/collections/ansible_collections/lowlat
    mkdir -p "$root"
    [ "$(readlink "$root/redis")" = "$REPO" ] || ln -sfn "$REPO" "$root/redis"
}

# lock_hash FILE...: changes whenever an installed set would differ.
lock_hash() {
    { "$VENV/bin/python" --version && cat "$@"; } | sha256sum | cut -d' ' -f1
}

# install_lock NAME WHY FILE...: install the locked packages unless that very lock is already installed.
install_lock() {
    local name=$1 why=$2 stamp=$VENV/.lock-$1 hash log
    shift 2
    hash=$(lock_hash "$@")
    [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ] && return
    say "installing $(cat "$@" | grep -c '^[a-z]') Python packages into ${VENV#"$REPO"/} ($why): $(basename -a "$@" | paste -sd' ')"
    log=$CACHE/pip-$name.log
    local -a arguments=()
    local file
    for file in "$@"; do arguments+=(-r "$file"); done
    # --no-deps: the lock is complete, and `pip check` proves it.
    if ! "$VENV/bin/python" -m pip install --disable-pip-version-check --no-deps "${arguments[@]}" >"$log" 2>&1 ||
        ! "$VENV/bin/python" -m pip check >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "pip could not install the locked packages." "The whole output is in $log. Is a package index reachable from here?"
    fi
    echo "$hash" >"$stamp"
}

# need_python runtime|test
need_python() {
    VENV=$(venv_directory)
    mkdir -p "$CACHE"
    exec 9>"$CACHE/setup.lock"
    flock 9 # two sub-commands at once must not both make the environment
    if ! { [ -x "$VENV/bin/python" ] && python_is_recent "$VENV/bin/python" && "$VENV/bin/python" -m pip --version >/dev/null 2>&1; }; then
        make_venv
    fi
    link_collection
    local lock=$REPO/requirements
    install_lock runtime "Ansible and what the collection imports" "$lock/core-$ANSIBLE_CORE.txt" "$lock/runtime.txt"
    if [ "$1" = test ]; then
        install_lock test "linters, types, tests, Molecule" "$lock/test.txt"
    fi
    exec 9>&-
    export ANSIBLE_COLLECTIONS_PATH=$VENV/collections ANSIBLE_CONFIG=$REPO/ansible.cfg
    export PATH=$VENV/bin:$PATH
}
