"""Where the results of an experiment are: the only module that knows.

Every file has one name, the same in the rules, in the stage functions that read or write it, and
here. ``results.tweets`` is the path of the file named ``tweets``.
"""

from pathlib import Path

from tweetrnn.grid import Run
from tweetrnn.sets import SETS

SPLIT_ARRAYS = [f"{name}_{array}" for name in SETS for array in ("sequences", "labels")]

# "Facts" are what a stage counted or measured, and the sha256 of the files it wrote.
FILES = {
    # tokenize
    "tweets": "tokenize/tweets.parquet",  # every tweet: id, text, label, tokens and more
    "token_facts": "tokenize/facts.json",
    "dropped": "tokenize/dropped.csv",  # the rows of the corpus that were not kept, and why
    # encode
    "dictionary": "encode/dictionary.parquet",  # every word with its count and id
    "sequences": "encode/sequences.npy",  # (N, T) int32 word ids, padded and cut
    "words": "encode/words.npy",  # ids of all words, uncut, tweet after tweet, int32
    "offsets": "encode/offsets.npy",  # where each tweet begins in ``words``, and the end, int64
    "labels": "encode/labels.npy",  # (N,) int32 class ids
    "encode_facts": "encode/facts.json",
    # split
    # of each set: (N, T) int32 one-hot columns, (N,) int32 class ids
    **{name: f"split/{name}.npy" for name in SPLIT_ARRAYS},
    "rows": "split/rows.parquet",  # which tweet is in which set, in the order of its arrays
    "vocabulary": "split/vocabulary.parquet",  # the words with a one-hot column
    "split_facts": "split/facts.json",
    # train
    "recipe": "recipe/train.json",  # what all trainings have in common: code and config
    "trainings": "train",  # the folder of all runs
    # evaluation
    "baseline_metrics": "baselines/metrics.json",  # the metrics by baseline and set
    "baseline_predictions": "baselines/predictions.parquet",  # probabilities by set and tweet
    "runs": "aggregate/runs.parquet",  # one row per run, best first: factors and metrics
    "runs_csv": "aggregate/runs.csv",
    "epochs": "aggregate/epochs.parquet",  # one row per run and epoch
    "epochs_csv": "aggregate/epochs.csv",
    "aggregate_facts": "aggregate/facts.json",
    "finalists": "select/finalists.json",  # the combinations to train again before one is selected
    "selected": "select/selected.json",  # the best combination of each cell, its replicates
    "comparison": "compare/comparison.json",  # the statistics of the comparison of the cells
    "robustness": "robustness/robustness.json",  # what other splits and training sets show
    "split_scores": "robustness/splits.parquet",  # scores by other split, model and replicate
    "split_scores_csv": "robustness/splits.csv",
    # report
    "figures": "plot",  # the folder of all figures, each as SVG and PNG
    "html": "report/report.html",
    "markdown": "report/report.md",
    "summary": "report/summary.json",  # what the report says, for programs
    "figure_facts": "plot/facts.json",
    "images": "report/images",  # the figures of report.md
    "tables": "report/tables",  # every table of the report, as CSV and Parquet
    "crate": "report/ro-crate-metadata.json",  # what these files are and where they come from
    "used_config": "report/config.yaml",  # the experiment's config, complete
    "used_workflow": "report/workflow/Snakefile",
}

RUN_FILES = {  # of one run, below train/CELL/COMBINATION/REPLICATE
    "history": "history.csv",  # the metrics of every epoch
    "best": "best.safetensors",  # the weights of the epoch with the best validation accuracy
    "last": "last.safetensors",  # the weights of the last epoch
    "predictions": "predictions.parquet",  # of the best weights, for the validation and test set
    "architecture": "architecture.json",  # the layers, as Keras's summary lists them
    "parameters": "parameters.json",  # every setting of the run
    "timing": "timing.json",  # seconds
    "provenance": "provenance.json",  # code, versions and processor
}


class Results:
    """The paths of one experiment's results, below ``folder``.

    Every name of FILES is an attribute. Nothing is read, and nothing needs to exist.
    """

    def __init__(self, folder):
        self.folder = Path(folder)

    @classmethod
    def of(cls, config):
        """Return the results of the experiment with this config, relative to the working folder."""
        return cls(Path("results", config["name"]))

    def __getattr__(self, name):
        if name in FILES:
            return self.folder / FILES[name]
        raise AttributeError(f"results have no file named {name!r}")

    def __fspath__(self):
        return str(self.folder)

    __str__ = __fspath__

    def corpus(self, name):
        """Return where a corpus that the workflow writes or downloads is."""
        return self.folder / "corpus" / name

    def figure(self, name, suffix):
        """Return where a figure is; ``suffix`` is svg or png."""
        return self.figures / f"{name}.{suffix}"

    def answers(self, name):
        """Return where the predictions for the file called ``name`` in predict.files are."""
        return self.folder / "predict" / f"{name}.csv"

    def log(self, stage):
        """Return a stage's log."""
        return self.folder / "logs" / f"{stage}.log"

    def benchmark(self, stage):
        """Return Snakemake's measurements of a stage."""
        return self.folder / "benchmarks" / f"{stage}.tsv"

    @property
    def split(self):
        """The name of the other split that these results are of; empty for the experiment's."""
        return self.folder.name if self.folder.parent.name == "splits" else ""

    def on(self, split):
        """Return the Results of this experiment on another split, by the split's name."""
        return Results(self.folder / "splits" / split)

    @property
    def partial(self):
        """The Results of a partial report."""
        return Results(self.folder / "partial")

    @property
    def checkpoints(self):
        """The folder of all checkpoints and locks."""
        return self.folder / "checkpoints"

    def run(self, run):
        """Return the RunResults of a Run."""
        return RunResults(self, run)

    def paths(self, names, run=None):
        """Return {name: path as text} of the names in FILES or, with a run, also in RUN_FILES."""
        paths = {name: str(getattr(self, name)) for name in names if name in FILES}
        if run:
            paths |= {n: str(getattr(self.run(run), n)) for n in names if n in RUN_FILES}
        return paths

    def trained_runs(self):
        """Return the Runs that have results, in no particular order."""
        done = self.trainings.glob(f"*/*/*/{RUN_FILES['parameters']}")
        return [Run.parse(str(path.parent.relative_to(self.trainings))) for path in done]

    @classmethod
    def of_run(cls, folder):
        """Return the Results and the Run that a run's folder, an absolute path, belongs to."""
        return cls(folder.parents[3]), Run.parse("/".join(folder.parts[-3:]))


class RunResults:
    """The paths of one Run's results; every name of RUN_FILES is an attribute."""

    def __init__(self, results, run):
        self.run = run
        self.folder = results.trainings / str(run)
        self.checkpoint = results.checkpoints / str(run)
        self.log = results.log(f"train/{run}")
        self.benchmark = results.benchmark(f"train/{run}")

    def __getattr__(self, name):
        if name in RUN_FILES:
            return self.folder / RUN_FILES[name]
        raise AttributeError(f"a run has no file named {name!r}")
