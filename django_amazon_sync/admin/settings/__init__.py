"""Accounts and what is set for them: connection, marketplaces, schedules, mappings, rates, alarms."""
