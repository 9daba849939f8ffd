"""From trained networks to what can be said of them: what ``evaluate.smk`` runs."""
