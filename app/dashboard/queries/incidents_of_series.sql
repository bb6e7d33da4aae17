-- One row per incident that a series of cost belongs to, in one direction.
select distinct member.id
from models.anomaly_member as member
where
    member.currency = getvariable('currency')
    and member.cloud = getvariable('cloud')
    and member.account = getvariable('account')
    and member.service = getvariable('service')
    and member.direction = getvariable('direction')
order by member.id
