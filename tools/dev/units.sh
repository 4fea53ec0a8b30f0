# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Unit tests, and integration tests against private Redis servers.

need_test_packages() {
    need_redis_server
    command -v cc >/dev/null || need_packages "gcc:compiles the module that a server in a test loads"
    command -v openssl >/dev/null || need_packages "openssl:makes the certificate of a server in a test"
}

# run_units [slow | quiet] [PYTEST OPTIONS]: the quick tests; those that take seconds each; those that judge what they
# have measured on a real server, and want nothing else to run meanwhile.
run_units() {
    need_test_packages
    need_python test
    case ${1:-} in
        slow) python -m pytest -m "slow and not quiet" --numprocesses 2 "${@:2}" ;;
        quiet) python -m pytest -m quiet "${@:2}" ;;
        # A connection that nobody closed is an error, of whichever test it is told.
        *) python -m pytest -m "not slow" --numprocesses 2 -W error::pytest.PytestUnraisableExceptionWarning "$@" ;;
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
