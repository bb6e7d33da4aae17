-- Azure bills a scale set as one, whose machines have ids below its own: their machine is the scale set.
create or replace temp macro azure_machine(resource_id) as
regexp_replace(lower(resource_id), '(/virtualmachinescalesets/[^/]+)/virtualmachines/[^/]+$', '\1');

-- How the bill of a cloud calls a machine, as marts.kubernetes_node has it; null = the line is about no resource.
create or replace temp macro billed_machine(cloud, account, resource_id, resource_name) as
case
    when resource_id is null then null
    when cloud = 'azure' then azure_machine(resource_id)
    when cloud = 'gcp' then account || '/' || coalesce(resource_name, regexp_extract(resource_id, '[^/]+$'))
    else regexp_extract(resource_id, '[^/]+$')
end;
