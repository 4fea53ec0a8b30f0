# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Unit tests, and integration tests against private Redis servers.

need_test_packages() {
    need_redis_server
    command -v openssl >/dev/null || need_packages "openssl:makes the certificate of a server in a test"
}

# The quick ones; those that take seconds each: -m slow. No test wants the machine for itself, so two at a time.
run_units() {
    local which=("-m" "not slow")
    need_test_packages
    need_python test
    case " $* " in *" slow "*) which=() ;; esac
    python -m pytest --numprocesses 2 "${which[@]}" "$@"
}

# What happens when a process is killed, or a call fails, at every step of a change.
need_fault_packages() {
    need_packages "strace:finds every call by which a change changes anything, and kills or fails there"
}

run_faults() {
    need_redis_server
    need_fault_packages
    need_python test
    python -m pytest tests/faults "$@"
}
