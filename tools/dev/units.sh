# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Unit tests, and integration tests against private Redis servers. Those that take seconds each: ./dev units -m slow

run_units() {
    need_redis_server
    need_python test
    python -m pytest -m "not slow" "$@"
}
