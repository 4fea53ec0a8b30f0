# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Everything that must hold: first what fails soonest and what judges by measuring, one after the other; then the long
# stages, three at a time, since most of them wait for servers and hosts. The scenarios faults and vm take about as long
# as all of it, and are run by name: ./dev molecule faults, ./dev molecule vm.

declare -A STAGES=(
    [setup]="./dev setup"
    [lint]="./dev lint"
    [units]="./dev units"
    [quiet]="./dev units quiet"
    [slow]="./dev units slow"
    [faults]="./dev faults"
    [sanity]="./dev sanity"
    [molecule]="./dev molecule default"
    [rollback]="./dev molecule rollback"
    [demo]="./dev demo"
    [core-2.18]="env LOWLAT_ANSIBLE_CORE=2.18 ./dev compatibility"
)
SHORT="setup lint units quiet demo"
LANES=("slow sanity core-2.18" "faults rollback" "molecule")

run_test() {
    local logs=$CACHE/test name lane number lanes=() failed=0
    rm -rf "$logs"
    mkdir -p "$logs"
    exec 3>&1 # where it is told how it goes, whoever writes elsewhere
    for name in $SHORT; do
        stage "$name" || end_of_test "$logs" 1
    done
    trap 'trap - INT TERM; kill 0' INT TERM
    for number in "${!LANES[@]}"; do
        run_lane "${LANES[number]}" >"$logs/lane-$number.log" 2>&1 &
        lanes+=($!)
    done
    for number in "${!lanes[@]}"; do
        lane=${lanes[number]}
        wait "$lane" || failed=1
        cat "$logs/lane-$number.log"
    done
    end_of_test "$logs" "$failed"
}

# run_lane STAGES: one after the other, those after one that failed as well: a run takes long, and shows all that it can.
run_lane() {
    local name failed=0
    for name in $1; do
        stage "$name" || failed=1
    done
    return "$failed"
}

# stage NAME: in a process of its own, so that no stage leans on what another left behind.
stage() {
    local name=$1 began=$SECONDS result=passed words
    read -ra words <<<"${STAGES[$name]}"
    printf '\n==> %s\n' "$name"
    # A log of its own as well: what failed is shown again at the end, where it is looked for.
    "${words[@]}" 3>&- 2>&1 | tee "$CACHE/test/$name.log" || result=FAILED
    printf '==> %-12s %s  %4d s\n' "$name" "$result" $((SECONDS - began)) | tee -a "$CACHE/test/summary" >&3
    [ "$result" = passed ]
}

# end_of_test LOGS FAILED
end_of_test() {
    local name
    awk '$3 == "FAILED" {print $2}' "$1/summary" | while read -r name; do
        printf '\n==> %s: the end of what it wrote\n' "$name"
        tail -n 120 "$1/$name.log"
    done
    printf '\n'
    cat "$1/summary"
    if [ "$2" -ne 0 ]; then
        printf '\n./dev test: FAILED after %d s\n' "$SECONDS"
        exit 1
    fi
    printf '\n./dev test: all passed in %d s\n' "$SECONDS"
}
