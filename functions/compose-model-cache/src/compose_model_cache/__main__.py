# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

from modelplane import runtime

from compose_model_cache import fn, settings

runtime.main(fn.compose, settings.OPTIONS)
