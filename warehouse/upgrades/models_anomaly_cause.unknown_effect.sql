-- Older causes counted it as price.
update models.anomaly_cause set unknown_effect = 0;
