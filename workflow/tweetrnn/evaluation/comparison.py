"""What comparison.json holds: ``compare`` makes a Comparison and writes it, all others read it.

Accuracies, scores and differences are shares of 1. Scores are by metric (the names of
``evaluation.metrics.METRICS``), intervals are [low, high]. Of two models or levels that are
compared, a difference is always first - second, or high - low.
"""

from dataclasses import asdict, dataclass, fields, is_dataclass
from types import UnionType
from typing import get_args, get_origin

from tweetrnn.files import damaged, read_json
from tweetrnn.grid import Run

Scores = dict[str, float]


@dataclass(kw_only=True)
class Choice:  # a cell's selected combination
    combination: str
    figure: float  # what selects, the mean over the combination's replicates
    replicate: int  # the best of them
    candidates: int  # how many combinations there were to choose from


@dataclass(kw_only=True)
class Replicate:  # the scores of one new replicate
    replicate: int
    validation: Scores
    test: Scores | None = None  # None without a test set

    def scores(self, name):
        """Return the scores on a set: "validation" or "test"."""
        return getattr(self, name)


@dataclass(kw_only=True)
class Spread:  # of a score over replicates
    mean: float
    sd: float | None  # None for a single replicate
    min: float
    max: float


@dataclass(kw_only=True)
class CellAccuracy:  # of a cell's selected combination on the judged set
    accuracy: float  # the mean over the new replicates
    interval: list[float]
    combination: str
    replicates: list[Replicate]
    diverged_replicates: int
    spread: dict[str, dict[str, Spread]]  # by set and metric


@dataclass(kw_only=True)
class BaselineAccuracy:
    accuracy: float
    interval: list[float]
    scores: dict[str, Scores]  # by set


@dataclass(kw_only=True)
class Difference:  # of two accuracies, where tweets and replicates are resampled
    difference: float
    interval: list[float]
    excludes_zero: bool
    standard_error: float
    minimum_detectable_difference: float  # with the Comparison's power
    standard_error_tweets: float  # where only tweets are resampled
    standard_error_replicates: float  # where only replicates are resampled


@dataclass(kw_only=True)
class CellDifference(Difference):
    first: str
    second: str


@dataclass(kw_only=True)
class BaselineDifference(Difference):
    cell: str
    baseline: str  # one of names.BASELINES, or a cell


@dataclass(kw_only=True)
class Primary:  # what was fixed beforehand
    accuracies: dict[str, CellAccuracy | BaselineAccuracy]
    pairs: list[CellDifference]
    against_baselines: list[BaselineDifference]


@dataclass(kw_only=True)
class McNemar:  # how many tweets the selected runs of two cells get right
    first: str
    second: str
    both_right: int
    first_only: int
    second_only: int
    both_wrong: int
    p: float  # of McNemar's exact test


@dataclass(kw_only=True)
class Differences:  # paired, of figures of the grid; without a pair all but counts are None
    pairs: int
    differences: list[float]
    p: float | None  # of Wilcoxon's signed-rank test
    mean: float | None
    median: float | None
    min: float | None
    max: float | None
    positive: int
    negative: int


@dataclass(kw_only=True)
class FactorDifferences(Differences):  # between two levels of a factor
    factor: str
    low: bool | int | float
    high: bool | int | float
    possible_pairs: int  # in the full grid
    p_holm: float | None


@dataclass(kw_only=True)
class Effect(FactorDifferences):  # in one cell
    cell: str


@dataclass(kw_only=True)
class Interaction(FactorDifferences):  # the first cell's effect - the second's
    first: str
    second: str


@dataclass(kw_only=True)
class PairedCells(Differences):  # the first cell's figures - the second's
    first: str
    second: str
    combinations: list[str]  # that both have figures of


@dataclass(kw_only=True)
class Frequency:  # in which share of the resamples a run was selected
    combination: str
    replicate: int
    share: float


@dataclass(kw_only=True)
class Optimism:  # how much selecting the best of a cell's runs flatters its validation accuracy
    apparent: float
    corrected: float | None  # None, as the next two, where no resample left tweets to judge on
    optimism: float | None  # apparent - corrected
    interval: list[float] | None
    resamples: int
    runs: int
    selected_most_often: list[Frequency]


@dataclass(kw_only=True)
class Agreement:  # how far rankings agree, by ranking and ranking
    kendall: dict[str, dict[str, float | None]]
    spearman: dict[str, dict[str, float | None]]
    winners: dict[str, Run]  # the run that each puts first


@dataclass(kw_only=True)
class ClassScores:
    precision: float
    recall: float
    f1: float
    support: int  # how many tweets have this class


@dataclass(kw_only=True)
class Bin:  # the tweets whose confidence is in (low, high]
    low: float
    high: float
    tweets: int
    confidence: float | None  # the mean; None without a tweet
    accuracy: float | None


@dataclass(kw_only=True)
class Calibration:
    bins: list[Bin]
    expected_calibration_error: float
    mean_confidence: float


@dataclass(kw_only=True)
class Mistake:  # a tweet that was given the wrong class
    true: str
    predicted: str
    confidence: float
    row: int  # in the judged set
    corpus_row: int


@dataclass(kw_only=True)
class Failures:  # of a cell's selected run
    combination: str
    replicate: int
    scores: Scores
    confusion: list[list[int]]  # a row for each label
    per_class: dict[str, ClassScores]
    calibration: Calibration
    confidently_wrong: list[Mistake]


@dataclass(kw_only=True)
class Divergence:  # the divergence epochs of a cell
    median: float | None
    min: int | None
    max: int | None
    runs: int  # that finished
    runs_that_part: int  # that have a divergence epoch
    published: int | None


@dataclass(kw_only=True)
class ReferenceRow:
    cell: str
    combination: str
    reference_tuple: str
    published: float  # accuracy
    ours: dict[str, float | None]  # of the same combination, by ranking


@dataclass(kw_only=True)
class Reference:  # the reference report's table
    majority: Scores  # of the majority baseline on the validation set
    rows: list[ReferenceRow]


@dataclass(kw_only=True)
class Comparison:
    """Everything that compare finds."""

    part: str  # the set that models are judged on: test, or validation where there is none
    optimistic: bool  # whether it is validation, where the combinations were selected
    tweets: int
    groups: int  # of duplicates
    select_by: str
    selected: dict[str, Choice]  # of the cells that are compared
    selected_baselines: dict[str, Choice]  # of the cells that are baselines
    replicates: list[int]  # the numbers of the new replicates
    resamples: int
    level: float
    power: float
    primary: Primary
    mcnemar: list[McNemar]
    factor_effects: list[Effect]
    interactions: list[Interaction]
    paired_cells: list[PairedCells]
    selection_optimism: dict[str, Optimism]
    rankings: dict[str, Agreement]
    failures: dict[str, Failures]
    divergence: dict[str, Divergence]
    reference: Reference


def to_json(value):
    """Return a dataclass as a dict for JSON; without a test set there is no key for it."""
    return asdict(
        value, dict_factory=lambda items: {k: v for k, v in items if (k, v) != ("test", None)}
    )


def from_json(kind, value):
    """Return a JSON value as what ``kind`` says: a dataclass, or the annotation of a field."""
    if isinstance(kind, UnionType):
        kind = next((one for one in get_args(kind) if _fits(one, value)), None)
    if is_dataclass(kind):
        types = {field.name: field.type for field in fields(kind)}
        return kind(**{name: from_json(types[name], item) for name, item in value.items()})
    if get_origin(kind) is list:
        return [from_json(get_args(kind)[0], item) for item in value]
    if get_origin(kind) is dict:
        return {name: from_json(get_args(kind)[1], item) for name, item in value.items()}
    return value


def _fits(kind, value):
    return is_dataclass(kind) and {field.name for field in fields(kind)} == set(value)


def read_as(kind, path):
    """Return the JSON object in ``path`` as a dataclass.

    Raises:
        UserError: the file is absent, damaged or of another version.
    """
    try:
        return from_json(kind, read_json(path))
    except (AttributeError, KeyError, TypeError) as error:
        raise damaged(path, f"of another version of this program: {error!r}") from None


def read(path):
    """Return the Comparison that ``compare`` wrote; errors as for ``read_as``."""
    return read_as(Comparison, path)
