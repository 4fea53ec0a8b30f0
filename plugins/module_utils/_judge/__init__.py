# SPDX-FileCopyrightText: 2026 The lowlat.redis authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements in, outcomes and a decision out: pure, and the same input gives the same output."""
