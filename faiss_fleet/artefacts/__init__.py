# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the controller makes once per class of hosts and keeps in its cache."""
