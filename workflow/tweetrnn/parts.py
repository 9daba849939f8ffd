"""The parts that a corpus is divided into, in order."""

PARTS = ("train", "validation", "test")
