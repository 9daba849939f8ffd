"""The config accepts the cells that are defined, and loads nothing large to know them."""

import subprocess
import sys

from tweetrnn.config import load_schema
from tweetrnn.training.cells import CELLS


def test_the_config_accepts_every_cell():
    grid = load_schema()["properties"]["grid"]["properties"]
    for key in ("cell", "baseline_cells"):
        assert grid[key]["items"]["enum"] == list(CELLS)


def test_the_config_loads_no_large_library():
    program = (
        "import sys, tweetrnn.config; print({'torch', 'pandas', 'matplotlib'} & {*sys.modules})"
    )
    command = [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}; {program}"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "set()\n"
