-- One row per scope (cloud, billing account, currency) and term: what all purchases of models.commitment_plan do together, and how sure that is. Money is per month of 730.5 hours.
create table if not exists models.commitment_outlook (
    cloud VARCHAR,
    billing_account VARCHAR,
    currency VARCHAR,
    term VARCHAR,
    is_recommended BOOLEAN,
    demand_month DOUBLE, -- what owned commitments and accepted changes leave, at on-demand prices, in a term from now
    cost_month DOUBLE, -- of that demand with the purchases, each from its first day, expected
    saving_month_low DOUBLE, -- over the purchases' own terms; 10 % of the scenarios are below
    saving_month_mean DOUBLE,
    saving_month_high DOUBLE,
    regret_month DOUBLE, -- how much more it costs than if the scenario that comes were known
    break_even_months DOUBLE,
    gap DOUBLE, -- proven: at no time does any purchase cost less by more than this share
    method VARCHAR, -- closed form, HiGHS, pool pricing
    coverage_before DOUBLE, -- share of the usage that commitments cover now, over the days looked at
    cut_month DOUBLE, -- demand taken off for open recommendations, at on-demand prices
    cuts INTEGER, -- how many recommendations that are
    scenarios VARCHAR, -- where they come from
    days INTEGER, -- of usage looked at
    slot_hours INTEGER, -- 1, or 24 where bills are daily: changes within a day are then not seen
    reason VARCHAR, -- why this term is or is not recommended
    made_on DATE
);
