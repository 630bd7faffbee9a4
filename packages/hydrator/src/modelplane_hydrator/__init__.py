# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""Stage one commit of a model on a volume, verified byte by byte."""
