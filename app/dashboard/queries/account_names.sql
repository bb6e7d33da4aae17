-- One row per cloud and account that a bill calls by a name.
select
    named.cloud,
    named.account,
    named.account_name
from marts.account as named
