"""Accounts: connecting them, their tokens and buckets, and what their rate limits leave."""
