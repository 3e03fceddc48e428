"""For the tests of projects that use this app: a simulated Amazon, a contract, factories."""
