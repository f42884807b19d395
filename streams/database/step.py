"""How a migration step runs the .sql file beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy import text


def run_sql(step: str) -> None:
    """Run the file that is named like `step` (a module's __file__) but ends in .sql, in the step's transaction.

    The driver's own `execute` takes several statements at once, which a prepared statement cannot.
    """
    sql = Path(step).with_suffix(".sql").read_text(encoding="utf-8")
    connection = op.get_bind()
    connection.execute(text("SELECT 1"))  # Opens the transaction that the statements below belong to.
    driver: Any = connection.connection.dbapi_connection
    driver.run_async(lambda raw: raw.execute(sql))
