"""The use of trained networks: what ``predict.smk`` runs, and models to take elsewhere."""
