"""Ways of coming to evidence: symbols, exact instances, verdicts of the theory, training records."""
