-- What checks share; made for the time in which they run. `evidence` is the table of evidence.sql.

-- Of one metric and the last 14 or 32 days: one row per resource whose kind has that metric.
create or replace temp macro evidence_of(metric_name, days) as table
    select * from temp.evidence
    where evidence.metric = metric_name and evidence.window_days = days;

-- The end of a reason; empty where no cost is known.
create or replace temp macro costs(cost_month, unit) as
coalesce(format(', costs {:.2f} {} a month', cost_month::double, unit), '');

-- The low end of what comes back if a resource goes: what a commitment covers does not.
create or replace temp macro uncommitted(cost_month, commitment_share) as
(cost_month * (1 - coalesce(commitment_share, 0)))::decimal(38, 18);
