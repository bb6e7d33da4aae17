-- One row: whether any resource is or was known, so that checks had something to look at.
select count(*) > 0 as is_known
from raw.resource
