-- One row per series and candidate model: how it did in the rolling backtest, and whether it was chosen.
create table if not exists models.backtest (
    cloud VARCHAR,
    account VARCHAR,
    service VARCHAR,
    currency VARCHAR,
    model VARCHAR,
    folds INTEGER,
    horizon_days INTEGER,
    mase DOUBLE, -- mean absolute error over that of the in-sample seasonal naive; null = constant history
    wape DOUBLE, -- sum of absolute errors over sum of actuals
    bias DOUBLE, -- sum of errors over sum of actuals
    cover80 DOUBLE, -- share of held-out days inside the 80 % interval
    cover95 DOUBLE,
    is_chosen BOOLEAN,
    reason VARCHAR -- why it was chosen or not, as a sentence
);
