# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""A local Hub: repositories, commits and files over HTTP as the public one serves them, with faults on demand."""
