"""Penalties beside the weight decay of PyTorch and the `alpha` of scikit-learn."""

from typing import Any

import pytest
import torch
from sklearn.linear_model import Lasso, Ridge
from sklearn.neural_network import MLPClassifier, MLPRegressor

from valor import MLP, Trainer, optimizer, penalty

torch.set_default_dtype(torch.float64)

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
Y = [1.0, 0.0, 0.2, 0.5]
RATE, STEPS = 0.05, 100


def of_torch(first: list[float], decay: float, added: Any) -> list[float]:
    """Train a single tanh neuron; return its parameters."""
    parameters = torch.tensor(first, requires_grad=True)
    sgd = torch.optim.SGD([parameters], lr=RATE, weight_decay=decay)
    for _ in range(STEPS):
        sgd.zero_grad()
        outputs = torch.tanh(torch.tensor(X) @ parameters[:-1] + parameters[-1])
        error = torch.nn.functional.mse_loss(outputs, torch.tensor(Y)) + added(parameters)
        error.backward()
        sgd.step()
    return parameters.tolist()


@pytest.mark.parametrize(
    ("name", "weight", "decay", "added"),
    [
        ("l2", 0.05, 0.1, lambda parameters: 0.0),  # a weight decay is twice the weight
        ("l2", 0.05, 0.0, lambda parameters: 0.05 * (parameters**2).sum()),
        ("l1", 0.05, 0.0, lambda parameters: 0.05 * parameters.abs().sum()),
    ],
)
def test_training(name: str, weight: float, decay: float, added: Any) -> None:
    model = MLP(3, [1], activation="tanh", seed=3)
    (neuronio,) = model.camadas[0].neuronios
    parameters = [*neuronio.pesos, neuronio.vies]
    first = [parameter.data for parameter in parameters]
    Trainer(
        model,
        loss="mean_squared_error",
        optimizer=optimizer("gradient_descent", learning_rate=RATE),
        penalties=[penalty(name, weight=weight)],
    ).fit(X, Y, epochs=STEPS)
    found = [parameter.data for parameter in parameters]
    assert found == pytest.approx(of_torch(first, decay, added), rel=1e-12)
    assert found != pytest.approx(of_torch(first, 0.0, lambda parameters: 0.0), rel=1e-3)


# Those of scikit-learn leave the bias out. The mean of these inputs and of these numbers is 0, and
# a mirror image of each sample has the other class, so that the bias is 0 with and without.
BALANCED = [[1.0, 2.0], [-1.0, -2.0], [0.5, -1.0], [-0.5, 1.0], [2.0, 0.0], [-2.0, 0.0]]
NUMBERS = [3.0, -3.0, 1.0, -1.0, 2.5, -2.5]
CLASSES = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0]
ALPHA, COUNT = 0.6, len(NUMBERS)
LINEAR = {"hidden_layer_sizes": (), "solver": "lbfgs", "alpha": ALPHA, "tol": 1e-12}


@pytest.mark.parametrize(
    ("name", "weight", "loss", "y", "estimator"),
    [
        ("l2", ALPHA, "sum_squared_error", NUMBERS, Ridge(alpha=ALPHA, tol=1e-12)),
        ("l1", 2 * ALPHA, "mean_squared_error", NUMBERS, Lasso(alpha=ALPHA, tol=1e-12)),
        (
            "l2",
            ALPHA / COUNT,
            "mean_squared_error",
            NUMBERS,
            MLPRegressor(**LINEAR),
        ),
        (
            "l2",
            ALPHA / (2 * COUNT),
            "binary_cross_entropy_from_logits",
            CLASSES,
            MLPClassifier(**LINEAR),
        ),
    ],
    ids=["Ridge", "Lasso", "MLPRegressor", "MLPClassifier"],
)
def test_scikit_learn(name: str, weight: float, loss: str, y: list[float], estimator: Any) -> None:
    estimator.fit(BALANCED, y)
    expected = estimator.coefs_[0][:, 0] if hasattr(estimator, "coefs_") else estimator.coef_
    model = MLP(2, [1], activation="identity", seed=0)
    Trainer(
        model,
        loss=loss,
        optimizer=optimizer("gradient_descent", learning_rate=0.02, momentum=0.9),
        penalties=[penalty(name, weight=weight)],
    ).fit(BALANCED, y, epochs=5000)
    (neuronio,) = model.camadas[0].neuronios
    assert [p.data for p in neuronio.pesos] == pytest.approx(list(expected), rel=1e-5)
    assert neuronio.vies.data == pytest.approx(0.0, abs=0.03)
