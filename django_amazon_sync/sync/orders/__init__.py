"""Orders in, and their shipments out."""
