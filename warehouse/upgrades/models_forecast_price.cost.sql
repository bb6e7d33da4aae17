-- What was paid on a day on which nothing was used had no row of its own: the next run knows it.
update models.forecast_price set cost = quantity * price;
