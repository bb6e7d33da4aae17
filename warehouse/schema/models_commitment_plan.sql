-- One row per scope (cloud, billing account, currency), term and commitment that could be bought: how much of it, what that saves, or why nothing. Money is per month of 730.5 hours, hours at rates of today.
create table if not exists models.commitment_plan (
    id VARCHAR, -- stable from run to run: digest of scope, term and what is covered
    cloud VARCHAR,
    billing_account VARCHAR,
    currency VARCHAR,
    term VARCHAR, -- 1y, 3y; null = no price of any commitment is known
    price_type VARCHAR, -- as in raw.price
    region VARCHAR, -- null = any
    covers VARCHAR, -- instance family, or type where whole instances are reserved; null = all instances
    os VARCHAR,
    is_recommended BOOLEAN, -- one term per scope: the one that saves most and pays off soon enough
    quantity DOUBLE, -- instances to reserve; null = an amount of money is committed to
    commitment_hour DOUBLE, -- to buy, at committed rates
    demand_hour DOUBLE, -- what is left to cover on average when all of it is bought, at on-demand prices
    covered_hour DOUBLE, -- what the purchase covers on average over its own term
    utilisation DOUBLE, -- of the purchase, expected; null = nothing to buy
    ratio DOUBLE, -- committed over on-demand price, of what it covers
    saving_month_low DOUBLE, -- over its own term; 10 % of the scenarios are below
    saving_month_mean DOUBLE,
    saving_month_high DOUBLE, -- 10 % of the scenarios are above
    break_even_months DOUBLE, -- of full use, after which buying costs no more than paying on demand
    starts_on DATE, -- of the first part; later than made_on if owned commitments cover its use until then; null = nothing to buy
    reason VARCHAR, -- in words, with the numbers
    made_on DATE -- the first day that is not billed completely
);
