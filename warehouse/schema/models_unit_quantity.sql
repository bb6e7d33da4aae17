-- One row per unit of work, day and team: how much of it was done, by the SQL in the settings.
create table if not exists models.unit_quantity (
    unit VARCHAR, -- name in the settings
    day DATE,
    team VARCHAR, -- null = of all
    quantity DECIMAL(38, 9)
);
