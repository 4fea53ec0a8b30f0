# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Unit tests, and integration tests against private Redis servers. Those that take seconds each: ./dev units -m slow
# What happens when a process is killed, or a call fails, at every step of a change: ./dev faults

run_units() {
    need_redis_server
    need_python test
    python -m pytest -m "not slow" "$@"
}

need_fault_packages() {
    need_packages "strace:finds every call by which a change changes anything, and kills or fails there"
}

run_faults() {
    need_redis_server
    need_fault_packages
    need_python test
    python -m pytest tests/faults "$@"
}
