-- One row per cloud that has bills: the first day that none of its accounts is billed for completely yet.
-- Accounts may be days behind it: what has an account is asked of marts.sub_account_billed_until.
-- group: health
select
    account.cloud,
    max(account.until)::date as until
from marts.account_billed_until as account
group by all
