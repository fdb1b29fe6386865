# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""``python -m faiss_fleet`` is ``faiss-fleet``."""

from .cli import main

if __name__ == "__main__":
    main()
