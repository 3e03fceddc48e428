"""An app of the tests alone: ``flush`` in a hundredth of the time."""
