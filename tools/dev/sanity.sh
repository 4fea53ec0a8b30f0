# shellcheck shell=bash
# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
# ansible-test sanity, on a copy: it wants to stand in ansible_collections/lowlat/redis and to see nothing else.

run_sanity() {
    need_python test
    need_lint_packages
    local root=$CACHE/sanity/ansible_collections/lowlat/redis version log=$CACHE/sanity.log
    version=$("$VENV/bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    rm -rf "$root"
    mkdir -p "$root"
    git ls-files -z --cached --others --exclude-standard --deduplicate |
        while IFS= read -r -d '' file; do if [ -e "$file" ]; then printf '%s\0' "$file"; fi; done |
        tar --create --null --files-from - | tar --extract --directory "$root"
    cd "$root" || return
    git init --quiet # or ansible-test finds this repository above, which ignores its cache
    run_ansible_test "$version" "$log" ||
        { bootstrap_pip "$log" && run_ansible_test "$version" "$log"; } ||
        fail "sanity: the rules above do not hold." "The whole output is in $log."
    say "ansible-test sanity: $(grep -c '^Running sanity test' "$log") tests hold"
}

# run_ansible_test PYTHON_VERSION LOG: shows what it finds, and leaves the talk of its many pips to the log.
run_ansible_test() {
    ansible-test sanity --venv --python "$1" --color no 2>&1 | tee "$2" |
        grep --line-buffered -E '^(Running sanity test|ERROR|FATAL|See documentation|Download failed)'
}

# ansible-test fetches a script that installs pip. Where it cannot be had, the pip that Python itself carries does.
bootstrap_pip() {
    local script
    script=$(grep -o '[^ "]*/get_pip_[0-9_]*\.py' "$1" | head -n 1)
    if [ -z "$script" ] || [ -e "$script" ]; then return 1; fi
    say "no pip bootstrap could be downloaded: using Python's own"
    mkdir -p "$(dirname "$script")"
    printf '%s\n' 'import ensurepip' 'ensurepip.bootstrap(default_pip=True)' >"$script"
}
