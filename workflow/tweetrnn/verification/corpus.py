"""Make a report's sets of tweets again, from the corpus, in a temporary folder."""

from pathlib import Path

from tweetrnn.data.demo import demo
from tweetrnn.data.encode import encode
from tweetrnn.data.split import split
from tweetrnn.data.tokenize import tokenize
from tweetrnn.errors import UserError
from tweetrnn.files import sha256_of
from tweetrnn.results import Results
from tweetrnn.stages import parameters


def prepare(config, corpus, sha256, folder):
    """Run the stages before the trainings; return the Results that they wrote.

    Args:
        config: resolved.
        corpus: its file; None for an invented one, which is invented again.
        sha256: the corpus's, as the report states it.
        folder: a temporary folder.

    Raises:
        UserError: it is another corpus.
    """
    results = Results(folder)
    if corpus is None:
        corpus = results.corpus("demo.csv")
        corpus.parent.mkdir(parents=True)
        demo(corpus, config=config)
    elif not Path(corpus).is_file():
        raise UserError(f"--corpus: there is no file {corpus}")
    actual = sha256_of(corpus)
    if actual != sha256:
        raise UserError(
            f"{corpus}: its sha256 is {actual}, but the report was made from a corpus with the "
            f"sha256 {sha256}; give that file with --corpus"
        )
    for stage, function in (("tokenize", tokenize), ("encode", encode), ("split", split)):
        files = results.paths(parameters(stage)[0])
        function(**files | ({"corpus": str(corpus)} if stage == "tokenize" else {}), config=config)
    return results
