"""Which trainings an experiment consists of, and which of them to repeat."""

import random
from dataclasses import dataclass

from tweetrnn import grid
from tweetrnn.evaluation.select import further_runs, read_selection
from tweetrnn.evaluation.shortlist import read_shortlist
from tweetrnn.other_splits import other_splits, runs_on
from tweetrnn.results import Results


@dataclass(frozen=True)
class Training:
    """A Run of an experiment or of one of its other splits: ``results`` and ``config`` are its."""

    results: Results
    config: dict
    run: grid.Run


def trainings(results, config):
    """Return all Trainings of a finished experiment: the grid's, the further ones, other splits'.

    Raises:
        UserError: what was selected is absent or damaged.
    """
    found, selected = whole(results, config), read_selection(results.selected)
    for name, split in other_splits(config).items():
        on = results.on(name)
        if split.reselects:
            found += whole(on, split.config)
        else:
            runs = runs_on(split, selected.combinations(), config)
            found += [Training(on, split.config, run) for run in runs]
    return found


def whole(results, config):
    """Return the Trainings on a split that the selection is made on."""
    selection, finalists = read_selection(results.selected), read_shortlist(results.finalists)
    runs = [
        *grid.runs(config),
        *finalists.all_runs(),
        *further_runs(selection.choices, selection.replicates),
    ]
    return [Training(results, config, run) for run in dict.fromkeys(runs)]


def chosen(candidates, count, seed):
    """Return ``count`` of the candidates, or all if there are fewer, drawn by a seed, in order."""
    if count >= len(candidates):
        return list(candidates)
    places = random.Random(seed).sample(range(len(candidates)), count)
    return [candidates[place] for place in sorted(places)]
