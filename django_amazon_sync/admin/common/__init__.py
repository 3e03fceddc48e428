"""What all screens share: their base, who sees what, values in words, help, and asking for runs."""
