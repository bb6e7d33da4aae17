"""What people say of incidents, and the alerts that go out with the state of each."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback",
        sa.Column("id", sa.String(length=40), primary_key=True),
        sa.Column("decision", sa.String(length=10), nullable=False),
        sa.Column("incident_id", sa.String(length=64), nullable=False),
        sa.Column("cloud", sa.Text()),
        sa.Column("account", sa.Text()),
        sa.Column("service", sa.Text()),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("direction", sa.String(length=4), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("excess_day", sa.String(length=64)),
        sa.Column("until", sa.Date()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("lifted_at", sa.DateTime()),
    )
    op.create_table(
        "alert_episode",
        sa.Column("id", sa.String(length=40), primary_key=True),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False, index=True),
        sa.Column("level", sa.Integer()),
        sa.Column("starts_on", sa.Date()),
        sa.Column("ends_on", sa.Date()),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=False),
        sa.Column("closed_at", sa.DateTime()),
    )
    op.create_table(
        "alert",
        sa.Column("id", sa.String(length=40), primary_key=True),
        sa.Column("number", sa.Integer(), nullable=False, unique=True),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=100), nullable=False),
        sa.Column(
            "episode_id", sa.String(length=40), sa.ForeignKey("alert_episode.id"), index=True
        ),
        sa.Column("rule", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("phase", sa.String(length=10), nullable=False),
        sa.Column("is_critical", sa.Boolean(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False, index=True),
        sa.Column("after_id", sa.String(length=40)),
        sa.Column("digest_id", sa.String(length=40)),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(), nullable=False),
        sa.Column("first_try_at", sa.DateTime()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(length=40)),
        sa.Column("claimed_until", sa.DateTime()),
        sa.Column("delivered", sa.Text()),
        sa.Column("last_error", sa.Text()),
        sa.Column("sent_at", sa.DateTime()),
        sa.UniqueConstraint("key", "channel"),
    )
