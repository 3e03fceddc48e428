"""What the tests of a project that uses this app need: a simulated Amazon, a contract for shops."""
