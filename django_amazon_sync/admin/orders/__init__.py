"""Orders in, and their shipments."""
