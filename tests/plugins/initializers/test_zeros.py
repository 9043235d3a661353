"""zeros: 0 for all parameters, and no draw."""

import random

from valor import MLP


def test_every_parameter_is_0_and_nothing_is_drawn() -> None:
    generator = random.Random(5)
    before = generator.getstate()
    mlp = MLP(3, [3, 2, 1], initializer="zeros", seed=generator)
    assert [repr(parameter.data) for parameter in mlp.parametros()] == ["0.0"] * 23
    assert generator.getstate() == before
