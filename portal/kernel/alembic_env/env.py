"""Alembic's entry: the work is done in portal.kernel.schema, so that an installed wheel migrates too."""

from portal.kernel.schema import run_environment

run_environment()
