-- title: Delete subscriptions whose topic is gone
-- kind: subscription
-- verb: review
-- risk: R0
-- about: governance
-- blind: Messages that somebody still wants to read.
-- evidence: select resource.resource_id, resource.name, resource.sku, resource.state, resource.unchanged_days,
-- evidence: resource.age_days, resource.attached_to, resource.member_of, resource.config, resource.tags
-- evidence: from marts.resource_now as resource
-- evidence: where resource.cloud = {cloud} and resource.resource_id = {resource_id}
--
-- Topic `_deleted-topic_`: Cloud Custodian's example (https://cloudcustodian.io/docs/gcp/examples/). What was not
-- acknowledged is kept and billed up to the retention (https://cloud.google.com/pubsub/docs/subscription-overview);
-- bills say it of the project, not of the subscription, so no saving is claimed. A deleted topic does not come back
-- to it, even under the same name.
select
    subscription.source,
    subscription.cloud,
    subscription.account,
    subscription.region,
    subscription.resource_id,
    subscription.sku || ' of a deleted topic' as before,
    'absent' as after,
    'its topic was deleted, so it gets nothing any more' as reason,
    null::varchar as missing
from marts.resource_now as subscription
where
    subscription.kind = 'subscription'
    and json_extract_string(subscription.config, '$.topic') = '_deleted-topic_'
