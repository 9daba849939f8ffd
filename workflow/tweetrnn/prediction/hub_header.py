"""The YAML header of a model card, from which model hubs take a model's facts and scores.

The keys are those of Hugging Face's specification of model cards (hub-docs, modelcard.md);
``model-index`` is that of Papers with Code. What is not known is left out.
"""

import re

from tweetrnn.data import demo
from tweetrnn.evaluation.metrics import METRICS
from tweetrnn.yaml_text import as_yaml

TASK = "text-classification"
# Of metrics that hubs know under another name: that name, and the arguments that make it ours.
KNOWN_AS = {"macro_f1": ("f1", {"average": "macro"})}
_CREATIVE_COMMONS = re.compile(r"(CC0|CC BY(?:-NC)?(?:-SA|-ND)?)[ -](\d\.\d)\b", re.IGNORECASE)


def licence(text):
    """Return the keys for a licence in words: a hub's identifier if the text begins with one."""
    if match := _CREATIVE_COMMONS.match(text):
        return {"license": f"{match[1]} {match[2]}".lower().replace(" ", "-")}
    return {"license": "other", "license_name": text}


def header(parameters, onnx, tokens=None, scores=None, judged_on=None):
    """Return the header as text, with the lines around it.

    Args:
        parameters: the run's.
        onnx: whether the model can be used as ONNX, too.
        tokens: the facts of the stage tokenize, if its corpus is what the weights learned from.
        scores: {metric: value} on the set ``judged_on`` of that corpus.
    """
    facts = {
        **(licence(tokens["licence"]) if tokens else {}),
        **({"language": [demo.LANGUAGE]} if tokens and tokens["kind"] == "demo" else {}),
        "library_name": "tweetrnn",
        "pipeline_tag": TASK,
        "tags": ["tweets", parameters["cell"].lower(), *(["onnx"] if onnx else [])],
    }
    if scores:
        metrics = [metric(name, scores[name]) for name in METRICS]
        facts["metrics"] = [entry["type"] for entry in metrics]
        dataset = {
            "name": tokens["file"],
            "type": tokens["file_format"],
            "split": judged_on,
            "revision": tokens["sha256"],
        }
        result = {"task": {"type": TASK}, "dataset": dataset, "metrics": metrics}
        name = f"{parameters['cell']} {parameters['combination']}"
        facts["model-index"] = [{"name": name, "results": [result]}]
    return f"---\n{as_yaml(facts)}---\n"


def metric(name, value):
    """Return a metric's entry: what hubs call it, its value, what this project calls it."""
    known_as, arguments = KNOWN_AS.get(name, (name, {}))
    entry = {"type": known_as, "value": value, "name": METRICS[name].heading}
    return entry | ({"args": arguments} if arguments else {})
