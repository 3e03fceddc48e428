"""Accounts, and what is set for them: marketplaces, schedules, mappings, rates, alarms."""
