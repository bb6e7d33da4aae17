-- Incidents of an older version said so in their reason only.
update models.anomaly set is_new_normal = coalesce(contains(reason, 'counts as the new normal since then'), false);
