"""From figures and facts to pages: what ``report.smk`` runs."""
