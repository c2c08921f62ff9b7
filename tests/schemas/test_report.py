"""Tests that counts balance, add up, and include every sample."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.report import Counts, Stage, add_stages

NUMBERS = st.integers(0, 10**12)


@st.composite
def balanced(draw: st.DrawFn) -> Counts:
    kept, dropped, quarantined, invalid = (draw(NUMBERS) for _ in range(4))
    return Counts(
        read=kept + dropped + quarantined + invalid,
        kept=kept,
        dropped=dropped,
        quarantined=quarantined,
        invalid=invalid,
        reasons=draw(st.dictionaries(st.sampled_from(["a/x", "b/y", "invalid/z"]), NUMBERS)),
    )


@given(balanced(), balanced(), balanced())
def test_counts_add_up(one: Counts, two: Counts, three: Counts) -> None:
    assert one + two == two + one
    assert (one + two) + three == one + (two + three)
    assert one + Counts() == one
    total = one + two
    assert total.read == one.read + two.read
    assert sum(total.reasons.values()) == sum([*one.reasons.values(), *two.reasons.values()])
    assert list(total.reasons) == sorted(total.reasons)


@pytest.mark.parametrize("status", ["kept", "dropped", "quarantined", "invalid"])
def test_counts_that_miss_a_sample_are_refused(status: str) -> None:
    assert Counts.model_validate({"read": 1, status: 1}).read == 1
    with pytest.raises(ValidationError, match="must equal read"):
        Counts.model_validate({"read": 1, status: 2})
    with pytest.raises(ValidationError, match="must equal read"):
        Counts.model_validate({status: 1})


@given(balanced())
def test_counts_survive_json(counts: Counts) -> None:
    assert Counts.model_validate_json(json.dumps(counts.model_dump())) == counts


def test_stages_add_up_in_the_order_of_their_first_appearance() -> None:
    left = {"read": Stage(items=2, seconds=0.5), "write": Stage(items=2, seconds=1)}
    right = {"decode": Stage(items=3, seconds=2), "read": Stage(items=4, seconds=0.25)}
    added = add_stages(left, right)
    assert list(added) == ["read", "write", "decode"]
    assert added["read"] == Stage(items=6, seconds=0.75)
    assert (added["write"], added["decode"]) == (left["write"], right["decode"])
