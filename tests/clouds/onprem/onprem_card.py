"""A rate card for the tests, and histories of what ran."""

from clouds.onprem.rate_card import RateCard, parse_rate_card

CARD = """
currency: EUR
allocation: {vcpu: 70, memory: 30}
shared:
  - {name: staff, month: 1000, valid_from: 2026-01-01}
classes:
  large:
    - valid_from: 2026-09-01
      valid_to: 2026-11-10
      capex: 18400
      lifetime_months: 60
      power_watts: 420
      price_kwh: 0.31
      pue: 1.4
      space_month: 90
      vcpus: 64
      memory_gib: 512
    - valid_from: 2026-11-10  # the electricity got cheaper
      capex: 18400
      lifetime_months: 60
      power_watts: 420
      price_kwh: 0.287
      pue: 1.4
      space_month: 90
      vcpus: 64
      memory_gib: 512
hosts:
  - {name: kvm-1, class: large, weight: 2, region: fra}
  - {name: kvm-2, class: large, region: fra}
"""


def card(text: str = CARD) -> RateCard:
    return parse_rate_card(text)
