-- One row per finding of any check, under the rules that all of them obey.
-- `finding` is what the checks returned, `suppression` what the ledger silences, `previous` the last run's result.
with found as (
    select
        finding.*,
        left(sha256(concat_ws('|', finding."check", finding.cloud, finding.account, finding.resource_id)), 16) as id
    from finding
),

-- The currencies of an account, the one of most findings, and else of the larger numbers, first: amounts in two of them can't be compared.
usual as (
    select
        finding.cloud,
        finding.account,
        finding.currency,
        row_number() over (
            partition by finding.cloud, finding.account
            order by count(*) desc, sum(finding.saving_month_high) desc nulls last, finding.currency asc
        ) as currency_rank
    from finding
    where finding.currency is not null
    group by finding.cloud, finding.account, finding.currency
),

-- Advice has no currency of its own: it may be about bills in several, with a sentence on each.
told as (
    select
        found.* replace (
            if(
                found.currency is null,
                string_agg(distinct found.before, '; ' order by found.before) over same,
                found.before
            ) as before,
            if(
                found.currency is null,
                string_agg(distinct found.after, '; ' order by found.after) over same,
                found.after
            ) as after,
            if(
                found.currency is null,
                string_agg(distinct found.reason, '; ' order by found.reason) over same,
                found.reason
            ) as reason
        )
    from found
    window same as (partition by found.id, found.source, found.currency, found.missing)
),

resource as (
    select
        told.*,
        resource.name as resource_name,
        resource.team,
        resource.env,
        resource.member_of,
        greatest(resource.state_days, resource.unchanged_days) as days_so,
        if(json_extract_string(resource.config, '$.boot') = 'true', resource.attached_to, null) as boots,
        coalesce(resource.tags, '{}') as tags,
        rate.cost_month,
        -- What an autoscaler alters is the bill of its workload.
        if(told.kind = 'hpa', resource.attached_to, told.resource_id) as billed_as,
        coalesce(rate.cost_month, workload.cores_cost_month + workload.memory_cost_month) as bill_month,
        usual.currency_rank
    from told
    left join usual using (cloud, account, currency)
    left join marts.resource_now as resource
        on
            told.source = resource.source
            and told.cloud = resource.cloud
            and told.account = resource.account
            and told.resource_id = resource.resource_id
            and told.kind = resource.kind
    left join marts.resource_run_rate as rate
        on
            told.cloud = rate.cloud
            and told.resource_id = rate.resource_id
            and told.currency = rate.currency
    left join marts.kubernetes_workload as workload
        on
            told.source = workload.source
            and told.account = workload.cluster
            and if(told.kind = 'hpa', resource.attached_to, told.resource_id) = workload.workload
            and told.currency = workload.currency
    -- Billed in two currencies: one row, in the usual one. Read by two sources: one row, the larger.
    qualify row_number() over (
        partition by told.id
        order by
            usual.currency_rank asc nulls last,
            told.saving_month_high desc nulls last,
            told.missing asc nulls first,
            told.source asc
    ) = 1
),

-- Days for which its owner can object before something is deleted or released: those of Cloud Custodian's examples
-- (https://cloudcustodian.io/docs/aws/examples/). Those in which it has been as it is already count.
grace (kind, days) as (
    values ('address', 7), ('load_balancer', 14), ('database', 14), ('disk', 30)
),

-- Tag instance-select/ignore[=check,until,reason], or with a dash. An unreadable day silences nothing, instead of for ever.
tagged as (
    select
        resource.id,
        string_split(
            coalesce(
                json_extract_string(resource.tags, '$."instance-select/ignore"'),
                json_extract_string(resource.tags, '$."instance-select-ignore"')
            ),
            ','
        ) as parts,
        trim(parts[1]) as only_check,
        nullif(trim(parts[2]), '') as until,
        trim(parts[3]) as reason
    from resource
),

silenced as (
    select
        tagged.id,
        'tag instance-select/ignore' || coalesce(': ' || nullif(tagged.reason, ''), '') as why
    from tagged
    join resource using (id)
    where
        tagged.parts is not null
        and (tagged.only_check in ('', 'all', 'true', 'yes') or tagged.only_check = resource."check")
        and (tagged.until is null or try_cast(tagged.until as date) > getvariable('as_of')::date)

    union all

    select
        resource.id,
        suppression.id || ' by ' || suppression.author || ': ' || suppression.reason as why
    from resource
    join suppression
        on
            coalesce(resource."check" = suppression."check", suppression."check" is null)
            and coalesce(resource.cloud = suppression.cloud, suppression.cloud is null)
            and coalesce(resource.account = suppression.account, suppression.account is null)
            and coalesce(resource.kind = suppression.kind, suppression.kind is null)
            and coalesce(resource.resource_id = suppression.resource_id, suppression.resource_id is null)
            and coalesce(resource.team = suppression.team, suppression.team is null)
            and coalesce(resource.env = suppression.env, suppression.env is null)
            and coalesce(suppression.until > getvariable('as_of')::date, true)

    union all

    -- Standby for a disaster looks idle on purpose: Azure Site Recovery disks (as microsoft/finops-toolkit leaves
    -- them out), tags of backup tools, golden images.
    select
        resource.id,
        'it is kept for disaster recovery, backup or as a golden image' as why
    from resource
    where
        regexp_matches(
            lower(resource.tags),
            '"(asr[-_][^"]*|aws:backup:[^"]*|disaster[-_ ]?recovery|golden[-_ ]?image|velero.io/[^"]*)"\s*:'
        )
        or regexp_matches(
            lower(resource.tags), ':\s*"(dr|dr[-_].*|disaster[-_ ]?recovery[^"]*|golden[-_ ]?image|asr[-_ ]?replica)"'
        )
        or resource.resource_name like '%-ASRReplica'
),

silence as (
    select
        silenced.id,
        min(silenced.why) as why
    from silenced
    group by all
),

judged as (
    select
        resource.*,
        silence.why as silenced_because,
        coalesce(
            resource.missing,
            if(
                resource.about = 'saving' and (resource.saving_month_high is null or resource.currency is null),
                'what it costs: no bill of it in the last 14 complete days',
                null
            )
        ) as lacks
    from resource
    left join silence using (id)
),

-- A saving below one unit a month or 5 % of what the resource costs is not worth anybody's time. Advice claims none.
-- The high end decides: a range that may be worth it is shown with its low end beside it, and hidden is only what can't be.
worthwhile as (
    select
        judged.*,
        case
            when judged.silenced_because is not null then 'suppressed'
            when judged.lacks is not null then 'insufficient_data'
            when judged.about <> 'saving' then 'advice'
            else 'open'
        end as status
    from judged
    where
        judged.lacks is not null
        or judged.about <> 'saving'
        or judged.saving_month_high >= greatest(1, 0.05 * coalesce(judged.cost_month, 0))
),

-- One change per resource: whatever ends more of its cost wins, and no money is counted twice.
ranked as (
    select
        worthwhile.*,
        first_value(worthwhile.id) over best as winner,
        first_value(worthwhile.verb) over best as winning_verb
    from worthwhile
    window best as (
        partition by worthwhile.cloud, worthwhile.account, worthwhile.resource_id, worthwhile.status
        order by
            case worthwhile.verb
                when 'delete' then 1
                when 'release' then 1
                when 'stop' then 2
                when 'schedule' then 3
                -- Another generation is an engineer's work (R5), which must not hide a size that can be had now.
                when 'resize' then if(worthwhile.risk = 'R5', 5, 4)
                else 6
            end asc,
            worthwhile.currency_rank asc nulls last,
            worthwhile.saving_month_high desc,
            worthwhile.id asc
    )
),

-- The system disk of a machine that is deleted goes with it.
deleted as (
    select
        ranked.cloud,
        ranked.account,
        ranked.resource_id,
        ranked.id
    from ranked
    where
        ranked.status = 'open'
        and ranked.kind = 'instance'
        and ranked.verb = 'delete'
        and ranked.winner = ranked.id
),

-- What would be saved on the machines of a scaling group or of a Spark cluster is counted once, there.
grouped as (
    select
        ranked.source,
        ranked.cloud,
        ranked.account,
        ranked.resource_id,
        any_value(ranked.winner) as id
    from ranked
    where ranked.status = 'open' and ranked.kind in ('scaling_group', 'spark_cluster')
    group by all
),

settled as (
    select
        ranked.*,
        if(
            ranked.status = 'open',
            coalesce(
                deleted.id,
                grouped.id,
                -- Settings of one resource don't exclude each other; see `setting`.
                if(
                    ranked.winning_verb = 'configure' and ranked.verb = 'configure',
                    null,
                    nullif(ranked.winner, ranked.id)
                )
            ),
            null
        ) as superseded_by
    from ranked
    left join deleted
        on
            ranked.cloud = deleted.cloud
            and ranked.account = deleted.account
            and ranked.boots = deleted.resource_id
    left join grouped
        on
            ranked.source = grouped.source
            and ranked.cloud = grouped.cloud
            and ranked.account = grouped.account
            and ranked.member_of = grouped.resource_id
),

-- Of several settings of one resource those that save lines of its bill take them; one that saves a share of the bill
-- saves it of what the others leave, the largest first.
setting as (
    select
        settled.id,
        settled.money,
        greatest(1 - settled.saving_month_high::double / settled.bill_month::double, 0) as leaves,
        concat_ws('|', settled.source, settled.cloud, settled.account, settled.billed_as, settled.currency) as bill
    from settled
    where
        settled.status = 'open'
        and settled.superseded_by is null
        and settled.verb = 'configure'
        and settled.bill_month > 0
),

left_over as (
    select
        setting.id,
        greatest(
            1 - coalesce(sum(1 - setting.leaves) filter (where setting.money = 'lines') over (
                partition by setting.bill
            ), 0),
            0
        )
        * coalesce(product(setting.leaves) filter (where setting.money = 'share') over (
            partition by setting.bill
            order by setting.leaves asc, setting.id asc
            rows between unbounded preceding and 1 preceding
        ), 1) as part
    from setting
    qualify setting.money = 'share'
),

shared as (
    select
        settled.id,
        coalesce(left_over.part, 1) as part
    from settled
    left join left_over using (id)
),

-- How long it has been so, or has been said.
waiting as (
    select
        settled.*,
        coalesce(previous.first_seen_on, getvariable('as_of')::date) as first_seen_on,
        greatest(
            coalesce(settled.days_so, 0), date_diff('day', previous.first_seen_on, getvariable('as_of')::date)
        ) as waited
    from settled
    left join previous using (id)
)

select
    settled.id,
    settled."check",
    settled.title,
    settled.about,
    settled.source,
    settled.cloud,
    settled.account,
    settled.region,
    settled.resource_id,
    settled.resource_name,
    settled.kind,
    settled.verb,
    settled.before,
    settled.after,
    settled.currency,
    if(settled.lacks is null, round(part_of(settled.saving_month_low, shared.part), 6), null)::decimal(38, 18)
        as saving_month_low,
    if(settled.lacks is null, round(part_of(settled.saving_month_high, shared.part), 6), null)::decimal(38, 18)
        as saving_month_high,
    settled.risk,
    settled.effort,
    settled.harm,
    settled.undo,
    settled.overload_probability,
    settled.reason
    || if(shared.part < 1, '; its other settings save part of that', '')
    || coalesce('; suppressed: ' || settled.silenced_because, '') as reason,
    replace(
        replace(
            replace(
                replace(settled.evidence, '{cloud}', '''' || replace(settled.cloud, '''', '''''') || ''''),
                '{after}',
                coalesce('''' || replace(settled.after, '''', '''''') || '''', 'null')
            ),
            '{account}',
            coalesce('''' || replace(settled.account, '''', '''''') || '''', 'null')
        ),
        '{resource_id}',
        '''' || replace(settled.resource_id, '''', '''''') || ''''
    ) as evidence,
    if(settled.superseded_by is null, settled.status, 'superseded') as status,
    settled.superseded_by,
    if(settled.status = 'insufficient_data', settled.lacks, null) as missing,
    settled.first_seen_on,
    if(
        settled.verb in ('delete', 'release') and settled.risk in ('R3', 'R4') and grace.days > settled.waited,
        getvariable('as_of')::date + (grace.days - floor(settled.waited))::integer,
        null
    ) as grace_until,
    getvariable('snapshot')::bigint as snapshot
from waiting as settled
join shared on settled.id = shared.id
left join grace on settled.kind = grace.kind
order by settled.currency asc, settled.saving_month_high desc nulls last, settled.id asc
