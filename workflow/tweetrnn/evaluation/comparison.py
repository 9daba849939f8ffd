"""What comparison.json holds: ``compare`` makes a Comparison and writes it, all others read it.

Accuracies, scores and differences are shares of 1. Scores are by metric (the names of
``evaluation.metrics.METRICS``), intervals are [low, high]. Of two models or levels that are
compared, a difference is always first - second, or high - low. Of two cells the first is the one
that the config has first; ``cell_order`` puts them in the report's order.
"""

from dataclasses import asdict, dataclass, field, fields, is_dataclass
from types import UnionType
from typing import get_args, get_origin

from tweetrnn.files import read_json
from tweetrnn.grid import Run
from tweetrnn.results_format import other_version

Scores = dict[str, float]


@dataclass(kw_only=True)
class Finalist:  # one of a cell's best combinations, trained again before one is selected
    combination: str
    grid_figure: float  # the mean over the grid's replicates
    figures: list[float]  # of the runs with other seeds that did not diverge


@dataclass(kw_only=True)
class Choice:  # a cell's selected combination
    combination: str
    figure: float  # what selects: the mean over the finalist's runs or, without them, the grid's
    replicate: int  # the best of the grid's
    candidates: int  # how many combinations there were to choose from
    finalists: list[Finalist] = field(default_factory=list)  # best first in the grid, if any


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

    def numbers(self):
        """Return [mean, min, max]."""
        return [self.mean, self.min, self.max]


@dataclass(kw_only=True)
class Collapsed:  # a replicate that gives (nearly) all tweets of the judged set the same class
    replicate: int
    answer: str  # that class
    share: float  # of the tweets that get it


@dataclass(kw_only=True)
class CellAccuracy:  # of a cell's selected combination on the judged set
    accuracy: float  # the mean over the new replicates
    interval: list[float] | None  # None where the tweets cannot support one
    combination: str
    replicates: list[Replicate]
    diverged_replicates: int
    collapsed_replicates: list[Collapsed]
    spread: dict[str, dict[str, Spread]]  # by set and metric

    def values(self, part):
        """Return {metric: its mean over the replicates} on a set."""
        return {metric: spread.mean for metric, spread in self.spread[part].items()}


@dataclass(kw_only=True)
class BaselineAccuracy:
    accuracy: float
    interval: list[float] | None
    scores: dict[str, Scores]  # by set

    def values(self, part):
        """Return {metric: its value} on a set."""
        return self.scores[part]


@dataclass(kw_only=True)
class Difference:  # of two accuracies
    difference: float
    no_claim: str | None  # why there is no interval: then all below are None, excludes_zero False
    interval: list[float] | None
    excludes_zero: bool
    standard_error: float | None
    minimum_detectable_difference: float | None  # with the Comparison's power
    standard_error_tweets: float | None  # of the tweets alone
    standard_error_replicates: float | None  # of the replicates alone; None as the next
    degrees_of_freedom: float | None  # of the replicates; None where no model has two


@dataclass(kw_only=True)
class CellDifference(Difference):
    first: str
    second: str


@dataclass(kw_only=True)
class BaselineDifference(Difference):
    cell: str
    baseline: str  # one of names.BASELINES, or a cell


@dataclass(kw_only=True)
class Trained:  # the new replicates of a cell's selected combination that did not diverge
    parameters: int  # of each
    best_epochs: list[int]  # whose weights are tested, in the replicates' order


@dataclass(kw_only=True)
class Primary:  # whose procedure is fixed in the code
    accuracies: dict[str, CellAccuracy | BaselineAccuracy]
    pairs: list[CellDifference]
    against_baselines: list[BaselineDifference]


@dataclass(kw_only=True)
class McNemar:  # the exact test for each replicate of one cell against each of another
    first: str
    second: str
    pairs: int  # of replicates
    first_ahead: float  # the share of pairs with p < 0.05 where the first gets more tweets right
    second_ahead: float
    p: list[float]  # the lowest, the median and the highest
    both_right: float  # tweets, the mean over pairs, as the next three
    first_only: float
    second_only: float
    both_wrong: float


@dataclass(kw_only=True)
class EnsembleDifference:  # of two cells' ensembles
    first: str
    second: str
    difference: float
    interval: list[float] | None  # over groups of tweets; None for a single group
    single_difference: float  # of the mean accuracies of single replicates
    instability: float  # single_difference - difference


@dataclass(kw_only=True)
class Ensembles:  # of each cell's replicates: the mean of their probabilities
    accuracies: dict[str, float]
    pairs: list[EnsembleDifference]


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
class TuningBudget:  # the best of n of a cell's combinations, drawn at random
    expected_best: list[float]  # its expected figure (the one that selects), for n = 1 to all
    sd: list[float]  # of it over draws


@dataclass(kw_only=True)
class Agreement:  # how far rankings agree, by ranking and ranking
    kendall: dict[str, dict[str, float | None]]
    spearman: dict[str, dict[str, float | None]]
    winners: dict[str, Run]  # the run that each puts first


@dataclass(kw_only=True)
class ClassScores:  # over replicates
    precision: Spread
    recall: Spread
    f1: Spread
    support: int  # how many tweets have this class


@dataclass(kw_only=True)
class Bin:  # the tweets whose confidence is in (low, high]
    low: float
    high: float
    tweets: int
    confidence: float | None  # the mean; None without a tweet
    accuracy: float | None


@dataclass(kw_only=True)
class Calibration:  # over replicates
    bins: list[Bin]  # of all replicates' answers together
    replicates: list[list[Bin]]  # of each one's
    expected_calibration_error: Spread
    mean_confidence: Spread


@dataclass(kw_only=True)
class Mistake:  # a tweet that most replicates give the same wrong class
    true: str
    predicted: str
    replicates: int  # that give it this class
    confidence: float  # the mean of theirs
    row: int  # in the judged set
    corpus_row: int


@dataclass(kw_only=True)
class Failures:  # of a cell's selected combination on the judged set, over its new replicates
    replicates: int
    confusion: list[list[float]]  # a row for each label: mean numbers of tweets
    per_class: dict[str, ClassScores]
    calibration: Calibration
    mistakes: list[Mistake]


@dataclass(kw_only=True)
class Divergence:  # the divergence epochs of a cell's runs with one learning rate
    cell: str
    learning_rate: float
    median: float | None  # None, as the next two, where no run has a divergence epoch
    min: int | None
    max: int | None
    runs: int  # that finished
    runs_that_part: int  # that have a divergence epoch


@dataclass(kw_only=True)
class PairedDivergence(Differences):  # the first cell's epochs - the second's, by combination
    first: str
    second: str
    learning_rate: float | None  # None for all of them
    only_first_parts: int  # combinations in which only one cell has a divergence epoch
    only_second_parts: int
    neither_parts: int


@dataclass(kw_only=True)
class Estimate:
    accuracy: float
    interval: list[float] | None  # None where there are too few tweets


@dataclass(kw_only=True)
class Slice:  # the judged tweets that have one value of a property
    name: str  # of the property
    value: str
    tweets: int
    groups: int
    accuracies: dict[str, Estimate]  # by cell and baseline


@dataclass(kw_only=True)
class SliceDifference:  # between two cells on a slice
    name: str
    value: str
    tweets: int
    first: str
    second: str
    difference: float
    interval: list[float] | None  # None, as the next two, where there are too few tweets
    p: float | None
    p_holm: float | None


@dataclass(kw_only=True)
class Disagreement:  # a judged tweet to which the majorities of two cells give other classes
    row: int  # in the judged set
    corpus_row: int
    label: str
    answers: dict[str, str]  # by cell
    probabilities: dict[str, float]  # of these answers, the mean over replicates, by cell
    slices: dict[str, str | None]  # by property; None where the tweet has no value
    shown: bool  # whether its text is shown


@dataclass(kw_only=True)
class Disagreements:  # of the two most accurate cells
    cells: list[str]  # the most accurate first
    tweets: int
    right: dict[str, int]  # on how many of them each cell is right
    neither: int
    listed: list[Disagreement]  # those that are shown, then the others; the surest first


@dataclass(kw_only=True)
class LabelAgreement:  # of two labels of the same tweet; without a pair all but counts are None
    pairs: int
    agreed: int
    share: float | None
    interval: list[float] | None
    best_accuracy: list[float] | None  # the range that holds the best that a model can reach


@dataclass(kw_only=True)
class Ceiling:  # of the whole corpus
    same_id: LabelAgreement  # of rows with the same identifier
    same_tokens: LabelAgreement  # of rows with other identifiers, but the same tokens


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
    trained: dict[str, Trained]
    mcnemar: list[McNemar]
    ensembles: Ensembles
    factor_effects: list[Effect]
    interactions: list[Interaction]
    paired_cells: list[PairedCells]
    selection_optimism: dict[str, Optimism]
    tuning_budget: dict[str, TuningBudget]
    rankings: dict[str, Agreement]
    failures: dict[str, Failures]
    slices: list[Slice]
    slice_differences: list[SliceDifference]
    disagreements: Disagreements | None  # None with a single cell
    ceiling: Ceiling
    divergence: list[Divergence]
    paired_divergence: list[PairedDivergence]
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
        types = {one.name: one.type for one in fields(kind)}
        return kind(**{name: from_json(types[name], item) for name, item in value.items()})
    if get_origin(kind) is list:
        return [from_json(get_args(kind)[0], item) for item in value]
    if get_origin(kind) is dict:
        return {name: from_json(get_args(kind)[1], item) for name, item in value.items()}
    return value


def _fits(kind, value):
    return (
        is_dataclass(kind)
        and isinstance(value, dict)
        and {one.name for one in fields(kind)} == set(value)
    )


def read_as(kind, path):
    """Return the JSON object in ``path`` as a dataclass.

    Raises:
        UserError: the file is absent, damaged or of another version.
    """
    try:
        return from_json(kind, read_json(path))
    except (AttributeError, KeyError, TypeError) as error:
        raise other_version(path) from error


def read(path):
    """Return the Comparison that ``compare`` wrote; errors as for ``read_as``."""
    return read_as(Comparison, path)
