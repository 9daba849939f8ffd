"""Stage predict_file: the selected model's answers for one file of predict.files."""

from argparse import Namespace
from pathlib import Path

from tweetrnn.files import check_digest, read_json
from tweetrnn.prediction.predict import predict_with


def predict_file(
    results,
    name,
    file,
    token_facts,
    split_facts,
    vocabulary,
    runs,
    aggregate_facts,
    selected,
    answers,
    *,
    config,
):
    """Predict the tweets of ``file`` into ``answers`` (CSV).

    Args:
        results: the folder with all results, of which the selected run's are read.
        name: what predict.files calls the file.
        token_facts, split_facts, vocabulary, runs, aggregate_facts, selected: as their stages
            wrote them, below ``results``.
        config: predict.text_column.
    """
    check_digest(runs, read_json(aggregate_facts)["sha256"]["runs"])
    predict_with(
        Namespace(
            texts=[],
            results=results,
            run=None,
            top=None,
            model=None,
            input=file,
            format=None,
            text_column=config["predict"]["text_column"],
            output=Path(answers),
            to=None,
        )
    )
