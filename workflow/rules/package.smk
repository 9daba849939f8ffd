import os
import sys
from pathlib import Path

VERSION = "2.0.0"  # of this workflow; the package must have the same

# A checkout uses its own package; a workflow that Snakemake reads from a repository, by github(...)
# or gitfile(...), the installed one. envs/*.yaml install it from TWEETRNN_SOURCE.
HERE = str(workflow.current_basedir)
CHECKOUT = Path(HERE).parents[1] if Path(HERE).is_dir() else None
if CHECKOUT:
    SOURCE = CHECKOUT.as_uri()
    sys.path.insert(0, str(CHECKOUT / "workflow"))
else:
    folder, _, tag = HERE.rpartition("@")  # of REPOSITORY/workflow/rules@TAG
    SOURCE = f"{folder.rsplit('/', 2)[0]}@{tag}".replace(":///", "://localhost/")
    SOURCE = SOURCE if "://" in SOURCE else f"git+https://{SOURCE}"
os.environ.update(TWEETRNN_SOURCE=SOURCE)

for folder in (CHECKOUT, Path.cwd()):
    text = str(folder)
    if set("{}") & set(text):
        problem = "Snakemake takes braces in a folder's path for wildcards"
    elif text != text.encode(errors="replace").decode():
        problem = "Snakemake can write a folder's path only in UTF-8"
    elif os.pathsep in text and folder == CHECKOUT:
        problem = f"jobs need the folder in PYTHONPATH, where {os.pathsep} ends a path"
    else:
        continue
    sys.exit(f"error: {text}: {problem}; rename the folder, or work in another one")

try:
    from tweetrnn import __version__ as installed
except ImportError:
    installed = None
if installed != VERSION:
    sys.exit(
        f"error: this workflow needs the Python package tweetrnn {VERSION}, but "
        f"{f'{installed} is' if installed else 'none is'} installed. Install the workflow's: "
        f'pip install "tweetrnn[stages] @ {SOURCE}"'
    )
