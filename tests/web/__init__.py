"""Tests of the shell, with an example application of its own."""
