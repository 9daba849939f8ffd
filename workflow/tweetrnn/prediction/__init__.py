"""Trained networks put to use: what ``predict.smk`` runs, and models to take away."""
