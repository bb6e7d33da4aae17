-- Deliveries of Azure carry what their export covers in the name of the feed: azure/focus-1.2/subscriptions/<id>/...
update raw.billing_manifest set sub_account = case
    when regexp_matches(source, '^azure/[^/]+/subscriptions/[^/]+/resourcegroups/')
        then split_part(source, '/', 4) || '/' || split_part(source, '/', 6)
    when source like 'azure/%/subscriptions/%' then split_part(source, '/', 4)
    else ''
end;

-- Their subscriptions are now written as the inventory writes them; see warehouse/ingest/macros.sql.
update raw.focus set
    SubAccountId = coalesce(
        nullif(regexp_extract(lower(SubAccountId), '^/subscriptions/([^/]+)', 1), ''),
        lower(SubAccountId)
    )
where
    x_cloud = 'azure'
    and (
        SubAccountId ilike '/subscriptions/%'
        or regexp_full_match(SubAccountId, '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}')
    )
    and SubAccountId <> coalesce(
        nullif(regexp_extract(lower(SubAccountId), '^/subscriptions/([^/]+)', 1), ''),
        lower(SubAccountId)
    );
