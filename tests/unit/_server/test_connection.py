# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from redis import exceptions

from ansible_collections.lowlat.redis.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.lowlat.redis.plugins.module_utils._errors import BadInput, ServerError
from ansible_collections.lowlat.redis.plugins.module_utils._server.connection import (
    ARGUMENTS,
    Address,
    control,
    server_errors,
)


def test_an_address_says_where_and_never_the_password() -> None:
    assert str(Address()) == "127.0.0.1:6379"
    assert str(Address(host="::1", port=7)) == "[::1]:7"
    assert str(Address(unix_socket="/run/r.sock")) == "unix:/run/r.sock"
    assert "secret" not in repr(Address(password="secret")) + str(Address(password="secret"))


def test_options_become_an_address() -> None:
    defaults = {name: spec.get("default") for name, spec in ARGUMENTS.items()}
    assert Address.from_options(defaults) == Address()
    given = {
        **defaults,
        "login_host": "h",
        "login_port": 7,
        "login_user": "u",
        "login_password": "p",
        "tls": True,
        "validate_certs": False,
        "ca_certs": "/ca",
        "client_cert_file": "/c",
        "client_key_file": "/k",
    }
    assert Address.from_options(given) == Address("h", 7, None, "u", "p", True, False, "/ca", "/c", "/k")
    assert Address.from_options({"login_unix_socket": "/s"}).transport == "unix"
    assert Address.from_options(given).transport == "tls"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"login_port": 70000}, "no TCP port"),
        ({"login_port": -1}, "no TCP port"),
        ({"login_port": 0}, "login_port 0 is no TCP port"),
        ({"login_unix_socket": "r.sock"}, "no absolute path"),
        ({"login_unix_socket": "~/r.sock"}, "no absolute path"),
        ({"tls": True, "login_unix_socket": "/s"}, "does not go with"),
        ({"client_cert_file": "/c"}, "belong together"),
    ],
)
def test_options_without_sense_are_refused(options: dict[str, Any], text: str) -> None:
    with pytest.raises(BadInput, match=text) as caught:
        Address.from_options(options)
    assert caught.value.where and caught.value.why and caught.value.remedy


def test_what_is_not_given_is_the_default() -> None:
    assert Address.from_options({"login_port": None, "login_unix_socket": ""}) == Address()


def test_a_certificate_that_is_not_there_is_named() -> None:
    with pytest.raises(BadInput, match="/no/such/ca.pem") as caught:
        control(Address(tls=True, ca_certs="/no/such/ca.pem"))
    assert caught.value.where and caught.value.why and caught.value.remedy


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (exceptions.ConnectionError("Error 111 connecting to x:1. Connection refused."), "unreachable", "Nobody"),
        (exceptions.TimeoutError("Timeout reading from socket"), "timeout", "in time"),
        (exceptions.AuthenticationError("Authentication required."), "auth", "user u"),
        (exceptions.ResponseError("WRONGPASS invalid username-password pair"), "auth", "login_password"),
        (exceptions.ResponseError("AUTH <password> called without any password configured"), "auth", "user u"),
        (
            exceptions.NoPermissionError("this user has no permissions to run the 'config|get' command"),
            "noperm",
            "CONFIG GET",
        ),
        (exceptions.ResponseError("unknown command 'CONFIG', with args beginning with: "), "unknown_command", "CONFIG"),
        (exceptions.ResponseError("unknown command `CONFIG`, with args"), "unknown_command", "no command CONFIG"),
        (exceptions.BusyLoadingError("Redis is loading the dataset in memory"), "loading", "loading"),
        (exceptions.ResponseError("BUSY Redis is busy running a script."), "busy", "script"),
        (exceptions.InvalidResponse("Protocol Error: b'HTTP'"), "protocol", "no Redis server"),
        (exceptions.ConnectionError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"), "tls", "ca_certs"),
        (exceptions.ResponseError("wrong number of arguments"), "refused", "refuses"),
        (ConnectionResetError(104, "reset by peer"), "unreachable", "reset by peer"),
    ],
)
def test_what_the_library_raises_is_explained(error: Exception, code: str, text: str) -> None:
    with pytest.raises(ServerError) as caught, server_errors(Address(host="h", user="u", password="secret")):
        raise error
    assert caught.value.details["code"] == code
    assert text in caught.value.message
    assert caught.value.where == "h:6379"
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    "error",
    [
        exceptions.ConnectionError("Error 111 connecting to x:1. Connection refused."),
        exceptions.AuthenticationError("Authentication required."),
        exceptions.ConnectionError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"),
        exceptions.InvalidResponse("Protocol Error: b'HTTP'"),
    ],
)
def test_who_runs_a_playbook_is_told_the_names_of_its_variables(error: Exception) -> None:
    with pytest.raises(ServerError) as caught, server_errors(Address()):
        raise error
    assert "for a playbook gated_change_" in caught.value.remedy


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), server_errors(Address()):
        raise KeyError("x")


def test_every_option_is_documented() -> None:
    for name in ARGUMENTS:
        assert f"\n  {name}:\n" in ModuleDocFragment.DOCUMENTATION
