"""Checking finished results: recorded digests, the headline again, trainings again."""
