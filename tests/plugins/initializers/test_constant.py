"""constant: one number for all parameters, and no draw."""

import random

import pytest

from valor import MLP, initializer
from valor.exceptions import HyperparameterError


def test_every_parameter_is_the_value_and_nothing_is_drawn() -> None:
    generator = random.Random(5)
    before = generator.getstate()
    record = initializer("constant", value=-0.25)
    mlp = MLP(3, [3, 2, 1], initializer=record, seed=generator)
    assert [parameter.data for parameter in mlp.parametros()] == [-0.25] * 23
    assert generator.getstate() == before


def test_hyperparameters() -> None:
    assert initializer("constant").hyperparameters == {"value": 1.0}
    for bad in ("a", None, float("nan")):
        with pytest.raises(HyperparameterError, match=r"initializer 'constant'.*value"):
            initializer("constant", value=bad)
