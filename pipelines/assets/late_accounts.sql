-- One row per account whose bill ends before the others', with the first day that is not known.
select
    focus.x_cloud as cloud,
    coalesce(focus.SubAccountId, focus.BillingAccountId, '(unknown)') as account,
    max(freshness.until)::date as until
from marts.freshness as freshness
join raw.focus as focus
    on
        freshness.source = focus.x_source
        and freshness.cloud = focus.x_cloud
        and freshness.billing_account is not distinct from focus.BillingAccountId
where freshness.what = 'bills'
group by all
having until < getvariable('until')::date
