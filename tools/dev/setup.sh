# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Everything at once, so that later commands need no network.

run_setup() {
    need_test_packages
    need_python test
    need_lint_packages
    need_fault_packages
    need_host_packages
    need_machine_packages
    need_bench_packages
    say "ready: ansible-core $("$VENV/bin/python" -c 'import ansible.release as r; print(r.__version__)'), $("$VENV/bin/python" --version), in ${VENV#"$REPO"/}"
}
