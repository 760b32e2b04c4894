"""Rules: Sigma YAML in, a `RuleSet` with every error kept out."""
