-- Every line comes from a cloud that inventory and prices can belong to: one of ours, or a plug-in's.
-- asset: raw/focus
select
    focus.x_cloud as cloud,
    focus.ProviderName as provider,
    count(*) as lines
from raw.focus as focus
anti join raw.resource as resource on focus.x_cloud = resource.cloud
where coalesce(focus.x_cloud, '') not in ('aws', 'azure', 'gcp', 'digitalocean', 'oci', 'onprem')
group by all
