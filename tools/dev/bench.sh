# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Benchmarks: tests/bench/NAME.py prints figure, goal and whether it holds, and knows --json FILE.

need_bench_packages() {
    need_packages "gcc:compiles the C client to compare with" "libc6-dev:its headers"
}

bench_names() {
    find tests/bench -maxdepth 1 -name '[a-z]*.py' ! -name conftest.py -printf '%f\n' | sed 's/\.py$//' | sort | paste -sd' '
}

# run_bench NAME [OPTIONS]
run_bench() {
    local name=${1:-}
    if [ -z "$name" ] || [ ! -f "tests/bench/$name.py" ]; then
        fail "bench: ${name:-without a name} is no benchmark." "There are: $(bench_names)"
    fi
    shift
    need_redis_server
    need_bench_packages
    [ "$name" != phase ] || need_host_packages
    need_python runtime
    # FILE of --json is meant where the caller stands.
    cd "$CALLED_FROM" || return
    PYTHONPATH=$VENV/collections exec python "$REPO/tests/bench/$name.py" "$@"
}
