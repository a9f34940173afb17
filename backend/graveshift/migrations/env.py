"""What alembic runs: the migrations, on the connection and in the transaction it is handed."""

from alembic import context

from graveshift.migrations import VERSION_SCHEMA, VERSION_TABLE

context.configure(
    connection=context.config.attributes["connection"],
    version_table=VERSION_TABLE,
    version_table_schema=VERSION_SCHEMA,
)
context.run_migrations()
