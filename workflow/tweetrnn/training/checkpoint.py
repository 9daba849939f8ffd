"""Checkpoints: one safetensors file, whole or absent, good for one key, its numbers checked."""

import hashlib
import json
import logging
import zlib

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialized

from tweetrnn.files import replacing

log = logging.getLogger("tweetrnn")


def key_of(facts):
    """Return a digest of all that a training depends on; ``facts`` is a dict for JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _checksum(tensors, facts):
    value = zlib.crc32(json.dumps(facts).encode())
    for name, tensor in sorted(tensors.items()):
        value = zlib.crc32(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode(), value)
        value = zlib.crc32(tensor.numpy().data, value)
    return value


def save(path, key, tensors, facts):
    """Write tensors (name: tensor) and facts (a dict for JSON) to ``path``, replacing it."""
    tensors = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    about = {"key": key, "checksum": _checksum(tensors, facts), "facts": facts}
    with replacing(path) as beside:
        beside.write_bytes(serialized(tensors, {"checkpoint": json.dumps(about)}))


def load(path, key):
    """Return a checkpoint's (tensors, facts), or None and a line in the log if unusable."""
    try:
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["checkpoint"])
            if about["key"] != key:
                log.info("%s: ignored, made from other data, parameters, code or versions", path)
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            if _checksum(tensors, about["facts"]) != about["checksum"]:
                raise ValueError("wrong checksum")
            return tensors, about["facts"]
    except FileNotFoundError:
        return None
    except (SafetensorError, OSError, ValueError, TypeError, KeyError) as error:
        log.warning("%s: ignored, damaged (%s)", path, error)
        return None
