"""How many tokens the tweets have."""

from tweetrnn.reporting import canvas

TITLE = "Tweet lengths"
CATEGORY = "Data"
SECTION, AFTER = "data", "parts"
NEEDS_COMPARISON = False


def caption(config):
    """Return the caption."""
    return (
        "How many tweets have how many tokens. The networks read "
        f"{config['sequence']['length']} tokens (thick line): longer tweets are cut, shorter ones "
        "padded."
    )


def alt_text(experiment):
    """Return the median, the 95 % quantile and the longest."""
    length = experiment.tokenized["length"]
    return (
        f"Histogram of tokens in a tweet: the median is {length['median']}, 95 % of the tweets "
        f"have at most {length['p95']}, the longest has {length['max']}."
    )


def draw(experiment):
    """Draw the histogram, with the longest tweets in one bin, and two quantiles."""
    import numpy as np

    counts = np.diff(experiment.offsets)
    if not len(counts):
        return canvas.note("there are no tweets")
    figure, axes = canvas.subplots(2.3)
    longest = int(np.ceil(np.quantile(counts, 0.999)))
    step = max(1, int(np.ceil((longest + 1) / 80)))
    edges = np.arange(0, longest + step + 1, step) - 0.5
    tweets, _ = np.histogram(np.minimum(counts, longest), bins=edges)
    axes.stairs(tweets, edges, fill=True, color=canvas.MUTED, alpha=0.5)
    rows = [
        {"tokens from": low, "to": high, "tweets": count}
        for low, high, count in zip(
            np.ceil(edges[:-1]), [*np.floor(edges[1:-1]), counts.max()], tweets, strict=True
        )
    ]
    canvas.values(axes, (edges[:-1] + edges[1:]) / 2, None, rows)
    limit = experiment.encoded["sequence_length"]
    axes.axvline(limit + 0.5, color=canvas.INK, linewidth=2.4, label=f"networks read {limit}")
    for key, name, dashes in (("median", "median", "-"), ("p95", "95 % have at most", (0, (4, 2)))):
        value = experiment.tokenized["length"][key]
        axes.axvline(
            value, color=canvas.INK, linewidth=1.2, linestyle=dashes, label=f"{name} {value:g}"
        )
    beyond = f" ({longest} or more together)" if counts.max() > longest else ""
    axes.set(xlabel=f"tokens in a tweet{beyond}", ylabel="tweets")
    canvas.whole_numbers(axes.yaxis, nbins=5)
    axes.grid(axis="x", visible=False)
    canvas.legend(figure, 2)
    return figure
