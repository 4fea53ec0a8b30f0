# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# What an ansible-core other than the default one would stumble over first: with LOWLAT_ANSIBLE_CORE=2.18.
# And what a Python other than the controller's would: the unit tests, with each of a target's that is here.

TARGET_PYTHONS=(3.9 3.10 3.11 3.12 3.13)

# run_compatibility [targets]
run_compatibility() {
    case ${1:-} in
        "") run_playbooks_and_demo ;;
        targets) run_target_pythons ;;
        *) fail "compatibility: unknown option: $1" "It takes targets, or nothing." ;;
    esac
}

run_playbooks_and_demo() {
    local playbook modules=()
    need_redis_server
    need_python runtime
    say "$(ansible --version | head -n 1)"
    for playbook in playbooks/*.yml; do
        ansible-playbook -i inventory/local --syntax-check "lowlat.redis.$(basename "$playbook" .yml)" >/dev/null ||
            fail "$playbook does not parse with ansible-core $ANSIBLE_CORE." ""
    done
    mapfile -t modules < <(basename -s .py -a plugins/modules/[a-z]*.py)
    ansible-doc -t module "${modules[@]/#/lowlat.redis.}" >/dev/null
    say "the playbooks parse, the modules' documentation reads"
    run_demo
}

# target_python VERSION: the interpreter of this version, nothing where there is none.
target_python() {
    local candidate
    for candidate in "python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
        if [ "$("$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$1" ]; then
            command -v "$candidate"
            return
        fi
    done
}

run_target_pythons() {
    local version python tested=()
    need_redis_server
    need_python runtime
    for version in "${TARGET_PYTHONS[@]}"; do
        python=$(target_python "$version")
        if [ -z "$python" ]; then
            say "Python $version: not on this machine"
            continue
        fi
        test_target_python "$version" "$python"
        tested+=("$version")
    done
    [ ${#tested[@]} -gt 0 ] || fail "there is no Python of a target here." "Install one of ${TARGET_PYTHONS[*]}."
    say "the unit tests hold with Python ${tested[*]}"
}

# test_target_python VERSION PYTHON: in an environment with what a target has, and pytest; nothing of Ansible.
test_target_python() {
    local environment=$CACHE/targets/$1 log=$CACHE/pip-target-$1.log
    say "$("$2" --version)"
    if ! { "$2" -m venv --clear "$environment" &&
        "$environment/bin/python" -m pip install --disable-pip-version-check --no-deps -r "$REPO/requirements/targets.txt" &&
        "$environment/bin/python" -m pip check; } >"$log" 2>&1; then
        tail -n 15 "$log" >&2
        fail "pip could not install what a target with Python $1 has." "The whole output is in $log."
    fi
    # tests/unit/dev are the tools' of this repository, which targets never see.
    "$environment/bin/python" -m pytest -q -m "not slow" --ignore tests/unit/dev tests/unit
}
