# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Everything that must hold, in the order in which it fails soonest; the first failure ends it.

# stage NAME COMMAND...: in a process of its own, so that no stage leans on what another left behind.
stage() {
    local name=$1 began=$SECONDS
    shift
    printf '\n==> %s\n' "$name"
    if "$@"; then
        summary+=("$(printf '%-12s passed  %4d s' "$name" $((SECONDS - began)))")
        printf '==> %s passed in %d s\n' "$name" $((SECONDS - began))
    else
        printf '\n'
        printf '    %s\n' ${summary[@]+"${summary[@]}"}
        printf '    %-12s FAILED  %4d s\n\n' "$name" $((SECONDS - began))
        printf './dev test: FAILED at %s after %d s\n' "$name" "$SECONDS"
        exit 1
    fi
}

run_test() {
    local summary=()
    stage setup ./dev setup
    stage lint ./dev lint
    stage units ./dev units
    stage slow ./dev units -m slow
    stage faults ./dev faults
    stage sanity ./dev sanity
    # The scenarios faults and vm take about as long as all the rest: ./dev molecule faults, ./dev molecule vm.
    stage molecule ./dev molecule default
    stage rollback ./dev molecule rollback
    stage demo ./dev demo
    stage core-2.18 env LOWLAT_ANSIBLE_CORE=2.18 ./dev compatibility
    printf '\n'
    printf '    %s\n' "${summary[@]}"
    printf '\n./dev test: all passed in %d s\n' "$SECONDS"
}
