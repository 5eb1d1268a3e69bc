"""The start-up that bench_startup.py compares with: one that loads nothing."""

import nuke  # noqa: F401
