"""Template tags for the shop's own pages."""
