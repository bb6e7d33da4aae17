"""Names that nothing has are answered with those that exist."""

import pytest

from app.errors import BadInput
from app.known import nearest_first, require


def test_what_is_alike_comes_first_and_the_rest_is_not_left_out() -> None:
    assert nearest_first("Azur", ["aws", "azure", "gcp"]) == "azure, aws, gcp"
    assert nearest_first("zzz", ["onprem", "aws"]) == "aws, onprem"
    many = nearest_first("c17", [f"c{number}" for number in range(10, 30)])
    assert many.startswith("c17, ")
    assert many.endswith(" and 10 more")


def test_a_name_that_nothing_has_is_refused_with_the_others() -> None:
    require("cloud", "aws", ["aws"])
    with pytest.raises(BadInput, match=r"No cloud is named 'nope'. Known: aws, gcp\."):
        require("cloud", "nope", ["gcp", "aws"])
