-- One row per budget and period, the running one and for ten days the one before: spent, expected, and the chance of a breach.
create table if not exists models.budget (
    id VARCHAR,
    name VARCHAR,
    cloud VARCHAR, -- null in any of these three: all of them
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    period VARCHAR, -- month, quarter, year
    amount DECIMAL(38, 18), -- effective cost allowed in each period
    starts_on DATE,
    ends_on DATE, -- exclusive
    spent DOUBLE, -- effective cost billed in the period before made_on
    expected DOUBLE, -- at the end of the period; null = not forecast
    lo80 DOUBLE,
    hi80 DOUBLE,
    lo95 DOUBLE,
    hi95 DOUBLE,
    breach_probability DOUBLE, -- 0 to 1; null = not forecast
    breach_on DATE, -- the day on which it is or was broken, as expected; null = not in this period
    reason VARCHAR, -- why nothing can be said, or what is estimated
    made_on DATE -- the first day that is not known
);
