# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# The main job on a private Redis.

# run_demo [--clean]
run_demo() {
    case ${1:-} in
        "") need_redis_server ;;
        --clean) ;;
        *) fail "demo: unknown option: $1" "It takes --clean, or nothing." ;;
    esac
    need_python runtime
    if [ "${1:-}" = --clean ]; then
        ansible-playbook -i inventory/local lowlat.redis.demo_clean
        return
    fi
    rm -f .demo/summary.txt # an earlier demo's table must not stand for this one's
    local status=0
    ansible-playbook -i inventory/local lowlat.redis.demo || status=$?
    if [ -f .demo/summary.txt ]; then cat .demo/summary.txt; fi
    return "$status"
}
