"""What wants a person: shown on the overview, and told by e-mail."""
