-- One row per commitment of models.commitment_plan that is bought and level of it: what it would save with the other purchases as planned.
create table if not exists models.commitment_curve (
    plan_id VARCHAR, -- models.commitment_plan.id
    commitment_hour DOUBLE,
    saving_month_low DOUBLE, -- 10 % of the scenarios are below
    saving_month_mean DOUBLE,
    saving_month_high DOUBLE,
    made_on DATE
);
