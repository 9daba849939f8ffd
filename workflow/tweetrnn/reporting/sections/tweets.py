"""What stands next to tweets whose texts are shown."""

from tweetrnn.reporting import document as doc


def licence_note(tokenized):
    """Return the corpus's licence; ``tokenized`` are the facts of tokenize."""
    return doc.Paragraph(f"Licence of the tweets: {tokenized['licence']}.", "note")
