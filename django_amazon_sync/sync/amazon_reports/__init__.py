"""Amazon's reports: fetched, and taken into the tables of listings."""
