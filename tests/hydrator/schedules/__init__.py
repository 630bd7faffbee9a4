# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Seeded fault schedules: a run of the hydrator goes wrong, clean runs follow, and the bytes are judged."""
