# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The search test: run in a child process and judged."""
