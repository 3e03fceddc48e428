"""Orders that are here, held against Amazon's reports of them: the second source."""
