"""How callbacks check what they are given."""

from typing import Any

import attrs
import pytest

from valor.exceptions import CheckpointError, InvalidArgumentError
from valor_plugins.callbacks.checks import checked, restored, validators_of


@attrs.define(eq=False)
class Example:
    count: int = attrs.field(
        default=1, validator=checked(attrs.validators.instance_of(int), attrs.validators.ge(1))
    )
    free: Any = None


@pytest.mark.parametrize("wrong", [0, 1.5, "2", None])
def test_an_attribute_that_is_refused_is_named(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="'count' must be"):
        Example(wrong)
    assert Example(2).count == 2


def test_the_validators_of_a_class_go_by_its_attributes() -> None:
    validators = validators_of(Example)
    assert list(validators) == ["count"]
    with pytest.raises(InvalidArgumentError):
        validators["count"](None, attrs.fields(Example).count, 0)


KINDS = {"a": (int,), "b": (float, type(None))}


@pytest.mark.parametrize(
    "state",
    [
        *(None, [], {}, {"a": 1}, {"a": True, "b": 1.0}, {"a": 1, "b": 1}, {"a": 1, "c": None}),
        {"a": -1, "b": 0.5},
    ],
)
def test_a_state_that_says_something_else_is_refused(state: Any) -> None:
    with pytest.raises(CheckpointError, match="example: the checkpoint says something else"):
        restored("example", state, KINDS)


def test_a_state_is_returned_as_it_was() -> None:
    for state in ({"a": 1, "b": 0.5}, {"b": None, "a": 0}):
        assert restored("example", state, KINDS) == state
