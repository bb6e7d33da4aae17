-- One row per feed, billing account, billing month and currency: do the lines tie out to manifest and invoice?
-- group: health
with line as (
    select
        focus.x_source as source,
        focus.x_cloud as cloud,
        focus.BillingAccountId as billing_account,
        date_trunc('month', focus.BillingPeriodStart)::date as period,
        focus.BillingCurrency as currency,
        count(*) as lines,
        sum(focus.BilledCost) as billed_cost
    from raw.focus as focus
    group by all
),

delivery as (
    select
        manifest.source,
        manifest.cloud,
        manifest.billing_account,
        manifest.period,
        manifest.currency,
        sum(manifest.rows)::bigint as manifest_lines,
        sum(manifest.billed_cost) as manifest_billed_cost,
        sum(manifest.credits) as credits
    from raw.billing_manifest as manifest
    where manifest.status = 'loaded'
    group by all
),

issued as (
    select
        invoice.cloud,
        invoice.billing_account,
        invoice.period,
        invoice.currency,
        string_agg(invoice.invoice_id, ', ' order by invoice.invoice_id) as invoice_id,
        sum(invoice.amount) as invoice_amount
    from ( -- two sources that read one account read one invoice
        select distinct
            invoice.cloud,
            invoice.billing_account,
            invoice.period,
            invoice.currency,
            invoice.invoice_id,
            invoice.amount
        from raw.invoice as invoice
    ) as invoice
    group by all
),

tied as (
    select
        coalesce(line.source, delivery.source) as source,
        coalesce(line.cloud, delivery.cloud) as cloud,
        coalesce(line.billing_account, delivery.billing_account) as billing_account,
        coalesce(line.period, delivery.period) as period,
        coalesce(line.currency, delivery.currency) as currency,
        coalesce(line.lines, 0) as lines,
        coalesce(delivery.manifest_lines, 0) as manifest_lines,
        line.billed_cost,
        delivery.manifest_billed_cost,
        delivery.credits
    from line
    full join delivery
        on
            line.source is not distinct from delivery.source
            and line.cloud is not distinct from delivery.cloud
            and line.billing_account is not distinct from delivery.billing_account
            and line.period is not distinct from delivery.period
            and line.currency is not distinct from delivery.currency
    where coalesce(line.lines, 0) > 0 or coalesce(delivery.manifest_lines, 0) > 0
)

select
    tied.source, -- the feed
    tied.cloud,
    tied.billing_account,
    tied.period,
    tied.currency,
    tied.lines,
    tied.manifest_lines,
    tied.billed_cost,
    tied.manifest_billed_cost,
    tied.credits, -- stated beside the charges; null = they are lines
    issued.invoice_id,
    issued.invoice_amount,
    -- An invoice is of the whole account, whose subscriptions may come by feeds of their own.
    sum(tied.billed_cost + coalesce(tied.credits, 0)) over (
        partition by tied.cloud, tied.billing_account, tied.period, tied.currency
    ) - issued.invoice_amount as gap, -- null = no invoice yet
    case
        when
            tied.lines <> tied.manifest_lines
            or not coalesce(tied.billed_cost = tied.manifest_billed_cost, false) then 'lines differ'
        when issued.invoice_amount is null then 'open'
        when abs(gap) <= 0.005 then 'ties' -- an invoice is rounded to the cent
        else 'gap'
    end as status
from tied
left join issued
    on
        tied.cloud = issued.cloud
        and tied.billing_account = issued.billing_account
        and tied.period = issued.period
        and tied.currency = issued.currency
