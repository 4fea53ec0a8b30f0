# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Formatting, types, and the rules for Ansible content, licences and the changelog.

need_lint_packages() {
    need_packages "shellcheck:checks the shell scripts" "git:tells the project's files from others"
}

# check TITLE COMMAND...: one line when all is well, the tool's whole output when not.
check() {
    local title=$1 output
    shift
    if output=$("$@" 2>&1); then
        say "$title"
    else
        printf '%s\n' "$output" >&2
        fail "lint: $title" "The command was: $*"
    fi
}

documentation() {
    plugins_of modules | xargs ansible-doc --type module >/dev/null &&
        plugins_of filter | xargs ansible-doc --type filter >/dev/null
}

# plugins_of DIRECTORY: their names.
plugins_of() {
    basename -a -s .py plugins/"$1"/*.py | sed 's/^/lowlat.redis./'
}

run_lint() {
    need_python test
    need_lint_packages
    check "ruff: rules" ruff check .
    check "ruff: format" ruff format --check .
    check "mypy: strict types" mypy
    check "shellcheck" shellcheck -x dev .ci/run tools/dev/*.sh molecule/*/*.sh roles/*/files/*.sh
    check "yamllint" yamllint --strict .
    check "ansible-lint: profile production" ansible-lint --strict --nocolor
    check "ansible-doc: modules and filters" documentation
    check "role inputs: defaults and argument_specs agree" python tools/dev/role_inputs.py roles
    check "reuse: every file names its licence" reuse lint
    check "antsibull-changelog" antsibull-changelog lint
}
