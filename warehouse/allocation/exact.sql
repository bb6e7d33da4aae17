-- Exact division of money. A unit is the last digit of DECIMAL(38, 18).
create or replace temp macro money_units(amount) as
trunc(amount)::hugeint * 1000000000000000000
+ ((amount - trunc(amount))::decimal(18, 18) * 1000000000000000000)::hugeint;

create or replace temp macro units_money(units) as
sign(units)::decimal(1, 0)
* (
    (abs(units) // 1000000000000000000)::decimal(38, 18)
    + (abs(units) % 1000000000000000000)::decimal(18, 0) * 0.000000000000000001::decimal(18, 18)
);

-- Weights are whole numbers that together are below 10^28, so that no step of the division overflows 128 bits.
create or replace temp macro weight_divisor(total) as
if(length(total::varchar) > 28, ('1' || repeat('0', length(total::varchar) - 28))::hugeint, 1::hugeint);

-- Long division by limbs of nine digits: what is left after each limb, from the highest.
create or replace temp macro rest_1(units, weight, total) as
(units // 1000000000000000000000000000000000000::hugeint) * weight % total;
create or replace temp macro dividend_2(units, weight, total) as
rest_1(units, weight, total) * 1000000000
+ (units // 1000000000000000000000000000::hugeint % 1000000000) * weight;
create or replace temp macro dividend_3(units, weight, total) as
dividend_2(units, weight, total) % total * 1000000000
+ (units // 1000000000000000000 % 1000000000) * weight;
create or replace temp macro dividend_4(units, weight, total) as
dividend_3(units, weight, total) % total * 1000000000
+ (units // 1000000000 % 1000000000) * weight;
create or replace temp macro dividend_5(units, weight, total) as
dividend_4(units, weight, total) % total * 1000000000
+ (units % 1000000000) * weight;

-- units * weight / total for units of 0 or more: the whole number below, and what is left over (of total). At once
-- where the product has room in 128 bits, else by long division.
create or replace temp macro has_room(units, weight) as
units::double * weight::double < 1e38;
create or replace temp macro long_share(units, weight, total) as
(units // 1000000000000000000000000000000000000::hugeint * weight // total)
* 1000000000000000000000000000000000000::hugeint
+ dividend_2(units, weight, total) // total * 1000000000000000000000000000::hugeint
+ dividend_3(units, weight, total) // total * 1000000000000000000
+ dividend_4(units, weight, total) // total * 1000000000
+ dividend_5(units, weight, total) // total;
create or replace temp macro whole_share(units, weight, total) as
case when has_room(units, weight) then units * weight // total else long_share(units, weight, total) end;
create or replace temp macro share_left(units, weight, total) as
case when has_room(units, weight) then units * weight % total else dividend_5(units, weight, total) % total end;
