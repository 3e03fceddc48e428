"""What wants a person, over all accounts."""
