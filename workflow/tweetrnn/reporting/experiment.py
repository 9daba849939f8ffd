"""Everything that a report needs to know about one experiment, read from its stages' files."""

import platform
import statistics
import subprocess
from dataclasses import replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version

from tweetrnn import __version__, grid
from tweetrnn.code import PACKAGE
from tweetrnn.evaluation import comparison, tables
from tweetrnn.evaluation.cell_order import best_first, in_order, oriented
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.evaluation.robustness import read_robustness
from tweetrnn.evaluation.select import further_runs
from tweetrnn.files import load_array, read_json, read_parquet
from tweetrnn.grid import Run
from tweetrnn.machine import processor_name
from tweetrnn.names import BASELINES, is_mean, metric_of
from tweetrnn.other_splits import other_splits
from tweetrnn.reporting import playground
from tweetrnn.reporting.tweet_text import displayed
from tweetrnn.results_format import other_version, read_marked
from tweetrnn.run_files import check
from tweetrnn.verification import evidence

DRAWN_WITH = ("snakemake", "numpy", "pyarrow", "pandas", "scipy", "scikit-learn", "matplotlib")
# The files of a checkout that determine results (besides the config, which the report shows).
SOURCES = ("workflow", "Snakefile", "envs")


def commit_of(package):
    """Return the commit of the checkout, and whether the workflow in it was changed since.

    ``package`` is the folder of this package, in a checkout workflow/tweetrnn.
    """

    def git(*command):
        checkout = ["git", "-C", package.parents[1]]
        return subprocess.run(
            [*checkout, *command], capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        # An installed package may be in somebody else's checkout.
        git("ls-files", "--error-unmatch", package / "__init__.py")
        changed = git("status", "--porcelain", "--untracked-files=no", "--", *SOURCES)
        return git("rev-parse", "HEAD") + (" with uncommitted changes" if changed else "")
    except (OSError, subprocess.CalledProcessError):
        return f"unknown (version {__version__}, not a git checkout)"


def installed(name):
    """Return a package's version; an environment of the report alone has no Snakemake."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not in this environment"


class Experiment:
    """The stages' facts and tables. A file is read, and checked, when it is first asked for.

    Whatever is read may raise UserError: the file is absent or damaged.

    Args:
        results: the Results.
        config: all of it, or the sections that the values asked for need.
        memory_mb: the memory that a training job requests.
        partial: whether trainings are missing. Then the tables are those of the partial report,
            and there is no comparison.
    """

    def __init__(self, results, config, memory_mb, partial=False):
        self.results = results
        self.config = config
        self.memory_mb = memory_mb
        self.partial = partial

    @property
    def cells(self):
        """The cells that are compared, in the config's order."""
        return self.config["grid"]["cell"]

    @property
    def trained_cells(self):
        """All cells that are trained: after those that are compared the baselines."""
        return grid.cells(self.config["grid"])

    @property
    def rank_by(self):
        """The figure by which runs are ranked, one of RANKINGS."""
        return self.config["report"]["rank_by"]

    # ------------------------------------------------------------------------------ the corpus

    @cached_property
    def tokenized(self):
        """The facts of tokenize."""
        return read_marked(self.results.token_facts)

    @cached_property
    def encoded(self):
        """The facts of encode."""
        return read_json(self.results.encode_facts)

    @cached_property
    def split(self):
        """The facts of split."""
        return read_json(self.results.split_facts)

    @cached_property
    def offsets(self):
        """The array (tweets + 1,) of where each tweet's tokens begin."""
        return load_array(self.results.offsets, self.encoded["sha256"]["offsets"])

    # ----------------------------------------------------------------------------- the trainings

    @property
    def _aggregated(self):
        return self.results.partial if self.partial else self.results

    @cached_property
    def runs(self):
        """The table of runs, in the order of their ranks."""
        return tables.read_runs(self._aggregated.runs, self._aggregated.aggregate_facts)

    @cached_property
    def finished(self):
        """The runs that have results."""
        return tables.finished(self.runs)

    def best_runs(self, cell):
        """Return a cell's finished runs as dicts, best first; at most ``report.top``."""
        return self._best_runs.get(cell, [])

    @cached_property
    def _best_runs(self):
        top = self.config["report"]["top"]
        by_cell = self.finished.groupby("cell", sort=False)
        return {cell: tables.records(runs.head(top)) for cell, runs in by_cell}

    @cached_property
    def epochs(self):
        """The table of the runs' epochs."""
        return tables.read_epochs(self._aggregated.epochs, self._aggregated.aggregate_facts)

    @cached_property
    def _histories(self):
        groups = self.epochs.groupby(list(tables.KEY), sort=False)
        return {Run(*key): epochs for key, epochs in groups}

    def history(self, run):
        """Return the epochs of a run, which is a dict with the columns of the table of runs."""
        return self._histories[run_of(run)]

    @cached_property
    def new_runs(self):
        """The Runs that repeat the selected combinations; none without a comparison."""
        if not self.comparison:
            return []
        choices = self.comparison.selected | self.comparison.selected_baselines
        return further_runs(choices, self.comparison.replicates)

    @property
    def finalist_runs(self):
        """How many trainings there were to choose among each cell's best combinations."""
        if not self.comparison:
            return 0
        choices = self.comparison.selected | self.comparison.selected_baselines
        finalists = sum(len(choice.finalists) for choice in choices.values())
        return finalists * self.config["training"]["finalist_replicates"]

    @cached_property
    def new_seconds(self):
        """{Run: its seconds} of the new_runs."""
        return {run: read_json(self.results.run(run).timing)["total"] for run in self.new_runs}

    def cost(self, cell):
        """Return what a cell's runs of the grid cost, a dict; a median or most is None without."""
        runs = self.runs[self.runs["cell"] == cell].dropna(subset="seconds")
        seconds, memory = runs["seconds"].tolist(), runs["max_rss_mb"].dropna().tolist()
        return {
            "runs": len(seconds),
            "total": sum(seconds) / 60,  # minutes
            "median": statistics.median(seconds) if seconds else None,
            "slowest": max(seconds, default=None),
            "memory": max(memory, default=None),  # MB
        }

    def paired_seconds(self, first, second):
        """Return the seconds of two cells' finished runs of the same combinations.

        Returns:
            A DataFrame with a column for each cell and a row for each combination: the means of
            the replicates that both have finished.
        """
        runs = self.finished[self.finished["cell"].isin([first, second])]
        seconds = runs.pivot(index=["combination", "replicate"], columns="cell", values="seconds")
        both = seconds.reindex(columns=[first, second]).dropna()
        return both.groupby("combination").mean()

    @cached_property
    def provenances(self):
        """{Run: its provenance} of the grid's trainings and the selected combinations' new ones."""
        trained = self.runs[self.runs["status"] != "missing"]
        runs = [*tables.names(trained), *self.new_runs]
        return {run: read_json(self.results.run(run).provenance) for run in runs}

    def architecture(self, run):
        """Return the layers of a Run, as dicts."""
        paths = self.results.run(run)
        check(paths, "architecture")
        return read_json(paths.architecture)

    # --------------------------------------------------------------------------- the comparison

    @cached_property
    def baselines(self):
        """{baseline: its metrics}; None where they are still missing."""
        path = self.results.baseline_metrics
        if self.partial and not path.exists():
            return None
        metrics = read_json(path)
        if not set(BASELINES) <= set(metrics):
            if self.partial:  # a run that writes all again has not come so far
                return None
            raise other_version(path)
        return {name: metrics[name] for name in BASELINES}

    def baseline_values(self, ranking):
        """Return {baseline: its figure on the validation set} in a ranking's metric.

        ``ranking`` may also be a metric at the best epoch, METRIC_at_best. None beside a mean over
        epochs: baselines have no epochs.
        """
        if not self.baselines or is_mean(ranking):
            return {}
        at_best = ranking.removesuffix("_at_best")
        metric = at_best if at_best in METRICS else metric_of(ranking)
        return {name: self.baselines[name]["validation"][metric] for name in BASELINES}

    @cached_property
    def comparison(self):
        """The Comparison, in the report's order of cells; None in a partial report."""
        return None if self.partial else oriented(comparison.read(self.results.comparison))

    @cached_property
    def robustness(self):
        """The Robustness, in the report's order of cells; None where no other splits are asked for.

        A partial report has none.
        """
        if self.partial or not other_splits(self.config):
            return None
        robustness = read_robustness(self.results.robustness)
        return replace(robustness, pairs=in_order(robustness.pairs, best_first(self.comparison)))

    @property
    def shown_rows(self):
        """The corpus rows of the tweets that the comparison shows."""
        models = self.comparison.failures.values()
        rows = {row.corpus_row for model in models for row in model.mistakes}
        if found := self.comparison.disagreements:
            rows |= {row.corpus_row for row in found.listed if row.shown}
        return sorted(rows)

    @cached_property
    def tweets(self):
        """{corpus row: text} of the tweets that the comparison shows, with handles masked."""
        digest = self.tokenized["tweets_sha256"]
        texts = read_parquet(self.results.tweets, ["text"], digest)["text"]
        shown = self.config["report"]["show_handles"]
        return {row: displayed(texts[row].as_py(), shown) for row in self.shown_rows}

    @cached_property
    def playground(self):
        """The Playground; None in a partial report, and if the config asks for none."""
        if self.partial:
            return None
        return playground.read(self.results, self.config, self.split, self.comparison.selected)

    @cached_property
    def evidence(self):
        """The Evidence for the headline; None in a partial report."""
        if self.partial:
            return None
        found = evidence.stored(self.results, self.comparison)
        labels = self.split["labels"]
        return evidence.evidence_of(found, self.results, self.comparison, labels)

    # ------------------------------------------------------------------------------ this program

    @cached_property
    def commit(self):
        """The commit of the workflow, and whether it was changed since."""
        return commit_of(PACKAGE)

    @cached_property
    def versions(self):
        """{name: version} of the software that makes the report, and the processor."""
        return {
            "processor": processor_name(),
            "python": platform.python_version(),
            **{name: installed(name) for name in DRAWN_WITH},
        }


def run_of(row):
    """Return the Run of a row of a table, a dict."""
    return Run(row["cell"], row["combination"], row["replicate"])
