"""The use cases, one module each; read top to bottom, each is the story of its data."""
