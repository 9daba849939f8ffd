"""Stage predict_file: the selected model's answers for one file of predict.files."""

from tweetrnn.prediction import records
from tweetrnn.prediction.answers import write_answers
from tweetrnn.prediction.model_files import of_runs, selected_run
from tweetrnn.results import Results


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
    """Predict the tweets of ``file`` and write them with their answers to ``answers`` (CSV).

    Args:
        results: the folder with all results, of which the selected run's are read.
        name: the file's name in predict.files.
        token_facts, split_facts, vocabulary, runs, aggregate_facts, selected: what their stages
            wrote, below ``results``.
        config: the config's predict.text_column.
    """
    results = Results(results)
    files = of_runs(results, [selected_run(results)])
    text_column = config["predict"]["text_column"] or files.settings["text_column"]
    form = records.format_of(file, records.READ, "another ending")
    with records.open_rows(file, form, text_column) as rows:
        write_answers(files, rows, text_column, "csv", answers)
