# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the host itself needs later, from another directory, has an absolute path or is refused."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable

import pytest

from ansible_collections.lowlat.redis.plugins.module_utils._change import history, request
from ansible_collections.lowlat.redis.plugins.module_utils._effect import request as effect
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput
from ansible_collections.lowlat.redis.plugins.modules.setting_effect import OPTIONS

Make = Callable[..., Any]
LOGINS: list[dict[str, str]] = [
    {"login_unix_socket": "redis.sock"},
    {"login_unix_socket": "~/redis.sock"},
    {"ca_certs": "./ca.pem"},
    {"client_cert_file": "own.pem", "client_key_file": "/own.key"},
    {"client_cert_file": "/own.pem", "client_key_file": "own.key"},
]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the module works: what a relative path would make would lie there."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(call: Callable[[], object], name: str, path: str) -> None:
    with pytest.raises(BadInput, match="absolute") as caught:
        call()
    error = caught.value
    assert error.what and error.why and error.remedy
    assert error.where == name and repr(path) in error.what


@pytest.mark.parametrize("path", ["", "state", "./state", "../state", "~", "~/state", "~nobody/state", "$HOME/state"])
def test_a_state_directory(changer: Make, here: Path, path: str) -> None:
    host = changer()
    before = host.config
    options = host.options("applied", settings=host.redis(hz=8), name="trial", state_directory=path)
    for check in (True, False):
        refused(partial(request.run, options, check=check), "state_directory", path)
        refused(partial(effect.run, toggling(options), check=check), "state_directory", path)
    for state in ("confirmed", "rolled_back"):
        refused(partial(host.run, state, state_directory=path), "state_directory", path)
    refused(lambda: history.tell(path, None), "state_directory", path)
    assert (host.config, host.live("hz"), list(here.iterdir())) == (before, "10", [])


@pytest.mark.parametrize("login", LOGINS)
def test_a_way_in(changer: Make, here: Path, login: dict[str, str]) -> None:
    host = changer()
    name, path = next((name, path) for name, path in login.items() if not path.startswith("/"))
    refused(lambda: host.apply(*host.redis(hz=8), **login), name, path)
    assert host.live("hz") == "10" and not Path(host.state_directory).exists() and list(here.iterdir()) == []


def toggling(options: dict[str, Any]) -> dict[str, Any]:
    """The same request to toggle."""
    defaults = {name: spec.get("default") for name, spec in OPTIONS.items()}
    return {**defaults, **options, "setting": {"kind": "redis", "key": "hz", "values": [8, 10]}, "settings": None}
