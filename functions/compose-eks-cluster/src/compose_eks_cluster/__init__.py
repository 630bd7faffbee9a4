# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""What an EKSCluster composes on Amazon Web Services, and how it reports."""
