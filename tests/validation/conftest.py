"""Long validations are collected only when `make validate` asks for them."""

import os

collect_ignore_glob = [] if os.environ.get("PREPAZKA_VALIDATE") else ["test_*.py"]
