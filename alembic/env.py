"""Alembic's entry: the work is done in portal.kernel.schema, so that an installed wheel migrates too.

Use `portal db upgrade|revision|check|history`: each package keeps its own migrations and version table.
"""

from portal.kernel.schema import run_environment

run_environment()
