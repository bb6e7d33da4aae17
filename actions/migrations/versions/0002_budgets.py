"""Budgets of a service, a quarter or a year, and budgets that have ended."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("budget")  # nothing could write it
    op.create_table(
        "budget",
        sa.Column("id", sa.String(length=40), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("cloud", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("service", sa.Text()),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("amount", sa.String(length=64), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime()),
    )
