"""Offers out: what differs is found, sent by patch or feed, and settled by Amazon's answer."""
