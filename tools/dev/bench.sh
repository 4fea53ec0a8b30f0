# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Benchmarks: tests/bench/NAME.py prints figure, goal and whether it holds, and knows --json FILE.

# The probe runs on targets under the distribution's Python with the distribution's libraries. The virtual environment
# may be of a Python built otherwise, and then its round trips take longer or shorter than a target's.
TARGET_PYTHON=/usr/bin/python3

need_bench_packages() {
    need_packages "gcc:compiles the C client to compare with" "libc6-dev:its headers" \
        "python3-redis:a library of the probe, as targets have it" \
        "python3-psutil:another" \
        "python3-jmespath:another"
}

# bench_python NAME: the interpreter for this benchmark.
bench_python() {
    if [ "$1" != probe ]; then
        echo python
    elif "$TARGET_PYTHON" -c 'import sys, jmespath, psutil, redis; sys.exit(sys.version_info < (3, 9))' 2>/dev/null; then
        echo "$TARGET_PYTHON"
    else
        warn "$TARGET_PYTHON cannot run the probe as a target would (Python 3.9 or newer with redis, psutil and jmespath): the virtual environment's Python runs it, and the ratios are that one's"
        echo python
    fi
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
    [ "$name" != faults ] || need_fault_packages
    need_python runtime
    local python
    python=$(bench_python "$name")
    # FILE of --json is meant where the caller stands.
    cd "$CALLED_FROM" || return
    PYTHONPATH=$VENV/collections exec "$python" "$REPO/tests/bench/$name.py" "$@"
}
