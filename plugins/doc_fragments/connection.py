# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the connection options."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of ``module_utils/_server/connection.py`` ``ARGUMENTS``, for every module that talks to a server."""

    DOCUMENTATION = r"""
options:
  login_host:
    description:
      - Name or address at which the server listens, as seen from the target.
    type: str
    default: 127.0.0.1
  login_port:
    description:
      - TCP port of the server.
    type: int
    default: 6379
  login_unix_socket:
    description:
      - Absolute path of the server's unix socket. Takes precedence over O(login_host) and O(login_port).
    type: path
  login_user:
    description:
      - ACL user to log in as. By default the server's own V(default) user.
    type: str
  login_password:
    description:
      - Password of O(login_user).
    type: str
  tls:
    description:
      - Connect with TLS.
    type: bool
    default: false
  validate_certs:
    description:
      - Whether the server's certificate must be valid and issued for O(login_host). Only with O(tls=true).
    type: bool
    default: true
  ca_certs:
    description:
      - File with the certificates of the authorities to trust, in PEM format, an absolute path. By default those of
        the system.
    type: path
  client_cert_file:
    description:
      - File with the client's own certificate, in PEM format, for servers that ask for one. An absolute path.
      - Needs O(client_key_file).
    type: path
  client_key_file:
    description:
      - File with the private key of O(client_cert_file). An absolute path.
    type: path
"""
