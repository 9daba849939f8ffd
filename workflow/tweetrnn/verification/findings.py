"""What verify prints: a line for each thing that it has checked, and one for each disagreement."""

from contextlib import contextmanager

from tweetrnn.errors import UserError


class Findings:
    """Prints lines as they come; ``disagreements`` are those that say what does not agree."""

    def __init__(self):
        self.disagreements = []

    def say(self, line):
        """Print a line."""
        print(line, flush=True)

    def disagree(self, line):
        """Print what does not agree, once."""
        if line not in self.disagreements:
            self.disagreements.append(line)
            self.say(f"disagrees: {line}")

    @contextmanager
    def collecting(self, otherwise=None):
        """Let a UserError of the block, about a damaged file, be a disagreement.

        Then ``otherwise`` is printed, too.
        """
        try:
            yield
        except UserError as error:
            self.disagree(str(error))
            if otherwise:
                self.say(otherwise)
