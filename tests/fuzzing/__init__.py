"""Fuzzing: each reader of what comes from outside, fed with what nobody would write.

A target takes bytes, hands them to readers, and holds these to what they promise. `atheris` looks
for bytes that break one, guided by which branches they reach (`python -m tests.fuzzing`);
test_corpus.py tries all that was kept without it. See docs/security.md, "Fuzzing".
"""
