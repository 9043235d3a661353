"""sum_squared_error: (p - t)**2 summed over outputs and samples, the lesson's loss."""

import pytest

from valor import MLP, Trainer, Valor, loss
from valor_plugins.losses.sum_squared_error import sum_squared_error


@pytest.mark.parametrize(
    ("predicted", "target", "value", "slopes"),
    [
        ([3.0], [1.0], 4.0, [4.0]),
        ([1.0], [3.0], 4.0, [-4.0]),
        ([2.5], [2.5], 0.0, [0.0]),
        ([3.0, 1.0], [1.0, 2.0], 5.0, [4.0, -2.0]),
        ([0.5, -1.5, 2.0], [1.0, 1.0, 1.0], 7.5, [-1.0, -5.0, 2.0]),
    ],
)
def test_value_and_slopes(
    predicted: list[float], target: list[float], value: float, slopes: list[float]
) -> None:
    scalars = [Valor(p) for p in predicted]
    result = sum_squared_error(scalars, target)
    result.propagar_tudo()
    assert result.data == value
    assert [scalar.grad for scalar in scalars] == slopes


def test_samples_are_summed() -> None:
    assert loss("sum_squared_error").reduction == "sum"
    model = MLP(1, [2], activation="identity")
    for parameter in model.parametros():
        parameter.data = 1.0
    # Outputs are (x + 1, x + 1): errors of (1, 2), (2, 3) and (3, 4).
    trainer = Trainer(model, loss="sum_squared_error")
    result = trainer.evaluate([1.0, 2.0, 3.0], [[1.0, 0.0]] * 3)
    assert result == {"loss": 1.0 + 4.0 + 4.0 + 9.0 + 9.0 + 16.0}


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        sum_squared_error([Valor(1.0), Valor(2.0)], [1.0])
