-- One row per cloud that has bills: the first day that none of its accounts is billed for completely yet.
-- group: health
select
    account.cloud,
    max(account.until)::date as until
from marts.account_billed_until as account
group by all
