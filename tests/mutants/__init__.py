"""Seeded mutants: the code broken on purpose, one guard at a time, and the tests that must notice."""
