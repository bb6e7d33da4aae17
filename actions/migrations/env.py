"""Alembic's entry: run the steps on the connection that the ledger hands over."""

from alembic import context

from actions.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=False)
context.run_migrations()
