"""A program: imports everything that NukeX may import, and prints what that took, as one JSON object.

    python3.9 -I tests/light/import_all.py [FOLDER]

``FOLDER``: where PyYAML lies, if this Python has none; NukeX gets a vendored copy.
``modules``: the light modules; ``foreign``: what came along that is neither ours, PyYAML nor of the standard
library (null on 3.9, which cannot tell); ``engine``: modules from beyond the wall; ``seconds``: wall time.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
import time
from pathlib import Path

LIGHT = (
    "_files",
    "_hashes",
    "_process",
    "_yaml",
    "checks",
    "errors",
    "graph",
    "host",
    "jobs",
    "ledger",
    "nk",
    "panel",
    "plugin",
    "project",
    "recipes",
)

# What needs a Qt is imported when the panel is opened, and tested where there is one (tests/panel).
WITH_QT = ("film_recovery.panel.qt", "film_recovery.panel.widgets.")

before = set(sys.modules)
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "python"))
sys.path.extend(sys.argv[1:])

started = time.perf_counter()
packages = [importlib.import_module(f"film_recovery.{name}") for name in LIGHT]
names = [
    module.name
    for package in packages
    for module in pkgutil.walk_packages(getattr(package, "__path__", []), package.__name__ + ".")
    if not module.name.startswith(WITH_QT)
]
for name in names:
    importlib.import_module(name)
seconds = time.perf_counter() - started

standard = getattr(sys, "stdlib_module_names", None)
came = {name.partition(".")[0] for name in set(sys.modules) - before} - {"film_recovery"}
of_yaml = {name for name in came if name in ("yaml", "_yaml", "cython_runtime") or name.startswith("_cython")}
ours = [name for name in sys.modules if name.startswith("film_recovery.")]
report = {
    "python": "{}.{}".format(*sys.version_info[:2]),
    "modules": sorted([package.__name__ for package in packages] + names),
    "foreign": sorted(came - of_yaml - standard) if standard else None,
    "engine": sorted(name for name in ours if name.split(".")[1] not in LIGHT),
    "seconds": round(seconds, 3),
}
print(json.dumps(report))
