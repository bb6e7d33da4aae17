-- One row per level of one purchase: what it would save.
select
    curve.commitment_hour,
    curve.saving_month_low,
    curve.saving_month_mean,
    curve.saving_month_high
from models.commitment_curve as curve
where curve.plan_id = getvariable('plan')
order by curve.commitment_hour
