"""The gateway: speaks Amazon's Selling Partner API and knows nothing of the shop."""
