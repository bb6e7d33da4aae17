-- Readers of text that the mappings of all clouds share.

-- The digits before and after the point of a text that is a decimal number with both.
create or replace temp macro whole(t) as cast(
    cast(left(t, strpos(t, '.') - 1) as decimal(18, 0)) as decimal(38, 18)
);
create or replace temp macro fraction(t) as cast(
    cast('0' || substr(t, strpos(t, '.')) as decimal(18, 18)) as decimal(38, 18)
);

-- Characters after the point, and whether none is of those that DuckDB would also accept in a number.
create or replace temp macro places(t) as strlen(t) - strpos(t, '.');
create or replace temp macro is_plain(t) as not (
    contains(t, 'e') or contains(t, 'E') or contains(t, '_') or contains(t, ' ')
);

-- A decimal text. DuckDB reads up to 18 digits thirty times as fast as 38, and both exactly; it would also read 1_000.
-- A text that is no number fails whichever way it takes.
create or replace temp macro amount(t) as case
    when
        strpos(t, '.') between 2 and 7 and places(t) <= 18 and (places(t) <= 12 or suffix(t, '000000'))
        and is_plain(t)
        then cast(cast(t as decimal(18, 12)) as decimal(38, 18))
    when strpos(t, '.') between 2 and 19 and places(t) <= 18 and t >= '0' and is_plain(t)
        then whole(t) + fraction(t)
    when regexp_matches(t, '^-?\d{1,6}$') then cast(cast(t as decimal(18, 12)) as decimal(38, 18))
    when regexp_matches(t, '^-\d{1,18}\.\d{1,18}$') then whole(t) - fraction(t)
    else cast(replace(t, '_', '?') as decimal(38, 18))
end;

-- The same, also of an amount in dollars: -$1,234.50, but not $1.234,50.
create or replace temp macro number(t) as case
    when contains(t, '$') and regexp_matches(t, '^-?\$-?(\d+|\d{1,3}(,\d{3})+)(\.\d*)?$')
        then cast(replace(replace(t, '$', ''), ',', '') as decimal(38, 18))
    else amount(t)
end;

-- UTC. ISO 8601 with or without an offset, without seconds, or month/day/year; no session time zone is involved. A cast
-- would also read words: epoch, infinity.
create or replace temp macro moment(t) as case
    when (strlen(t) = 19 or (strlen(t) = 20 and suffix(t, 'Z'))) and t >= '0' and t < ':' and not contains(t, '/')
        then cast(t as timestamp)
    when t like '%/%' then coalesce(try_strptime(t, '%m/%d/%Y'), strptime(t, '%m/%d/%Y %H:%M:%S'))
    when t like '%Z' and length(t) = 17 then strptime(t, '%Y-%m-%dT%H:%MZ')
    when length(t) > 19 and regexp_matches(t, ' ?[+-]\d\d(:?\d\d)?$')
        then make_timestamp(
            epoch_us(cast(regexp_replace(t, ' ?([+-]\d\d):?(\d\d)$', '\1:\2') as timestamptz))
        )
    when ltrim(t) >= '0' and ltrim(t) < ':' then cast(t as timestamp)
    else cast('no time: ' || t as timestamp)
end;

-- A day that is named by its midnight, in whatever time zone: the first of October is no day of September in UTC.
create or replace temp macro day_start(t) as case
    when t like '%Z' or t like '____-__-__ __:__:__' then moment(t)
    when regexp_matches(t, '^\d{4}-\d\d-\d\d[T ]00:00(:00(\.0+)?)? ?[+-]\d\d(:?\d\d)?$') and isfinite(moment(t))
        then cast(left(t, 10) as timestamp)
    else moment(t)
end;

-- The decimal that a double was written as: the shortest one that reads back as the same double. Where the number of
-- units of the last place is below 2^52, a decimal that reads back is that one, which spares the slow way through text.
create or replace temp macro exact(x) as case
    when x between -4500 and 4500 and round(x * 1e12) / 1e12 = x
        then cast(cast(x as decimal(18, 12)) as decimal(38, 18))
    when x between -45 and 45 and round(x * 1e14) / 1e14 = x
        then cast(cast(x as decimal(18, 14)) as decimal(38, 18))
    when x between -0.45 and 0.45 and round(x * 1e16) / 1e16 = x
        then cast(cast(x as decimal(18, 16)) as decimal(38, 18))
    when x between -0.00225 and 0.00225 then cast(cast(x as decimal(18, 18)) as decimal(38, 18))
    when x between -4500000 and 4500000 and round(x * 1e9) / 1e9 = x
        then cast(cast(x as decimal(18, 9)) as decimal(38, 18))
    else list_transform([cast(x as varchar)], lambda digits: amount(digits))[1]
end;

-- The product of two amounts to the 15 digits that a price and a quantity have; exact decimals would overflow. The list
-- of one gives the product a name: in a branch of a case, `exact` would reckon it out again wherever it writes it.
create or replace temp macro times(a, b) as list_transform(
    [cast(a as double) * cast(b as double)], lambda product: exact(product)
)[1];

create or replace temp macro json_field(t, path) as if(json_valid(t), json_extract_string(t, path), null);

-- A JSON object; Azure leaves out the outer braces.
create or replace temp macro tag_object(t) as case
    when json_valid(t) and left(ltrim(t), 1) = '{' then t
    when json_valid('{' || t || '}') then '{' || t || '}'
    when json_valid(t) and left(ltrim(t), 1) = '[' then label_object(t)
    when t is not null then cast(json_object('x_text', t) as varchar)
end;

-- A JSON object of a JSON list of keys and values; of equal keys the first counts. The list of one gives the parsed list a
-- name, so that it is parsed once.
create or replace temp macro label_object(t) as case
    when json_valid(t) and json_array_length(t) > 0 then cast(
        to_json(
            list_transform(
                [from_json(t, '[{"key":"VARCHAR","value":"VARCHAR"}]')],
                lambda labels: map_from_entries(
                    list_transform(
                        list_distinct(list_transform(labels, lambda l: l.key)),
                        lambda k: {
                            'key': k,
                            'value': list_filter(labels, lambda l: l.key = k)[1].value
                        }
                    )
                )
            )[1]
        ) as varchar
    )
end;

-- CUR 2.0 writes user:team as user_team.
create or replace temp macro user_tags(t) as regexp_replace(t, '"user[_:]([^"]*)":', '"\1":', 'g');

-- The sum of the amounts in a JSON list of credits. What is no such list, or has a credit without an amount, fails.
create or replace temp macro credit_sum(t) as case
    when t = '[]' then 0
    when t is not null
        then
            coalesce(
                list_sum(
                    list_transform(
                        from_json_strict(t, '[{"amount":"VARCHAR"}]'),
                        lambda c: amount(coalesce(c.amount, 'no amount'))
                    )
                ),
                0
            )
end;

-- An Azure subscription as the inventory names it, its bare id in lower case; bills also write /subscriptions/<id>.
create or replace temp macro subscription(t) as case
    when t ilike '/subscriptions/%' then lower(split_part(t, '/', 3))
    when length(t) = 36 and regexp_full_match(t, '[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}') then lower(t)
    else t
end;

-- The id of a billing account, to compare: Azure's FOCUS exports alone write it, or that of a profile, as a path.
create or replace temp macro plain_account(t) as case
    when t ilike '/providers/microsoft.billing/billingaccounts/%' then lower(split_part(t, '/', -1))
    else lower(t)
end;

-- The resource group in the id of an Azure resource, in lower case; empty if there is none.
create or replace temp macro resource_group(t) as regexp_extract(lower(t), '/resourcegroups/([^/]+)', 1);

-- Our name of the cloud that a provider's name stands for.
create or replace temp macro cloud_of(p) as case
    when lower(p) = 'aws' or lower(p) like 'amazon%' or lower(p) like 'aws %' then 'aws'
    when lower(p) like 'microsoft%' or lower(p) like 'azure%' then 'azure'
    when lower(p) like 'google%' or lower(p) = 'gcp' then 'gcp'
    when lower(p) like 'digitalocean%' or lower(p) like 'digital ocean%' then 'digitalocean'
    when lower(p) like 'oracle%' or lower(p) = 'oci' then 'oci'
    when lower(p) in ('onprem', 'on-prem', 'on_prem', 'on-premises', 'on premises') then 'onprem'
    else lower(p)
end;
