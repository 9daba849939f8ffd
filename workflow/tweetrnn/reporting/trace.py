"""Follow one tweet through the pipeline: each stage's result for it, and the file it is in.

The output is Markdown; docs/tweet.md is the output for a demo tweet.
"""

from tweetrnn.errors import UserError
from tweetrnn.evaluation.predictions import read_predictions
from tweetrnn.evaluation.select import read_selection
from tweetrnn.files import load_array, read_json, read_parquet
from tweetrnn.prediction.run_options import results_of_config
from tweetrnn.reporting.document import markdown_table
from tweetrnn.results_format import read_marked


def code(text):
    """Return a text as a Markdown code span, whatever it contains."""
    ticks = "`"
    while ticks in text:
        ticks += "`"
    gap = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{gap}{' '.join(text.split())}{gap}{ticks}"


def table(head, *rows):
    """Return a Markdown table of code spans and texts; a pipe does not end a cell."""
    return markdown_table(head, [[text.replace("|", r"\|") for text in row] for row in rows])


def place_of(rows, row):
    """Return the set (train, validation, test) that a corpus row is in, and its place there.

    ``rows`` is the split's rows.parquet: a set's arrays are in the order of its rows.

    Raises:
        UserError: the row is in no set.
    """
    sets, numbers = rows["part"].to_pylist(), rows["row"].to_pylist()
    if row not in numbers:
        raise UserError(f"--row: row {row} is in no set, because split.train_share leaves it out")
    at = numbers.index(row)
    return sets[at], sets[:at].count(sets[at])


def known(path, sha256, tokens):
    """Return {word: (id, count)} of those ``tokens`` that a dictionary or vocabulary has."""
    words = read_parquet(path, sha256=sha256).to_pandas().set_index("word")
    present = words.loc[words.index.intersection(tokens), ["id", "count"]]
    return {word: (id_, count) for word, id_, count in present.itertuples(name=None)}


def sections(results, row):
    """Yield (stage, files, Markdown) for a corpus row, through all stages that have run.

    Raises:
        UserError: the data stages have not run, or there is no such row.
    """
    tweets = read_parquet(results.tweets, sha256=read_marked(results.token_facts)["tweets_sha256"])
    if not 0 <= row < len(tweets):
        raise UserError(f"--row: there is no row {row}; {len(tweets):,} rows count from 0")
    tweet = tweets.slice(row, 1).to_pylist()[0]
    tokens, text = tweet["tokens"], code(tweet["text"])
    yield "The corpus", [], f"Row {row}, labelled {tweet['label']}:\n\n> {text}"

    text = f"{len(tokens)} tokens: {' '.join(map(code, tokens))}"
    yield "tokenize", ["tokenize/tweets.parquet"], text

    facts = read_json(results.encode_facts)
    dictionary = known(results.dictionary, facts["sha256"]["dictionary"], tokens)
    text = encoded(facts, load_array(results.sequences)[row], tokens)
    yield "encode", ["encode/sequences.npy", "encode/dictionary.parquet"], text

    split = read_json(results.split_facts)
    name, place = place_of(read_parquet(results.rows, sha256=split["sha256"]["rows"]), row)
    renumbered = load_array(getattr(results, f"{name}_sequences"))[place]
    vocabulary = known(results.vocabulary, split["sha256"]["vocabulary"], tokens)
    unknown = f"{split['unknown_id']} (unknown)", 0
    words = [
        [code(token), *map(str, [*dictionary[token], *vocabulary.get(token, unknown)])]
        for token in dict.fromkeys(tokens)
    ]
    text = (
        f"Tweet {place} of the {'training' if name == 'train' else name} set. The vocabulary is "
        f"made from the training set alone ({split['vocabulary_words']:,} words), so ids change, "
        "and a word that no training tweet has becomes the unknown word:\n\n"
        f"    {' '.join(map(str, renumbered.tolist()))}\n\n"
    )
    head = ["token", "id in the dictionary", "count", "id for training", "count in training"]
    files = [f"split/{name}_sequences.npy", "split/vocabulary.parquet"]
    yield "split", files, text + table(head, *words)

    if name == "train" or not results.selected.exists():
        return
    text = "What the selected runs say, each by the weights of its best epoch:\n\n"
    files = ["train/CELL/COMBINATION/REPLICATE/predictions.parquet"]
    yield "train", files, text + answers(results, split["labels"], name, place)

    text = (
        f"From here on the tweet is one of the {split['parts'][name]['tweets']:,} of the {name} "
        "set that each run's accuracy is counted on, that the comparison uses, and that the "
        "report's figures show."
    )
    files = ["aggregate/runs.csv", "compare/comparison.json", "report/report.html"]
    yield "aggregate, select, compare, plot, render", files, text


def encoded(facts, sequence, tokens):
    """Return the text about encode's result for a tweet; ``facts`` are the stage's."""
    cut = max(len(tokens) - facts["sequence_length"], 0)
    return (
        f"Ids by frequency in the whole corpus ({facts['words']:,} words), "
        f"{facts['padding']}-padded with 0 to {facts['sequence_length']}; {cut} tokens cut off:\n\n"
        f"    {' '.join(map(str, sequence.tolist()))}"
    )


def answers(results, labels, name, place):
    """Return the table of each selected run's prediction for tweet ``place`` of a set."""
    rows, selection = [], read_selection(results.selected)
    for cell, choice in selection.cells.items():
        probabilities, _ = read_predictions(results.run(selection.selected_run(cell)))[name]
        p = probabilities[place].tolist()
        answer = labels[p.index(max(p))]
        rows.append([cell, code(choice.combination), *(f"{value:.2f}" for value in p), answer])
    return table(["cell", "combination", *(f"p({label})" for label in labels), "answer"], *rows)


def add_arguments(parser):
    """Add this command's options."""
    parser.add_argument(
        "--configfile",
        default="config/config.yaml",
        metavar="FILE",
        help="the experiment's config (default: %(default)s)",
    )
    parser.add_argument("--row", type=int, default=0, help="the tweet's row, from 0 (default: 0)")


def main(options):
    """Print the trace of the tweet."""
    results = results_of_config(options.configfile)
    command = f"python -m tweetrnn trace --configfile {options.configfile} --row {options.row}"
    print(f"# A tweet's way through the pipeline\n\nPrinted by `{command}`; files are those of")
    print(f"`{results}`.\n")
    for stage, files, text in sections(results, options.row):
        print(f"## {stage}\n")
        if files:
            print(f"{', '.join(map(code, files))}\n")
        print(f"{text}\n")
