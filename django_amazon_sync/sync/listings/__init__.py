"""What Amazon has: reading listings, linking them to offers, and what staff decide of them."""
