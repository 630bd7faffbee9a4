# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A real fleet on one machine: what the end-to-end tests run against."""
