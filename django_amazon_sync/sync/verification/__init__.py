"""What is live, read back: proven, found to have drifted, or taken over into the shop."""
