"""Buyers' data: when they go, how they go from every copy, and who saw them."""
