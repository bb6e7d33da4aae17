-- One row per change of every plan: what it promised, and whether it has been done.
-- group: summary
select
    change.plan_id,
    change.plan_status,
    change.change_id,
    change.run_id,
    change.cloud,
    change.account,
    change.region,
    change.resource_id,
    change.kind,
    change.verb,
    change.risk,
    change.outcome, -- applied, already, drifted, refused, failed; null = not tried
    change.currency,
    change.saving_month_low as promised_month_low,
    change.saving_month_high as promised_month_high,
    change.created_at,
    change.applied_at
from actions.change as change
