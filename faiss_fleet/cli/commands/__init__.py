# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The commands by what they are about: options, help, and which function does it."""
