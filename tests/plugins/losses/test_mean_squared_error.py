"""mean_squared_error: (p - t)**2 averaged over outputs and over the samples of a batch."""

import pytest

from valor import MLP, Trainer, Valor, loss, optimizer
from valor_plugins.losses.mean_squared_error import mean_squared_error


@pytest.mark.parametrize(
    ("predicted", "target", "value", "slopes"),
    [
        ([3.0], [1.0], 4.0, [4.0]),
        ([1.0], [3.0], 4.0, [-4.0]),
        ([3.0, 1.0], [1.0, 2.0], 2.5, [2.0, -1.0]),
        ([0.5, -1.5, 2.0, 1.0], [1.0, 1.0, 1.0, 0.5], 1.9375, [-0.25, -1.25, 0.5, 0.25]),
    ],
)
def test_value_and_slopes(
    predicted: list[float], target: list[float], value: float, slopes: list[float]
) -> None:
    scalars = [Valor(p) for p in predicted]
    result = mean_squared_error(scalars, target)
    result.propagar_tudo()
    assert result.data == value
    assert [scalar.grad for scalar in scalars] == slopes


def test_samples_are_averaged() -> None:
    assert loss("mean_squared_error").reduction == "mean"
    model = MLP(1, [2], activation="identity")
    for parameter in model.parametros():
        parameter.data = 1.0
    # Outputs are (x + 1, x + 1): errors of (1, 2), (2, 3), (3, 4) and (4, 5).
    trainer = Trainer(
        model,
        loss="mean_squared_error",
        optimizer=optimizer("gradient_descent", learning_rate=0.5),
    )
    data = [1.0, 2.0, 3.0, 4.0], [[1.0, 0.0]] * 4
    expected = (1.0 + 4.0 + 4.0 + 9.0 + 9.0 + 16.0 + 16.0 + 25.0) / 8
    assert trainer.evaluate(*data) == {"loss": expected}
    assert trainer.fit(*data, epochs=1).history["loss"][0] == expected
    # By the first weight: the sum over samples of 2 (x) x / 2 / 4, with errors of 1, 2, 3, 4.
    by_weight = (1 * 1 + 2 * 2 + 3 * 3 + 4 * 4) * 2 / 8
    by_bias = (1 + 2 + 3 + 4) * 2 / 8
    assert [p.data for p in model.parametros()][:2] == [1 - 0.5 * by_weight, 1 - 0.5 * by_bias]


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        mean_squared_error([Valor(1.0), Valor(2.0)], [1.0])
