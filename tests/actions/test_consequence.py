import pytest

from actions.check import BY_HAND, EFFORTS, Check, checks, parse
from actions.consequence import HARM, consequence
from actions.errors import BadCheck
from actions.risk import RISKS, VERBS

HEADER = "-- title: T\n-- kind: disk\n-- verb: delete\n-- risk: R3\n-- blind: B.\n-- evidence: e\n"
PROPOSED = [verb for verb in (*VERBS, *BY_HAND) if verb not in ("snapshot", "start", "restore")]


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.name)
def test_every_check_says_effort_harm_and_way_back(check: Check) -> None:
    found = consequence(check, check.verb, check.risk)
    assert found.effort in EFFORTS
    for text in (found.harm, found.undo):
        assert text[0].isupper()
        assert text.endswith(".")
    assert check.blind in found.harm


@pytest.mark.parametrize("verb", PROPOSED)
@pytest.mark.parametrize("risk", RISKS[3:])
def test_every_verb_has_an_answer_in_every_class(verb: str, risk: str) -> None:
    found = consequence(parse("x.sql", HEADER.replace("disk", "bucket")), verb, risk)
    assert HARM[verb] in found.harm
    assert found.undo


def test_what_has_no_way_back_says_so() -> None:
    check = parse("x.sql", HEADER)
    assert "backup" in consequence(check, "delete", "R3").undo
    assert consequence(check, "delete", "R4").undo == "It can't be undone."
    assert "can't be undone" in consequence(check, "release", "R4").undo


def test_a_header_says_it_for_its_own_verb_only() -> None:
    own = "-- effort: high\n-- harm: It hurts.\n-- undo: Pray.\n"
    check = parse("x.sql", f"{own}{HEADER}")
    found = consequence(check, "delete", "R3")
    assert (found.effort, found.undo) == ("high", "Pray.")
    assert found.harm == "It hurts. What the check can't see: B."
    other = consequence(check, "stop", "R1")
    assert (other.effort, other.undo) == ("low", "Start it again; what is on its disks stays.")


def test_unknown_effort_lists_the_known_ones() -> None:
    with pytest.raises(BadCheck, match=r"its effort is 'huge'.*low, medium, high"):
        parse("x.sql", f"-- effort: huge\n{HEADER}")
