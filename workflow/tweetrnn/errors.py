"""What a user did wrong, said in one message."""


class UserError(Exception):
    """A mistake in the input, the config or the command line.

    Its message says what is wrong, where (file, row, key), what was expected and what to do;
    the command line prints it without a traceback and exits with status 1.
    """
