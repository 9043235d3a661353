"""constant_rate: the same for every step."""

from typing import Any

import pytest

from valor import MLP, Trainer, optimizer, schedule
from valor.exceptions import HyperparameterError


def test_it_is_what_a_number_is() -> None:
    ends = []
    for rate in (0.25, schedule("constant_rate", rate=0.25)):
        model = MLP(1, [2, 1], seed=3)
        descent = optimizer("gradient_descent", learning_rate=rate)
        Trainer(model, optimizer=descent).fit([0.5, 1.0], [1.0, 0.0], epochs=20)
        ends.append([parameter.data for parameter in model.parametros()])
    assert ends[0] == ends[1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("rate", 0.0),
        ("rate", -0.1),
        ("rate", float("nan")),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=rf"schedule 'constant_rate'.*{name}"):
        schedule("constant_rate", **{name: value})
