"""Records: names, arity, hyperparameters."""

import functools
import math
from typing import Any

import attrs
import numpy as np
import pytest

from valor import (
    Activation,
    Callback,
    Engine,
    Exporter,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Reader,
    Scaler,
    Schedule,
)
from valor.contracts import KINDS, Formula, Record
from valor.exceptions import HyperparameterError, InvalidArgumentError

# Every kind that has a formula, with what contracts.py promises the formula is given.
TAKES = {
    Activation: ("v",),
    Loss: ("predicted", "target"),
    Penalty: ("parameter",),
    Optimizer: ("parameter", "gradient", "state", "step"),
    GradientTransform: ("gradients",),
    Schedule: ("step", "total_steps"),
    Initializer: ("random", "fan_in", "fan_out"),
    Metric: ("predicted", "target"),
    Exporter: ("root",),
    Reader: ("path",),
    Scaler: ("values",),
    Callback: (),
}


def of_arity(count: int) -> Any:
    """Return a function of that many positional arguments."""
    return (
        lambda: None,
        lambda a: None,
        lambda a, b: None,
        lambda a, b, c: None,
        lambda a, b, c, d: None,
        lambda a, b, c, d, e: None,
    )[count]


def leaky(v: Any, *, slope: float = 0.01, twice: bool = False) -> Any:
    return v * slope * (2 if twice else 1)


# Records


def test_every_kind_is_listed_once() -> None:
    assert set(KINDS.values()) == {*TAKES, Engine}
    assert all(kind == record.kind for kind, record in KINDS.items())
    assert len({record.plural for record in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_record_cannot_be_changed(kind: Any) -> None:
    record = kind("mine", of_arity(len(TAKES.get(kind, "1234"))))
    for attribute in ("name", "provider", "unheard_of"):
        with pytest.raises((attrs.exceptions.FrozenInstanceError, AttributeError)):
            setattr(record, attribute, "another")
    assert record.name == "mine"


def test_records_compare_and_hash_by_identity() -> None:
    one, two = Activation("mine", leaky), Activation("mine", leaky)
    assert one != two
    assert len({one, two, one}) == 2


@pytest.mark.parametrize("kind", TAKES, ids=lambda kind: kind.kind)
def test_a_formula_takes_what_its_kind_says(kind: Any) -> None:
    takes = TAKES[kind]
    assert kind.takes == takes
    assert kind("mine", of_arity(len(takes))).name == "mine"
    assert kind("mine", lambda *everything: None).name == "mine"
    for count in {len(takes) - 1, len(takes) + 1} - {-1}:
        with pytest.raises(InvalidArgumentError) as caught:
            kind("mine", of_arity(count))
        assert str(caught.value).startswith(f"{kind.__name__}('mine'): call must take (")
        assert all(name in str(caught.value) for name in takes)


def test_a_schedule_with_a_state_takes_it_too() -> None:
    record = Schedule("mine", of_arity(3), state={"loss": math.inf})
    assert record.positional == ("step", "total_steps", "state")
    assert Schedule("mine", of_arity(2)).positional == ("step", "total_steps")
    assert Schedule("mine", of_arity(2), state={}).positional == ("step", "total_steps")
    message = (
        r"Schedule\('mine'\): call must take \(step, total_steps, state, \*, …\), not \(a, b\)"
    )
    with pytest.raises(InvalidArgumentError, match=message):
        Schedule("mine", of_arity(2), state={"loss": math.inf})
    message = r"Schedule\('mine'\): call must take \(step, total_steps, \*, …\), not \(a, b, c\)"
    with pytest.raises(InvalidArgumentError, match=message):
        Schedule("mine", of_arity(3))
    with pytest.raises(InvalidArgumentError, match=r"call must take \(step, total_steps, \*"):
        attrs.evolve(record, state={})


def test_what_a_record_says_unless_told_otherwise() -> None:
    initializer = Initializer("mine", of_arity(3))
    assert (initializer.over, initializer.biases) == ("neuron", True)
    engine = Engine("mine", int)
    assert (engine.automatic, engine.forward) == (False, None)
    assert Engine("mine", int, forward=float).forward is float
    assert Schedule("mine", of_arity(2)).state == {}


def test_a_hyperparameter_without_a_star_gets_a_hint() -> None:
    with pytest.raises(InvalidArgumentError, match=r"not \(v, slope\); .* goes after a \*"):
        Activation("mine", lambda v, slope=0.1: v)


def test_a_hyperparameter_needs_a_default() -> None:
    def formula(v: Any, *, slope: float) -> Any:
        return v

    with pytest.raises(InvalidArgumentError, match=r"Activation\('mine'\): .*'slope' needs a def"):
        Activation("mine", formula)


def test_formulas_may_be_builtins_partials_and_objects() -> None:
    class Doubles:
        def __call__(self, v: Any) -> Any:
            return 2 * v

    assert Activation("mine", Doubles()).formula(3) == 6
    assert Activation("mine", functools.partial(leaky, slope=0.5)).formula(3) == 1.5
    assert Activation("mine", abs).formula(-3) == 3
    assert Metric("mine", max).formula(3, 4) == 4  # max does not tell its arguments


@pytest.mark.parametrize("call", [None, 3, "leaky"])
def test_what_is_no_function_is_no_formula(call: Any) -> None:
    with pytest.raises(
        InvalidArgumentError, match=r"Activation\('mine'\): call must be a function"
    ):
        Activation("mine", call)


@pytest.mark.parametrize("name", ["", " ", "two words", "a:b", "tab\t", None, 3, b"swish"])
def test_a_name_is_a_word(name: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="Activation: name must be a word"):
        Activation(name, leaky)


@pytest.mark.parametrize("name", ["swish", "leaky-relu", "β", "l2", "2x"])
def test_many_words_are_names(name: str) -> None:
    record = Activation(name, leaky, validators={"slope": attrs.validators.ge(0)})
    assert record.bind(slope=0.5).name == name


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Activation("mine", leaky, over="network"), r"Activation\('mine'\): 'over' must"),
        (lambda: Loss("mine", of_arity(2), reduction="max"), r"Loss\('mine'\): 'reduction' must"),
        (lambda: Optimizer("mine", of_arity(4), state={"m": "0"}), r"Optimizer\('mine'\): "),
        (lambda: Optimizer("mine", of_arity(4), state={1: 0.0}), r"Optimizer\('mine'\): "),
        (lambda: Schedule("mine", of_arity(3), state={"loss": "0"}), r"Schedule\('mine'\): "),
        (lambda: Schedule("mine", of_arity(3), state={1: 0.0}), r"Schedule\('mine'\): "),
        (
            lambda: Initializer("mine", of_arity(3), over="network"),
            r"Initializer\('mine'\): 'over' must",
        ),
        (
            lambda: Initializer("mine", of_arity(3), biases=0),
            r"Initializer\('mine'\): 'biases' must",
        ),
        (
            lambda: Reader("mine", of_arity(1), suffixes=".csv"),
            r"Reader\('mine'\): 'suffixes' must",
        ),
        (lambda: Reader("mine", of_arity(1), suffixes=("csv",)), r"Reader\('mine'\): 'suffixes' m"),
        (lambda: Exporter("mine", of_arity(1), suffixes=(3,)), r"Exporter\('mine'\): "),
        (lambda: Engine("mine", 3), r"Engine\('mine'\): 'compile' must be callable"),
        (lambda: Engine("mine", int, automatic=1), r"Engine\('mine'\): 'automatic' must be <cl"),
        (lambda: Engine("mine", int, forward=3), r"Engine\('mine'\): 'forward' must be callable"),
        (
            lambda: Activation("mine", leaky, validators={"slpoe": attrs.validators.ge(0)}),
            r"Activation\('mine'\): validators names no hyperparameter: 'slpoe'",
        ),
    ],
)
def test_the_fields_of_a_record_are_checked_when_it_is_made(make: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        make()


def test_a_record_says_what_it_is_and_whose() -> None:
    record: Record = GradientTransform("halve", of_arity(1), provider="plugin 'x' of valor-x 1.0")
    assert str(record) == "gradient_transform 'halve' of plugin 'x' of valor-x 1.0"
    assert str(Activation("mine", leaky)) == "activation 'mine'"


# Hyperparameters


def test_binding_makes_another_record_and_leaves_the_first() -> None:
    record = Activation("leaky", leaky, over="neuron", provider="somebody")
    bound = record.bind(slope=0.5)
    assert record.hyperparameters == {"slope": 0.01, "twice": False}
    assert bound.hyperparameters == {"slope": 0.5, "twice": False}
    assert (record.formula(10), bound.formula(10)) == (0.1, 5)
    assert bound.bind(twice=True).formula(10) == 10
    assert bound.bind(slope=2).formula(10) == 20
    assert bound.provider == "somebody"


def test_a_bound_value_has_the_type_of_the_default() -> None:
    def formula(
        v: Any,
        *,
        rate: float = 0.1,
        count: int = 1,
        on: bool = True,
        how: str = "a",
        what: Any = None,
    ) -> Any:
        return v

    record: Formula = Activation("mine", formula)
    for value in (1, np.float64(1), np.float32(1), np.int64(1)):
        assert type(record.bind(rate=value).bound["rate"]) is float
    assert record.bind(count=2, on=False, how="b", what=[1]).bound == {
        "count": 2,
        "on": False,
        "how": "b",
        "what": [1],
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate": "0.1"},
        {"rate": None},
        {"rate": True},
        {"rate": 1j},
        {"rate": math.nan},
        {"rate": math.inf},
        {"rate": 10**400},
        {"count": 1.0},
        {"count": True},
        {"count": "1"},
        {"on": 1},
        {"how": 3},
    ],
    ids=str,
)
def test_a_value_of_another_type_is_refused(wrong: dict[str, Any]) -> None:
    def formula(
        v: Any,
        *,
        rate: float = 0.1,
        count: int = 1,
        on: bool = True,
        how: str = "a",
    ) -> Any:
        return v

    (name,) = wrong
    with pytest.raises(HyperparameterError, match=f"activation 'mine': {name} must be"):
        Activation("mine", formula).bind(**wrong)


def test_infinity_may_be_a_default() -> None:
    def formula(v: Any, *, limit: float = math.inf) -> Any:
        return v

    record = Activation("mine", formula)
    assert record.bind(limit=math.inf).bound == {"limit": math.inf}
    assert record.bind(limit=3).bound == {"limit": 3.0}
    with pytest.raises(HyperparameterError, match="limit must be a finite number"):
        record.bind(limit=-math.inf)


def test_an_unknown_hyperparameter_lists_the_known_ones() -> None:
    with pytest.raises(
        HyperparameterError, match=r"'leaky' has no .* 'slop'; it has: slope, twice"
    ):
        Activation("leaky", leaky).bind(slop=0.1)
    with pytest.raises(HyperparameterError, match="it has: none"):
        Activation("mine", lambda v: v).bind(slope=0.1)


def test_validators_guard_hyperparameters_when_they_are_bound() -> None:
    record = Activation("leaky", leaky, validators={"slope": attrs.validators.ge(0)})
    assert record.bind(slope=0).bound == {"slope": 0.0}
    with pytest.raises(HyperparameterError, match="activation 'leaky': 'slope' must be >= 0: -1"):
        record.bind(slope=-1)


def test_a_validator_may_refuse_without_a_word() -> None:
    def refuse(instance: Any, attribute: Any, value: Any) -> None:
        raise ValueError

    record = Activation("leaky", leaky, validators={"slope": refuse})
    with pytest.raises(HyperparameterError, match=r"activation 'leaky': slope is refused: 0\.5"):
        record.bind(slope=0.5)


def test_a_schedule_stands_for_a_learning_rate_and_for_nothing_else() -> None:
    def descent(
        parameter: Any,
        gradient: Any,
        state: Any,
        step: Any,
        *,
        learning_rate: float = 0.1,
        momentum: float = 0.0,
    ) -> Any:
        return parameter, state

    schedule = Schedule("constant", lambda step, total_steps: 0.1)
    record = Optimizer("descent", descent)
    assert record.bind(learning_rate=schedule).bound == {"learning_rate": schedule}
    with pytest.raises(HyperparameterError, match="momentum must be"):
        record.bind(momentum=schedule)
