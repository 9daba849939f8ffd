"""From arrays to trained networks: what ``train.smk`` runs."""
