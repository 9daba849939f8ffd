"""The model card of an exported run: what it is, how it was trained, how good it is, its use.

The sections are those of Mitchell et al., "Model cards for model reporting", FAT* 2019, as far as
an experiment can fill them. The card contains no tweet, and nothing about the machine.
"""

from pathlib import Path

import jinja2

from tweetrnn.evaluation import comparison as comparisons
from tweetrnn.evaluation.metrics import METRICS, scores
from tweetrnn.evaluation.predictions import read_predictions
from tweetrnn.files import read_json, sha256_of
from tweetrnn.metrics import confusion
from tweetrnn.names import BASELINES, model_label
from tweetrnn.prediction.hub_header import header
from tweetrnn.prediction.onnx_model import IR_VERSION, OPSET
from tweetrnn.reporting import document as doc
from tweetrnn.results_format import read_marked
from tweetrnn.run_files import check, read_parameters
from tweetrnn.training.cells import CELLS
from tweetrnn.wording import listed, split_in_words


def model_card(results, paths, settings, onnx=False):
    """Return a run's card as Markdown, with a YAML header for model hubs.

    Args:
        results: the Results.
        paths: the run's RunResults.
        settings: those of ModelFiles.
        onnx: whether the folder has the model as ONNX, too.

    Raises:
        UserError: a file is absent or damaged, or an older version wrote it.
    """
    tokens, split = read_marked(results.token_facts), read_json(results.split_facts)
    parameters = check(paths, "architecture")
    predictions = read_predictions(paths)
    # Only a selected run gets metrics on the test set, so that nobody chooses a run by them.
    comparison = comparisons.read(results.comparison) if results.comparison.is_file() else None
    choices = comparison.selected | comparison.selected_baselines if comparison else {}
    selected = choices.get(parameters["cell"])
    if selected and selected.combination == parameters["combination"]:
        judged_on = comparison.part
        run_scores = scores(*predictions[judged_on])
        table = compared(comparison, parameters, run_scores)
    else:
        comparison, judged_on = None, "validation"
        run_scores = scores(*predictions["validation"])
        table = validated(results, run_scores)
    return _template("model_card.md.j2").render(
        header=header(parameters, onnx, tokens, run_scores, judged_on),
        onnx=_onnx(onnx),
        parameters=parameters,
        recurrent=CELLS[parameters["cell"]].recurrent,
        settings=settings,
        tokens=tokens,
        split=split,
        split_method=split_in_words(split),
        invented=tokens["kind"] == "demo",
        layers=read_json(paths.architecture),
        last_set="test" if split["parts"]["test"]["tweets"] else "validation",
        comparison=comparison,
        candidates=selected and selected.candidates,
        judged_on=judged_on,
        validation_tweets=len(predictions["validation"][1]),
        metrics=table,
        classes=classes(confusion(*predictions[judged_on]), settings["labels"]),
        made_with=read_json(paths.provenance),
    )


def imported_card(paths, settings, weights, onnx=False):
    """Return the card of a run's network with the imported weights in the file ``weights``.

    It says nothing of how good they are: nothing is known of it. ``onnx`` as for ``model_card``.
    """
    parameters = read_parameters(paths)
    return _template("imported_card.md.j2").render(
        header=header(parameters, onnx),
        onnx=_onnx(onnx),
        parameters=parameters,
        settings=settings,
        layers=read_json(paths.architecture),
        digest=sha256_of(weights),
    )


def _onnx(onnx):
    """Return what the template says of the ONNX file, if there is one."""
    return {"opset": OPSET, "ir_version": IR_VERSION} if onnx else None


def _template(name):
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=False,  # which is for HTML; texts of a user pass the filter escape
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {
        "escape": doc.escape_markdown,
        "listed": listed,
        "percent": doc.percent,
        "whole": doc.whole,
    }
    return environment.get_template(name)


def _count(number, noun):
    """Return ``1 training`` or ``2 trainings``."""
    return f"{number} {noun}{'s' if number > 1 else ''}"


def compared(comparison, parameters, run_scores):
    """Return the table of this run, of its combination, which was selected, and of baselines."""
    judged_on, accuracies = comparison.part, comparison.primary.accuracies
    cell = accuracies[parameters["cell"]]
    trainings = _count(len(cell.replicates), "new training")
    means = cell.values(judged_on)
    models = {
        f"this run (replicate {parameters['replicate']})": (run_scores, "–"),
        f"its combination: mean over {trainings}": (means, doc.between(cell.interval)),
    }
    for name, baseline in BASELINES.items():
        interval = doc.between(accuracies[name].interval)
        values = accuracies[name].values(judged_on)
        models[f"baseline: {baseline.description}"] = values, interval
    for name in [name for name in comparison.selected_baselines if name != parameters["cell"]]:
        values, interval = accuracies[name].values(judged_on), accuracies[name].interval
        models[f"baseline: {model_label(name)}"] = values, doc.between(interval)
    level = f"{comparison.level:.0%}".replace("%", "\u00a0%")
    return _metrics_table(models, f"{level} interval of the accuracy")


def validated(results, run_scores):
    """Return the table of this run's validation scores and of the baselines'."""
    path = results.baseline_metrics
    metrics = read_json(path) if path.is_file() else {}
    models = {"this run": (run_scores,)}
    for name, baseline in BASELINES.items():
        if name in metrics:
            models[f"baseline: {baseline.description}"] = (metrics[name]["validation"],)
    return _metrics_table(models)


def _metrics_table(models, *further):
    """Return the table of {what: (its metrics, texts of the ``further`` columns)}."""
    rows = [
        [what, *(doc.share(metrics[name]) for name in METRICS), *texts]
        for what, (metrics, *texts) in models.items()
    ]
    headings = [metric.heading for metric in METRICS.values()]
    return doc.markdown_table(["what", *headings, *further], rows, len(METRICS) + len(further))


def classes(counts, labels):
    """Return the table of each class's recall and precision."""
    rows = []
    for k, label in enumerate(labels):
        right, tweets, predicted = counts[k, k], int(counts[k].sum()), counts[:, k].sum()
        shares = [doc.percent(right / total if total else None) for total in (tweets, predicted)]
        rows.append([doc.escape_markdown(label), doc.whole(tweets), *shares])
    return doc.markdown_table(["class", "tweets", "recall", "precision"], rows, 3)
