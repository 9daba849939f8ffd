"""The sets that a corpus is split into, in order."""

SETS = ("train", "validation", "test")
