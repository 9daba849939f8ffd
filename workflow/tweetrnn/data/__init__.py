"""From a corpus to arrays: what ``data.smk`` runs."""
