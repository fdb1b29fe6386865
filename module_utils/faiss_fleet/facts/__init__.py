# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Facts of a host: one file for each thing that is read, ``gather`` puts them together."""
