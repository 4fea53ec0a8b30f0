# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of tests/integration/_change, with a deadline that the host keeps."""

from __future__ import annotations

from tests.integration._change.conftest import changer

__all__ = ["changer"]
