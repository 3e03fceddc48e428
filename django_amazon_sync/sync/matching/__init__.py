"""Which of Amazon's listings an offer of the shop is."""
