# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Unit tests, and integration tests against private Redis servers.

# The quick ones, two at a time. Those that take seconds each, one at a time, since some of them measure: -m slow
run_units() {
    need_redis_server
    command -v openssl >/dev/null || need_packages "openssl:makes the certificate of a server in a test"
    need_python test
    case " $* " in
        *" slow "*) python -m pytest "$@" ;;
        *) python -m pytest -m "not slow" --numprocesses 2 "$@" ;;
    esac
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
