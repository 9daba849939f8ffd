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
class Choice:
    """A cell's selected combination.

    ``figure`` is the mean over its replicates of what selects, ``replicate`` its best run,
    ``candidates`` how many combinations there were to choose from.
    """

    combination: str
    figure: float
    replicate: int
    candidates: int


@dataclass(kw_only=True)
class Accuracy:
    """An accuracy on the judged set: of a cell the mean over its new replicates."""

    accuracy: float
    interval: list[float]


@dataclass(kw_only=True)
class Replicate:
    """The scores of one new replicate; ``test`` is None without a test set."""

    replicate: int
    validation: Scores
    test: Scores | None = None

    def scores(self, name):
        """Return the scores on a set: "validation" or "test"."""
        return getattr(self, name)


@dataclass(kw_only=True)
class Spread:
    """How a score spreads over replicates; ``sd`` is None for a single one."""

    mean: float
    sd: float | None
    min: float
    max: float


@dataclass(kw_only=True)
class CellAccuracy(Accuracy):
    """A cell's selected combination; ``spread`` is by set and metric."""

    combination: str
    replicates: list[Replicate]
    diverged_replicates: int
    spread: dict[str, dict[str, Spread]]


@dataclass(kw_only=True)
class BaselineAccuracy(Accuracy):
    """A baseline; ``scores`` are by set."""

    scores: dict[str, Scores]


@dataclass(kw_only=True)
class Difference:
    """A difference of two accuracies, under resampling of tweets and replicates.

    ``standard_error_tweets`` and ``standard_error_replicates`` are with only those resampled;
    ``minimum_detectable_difference`` is for the Comparison's power.
    """

    difference: float
    interval: list[float]
    excludes_zero: bool
    standard_error: float
    minimum_detectable_difference: float
    standard_error_tweets: float
    standard_error_replicates: float


@dataclass(kw_only=True)
class CellDifference(Difference):
    """The difference of two cells."""

    first: str
    second: str


@dataclass(kw_only=True)
class BaselineDifference(Difference):
    """The difference of a cell and a baseline."""

    cell: str
    baseline: str


@dataclass(kw_only=True)
class Primary:
    """The primary analysis: ``accuracies`` by cell and baseline, and their differences."""

    accuracies: dict[str, CellAccuracy | BaselineAccuracy]
    pairs: list[CellDifference]
    against_baselines: list[BaselineDifference]


@dataclass(kw_only=True)
class McNemar:
    """How many tweets the selected runs of two cells get right, and McNemar's exact p."""

    first: str
    second: str
    both_right: int
    first_only: int
    second_only: int
    both_wrong: int
    p: float


@dataclass(kw_only=True)
class Differences:
    """Paired differences of figures of the grid, and the p of Wilcoxon's signed-rank test.

    Without a pair everything but the counts is None.
    """

    pairs: int
    differences: list[float]
    p: float | None
    mean: float | None
    median: float | None
    min: float | None
    max: float | None
    positive: int
    negative: int


@dataclass(kw_only=True)
class FactorDifferences(Differences):
    """Differences between two levels of a factor; the full grid has ``possible_pairs``."""

    factor: str
    low: bool | int | float
    high: bool | int | float
    possible_pairs: int
    p_holm: float | None


@dataclass(kw_only=True)
class Effect(FactorDifferences):
    """The effect of a factor in a cell."""

    cell: str


@dataclass(kw_only=True)
class Interaction(FactorDifferences):
    """The first cell's effect - the second's, combination by combination."""

    first: str
    second: str


@dataclass(kw_only=True)
class PairedCells(Differences):
    """The first cell's figures - the second's, over the combinations that both have."""

    first: str
    second: str
    combinations: list[str]


@dataclass(kw_only=True)
class Frequency:
    """A run, and the share of the resamples in which it was selected."""

    combination: str
    replicate: int
    share: float


@dataclass(kw_only=True)
class Optimism:
    """How much selecting the best of a cell's ``runs`` on validation flatters its accuracy.

    ``apparent`` - ``corrected`` is ``optimism``; all but the first are None where no resample left
    tweets to judge on.
    """

    apparent: float
    corrected: float | None
    optimism: float | None
    interval: list[float] | None
    resamples: int
    runs: int
    selected_most_often: list[Frequency]


@dataclass(kw_only=True)
class Agreement:
    """How far rankings agree (by ranking and ranking), and the run that each puts first."""

    kendall: dict[str, dict[str, float | None]]
    spearman: dict[str, dict[str, float | None]]
    winners: dict[str, Run]


@dataclass(kw_only=True)
class ClassScores:
    """Of one class; ``support`` is how many tweets have it."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(kw_only=True)
class Bin:
    """The tweets whose confidence is in (low, high]; means are None without a tweet."""

    low: float
    high: float
    tweets: int
    confidence: float | None
    accuracy: float | None


@dataclass(kw_only=True)
class Calibration:
    """Accuracy by confidence."""

    bins: list[Bin]
    expected_calibration_error: float
    mean_confidence: float


@dataclass(kw_only=True)
class Mistake:
    """A tweet by its row in the judged set and in the corpus; ``true`` and ``predicted`` class."""

    true: str
    predicted: str
    confidence: float
    row: int
    corpus_row: int


@dataclass(kw_only=True)
class Failures:
    """How a cell's selected run fails; ``confusion`` has a row for each label."""

    combination: str
    replicate: int
    scores: Scores
    confusion: list[list[int]]
    per_class: dict[str, ClassScores]
    calibration: Calibration
    confidently_wrong: list[Mistake]


@dataclass(kw_only=True)
class Divergence:
    """The divergence epochs of a cell's finished ``runs``, and the one that was published."""

    median: float | None
    min: int | None
    max: int | None
    runs: int
    runs_that_part: int
    published: int | None


@dataclass(kw_only=True)
class ReferenceRow:
    """A published accuracy, and ours of the same combination, by ranking."""

    cell: str
    combination: str
    reference_tuple: str
    published: float
    ours: dict[str, float | None]


@dataclass(kw_only=True)
class Reference:
    """The reference report's table, and the majority baseline's validation scores."""

    majority: Scores
    rows: list[ReferenceRow]


@dataclass(kw_only=True)
class Comparison:
    """Everything that compare finds.

    ``part`` is the set that models are judged on, which has ``tweets`` in ``groups`` of
    duplicates. It is the test set, or validation where there is none: then it is ``optimistic``.
    ``replicates`` are the numbers of the new replicates.
    """

    part: str
    optimistic: bool
    tweets: int
    groups: int
    select_by: str
    selected: dict[str, Choice]
    replicates: list[int]
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

    def present(items):
        return {name: item for name, item in items if (name, item) != ("test", None)}

    return asdict(value, dict_factory=present)


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
