"""What several tests of metrics judge: outputs and targets of two classes, and of three."""

import pytest

Rows = list[list[float]]


@pytest.fixture
def two() -> tuple[Rows, Rows]:
    """Of class 1: three of four are found, and one is no such. Of class 0: five of six are."""
    predicted = [0.9, 0.8, 0.7, 0.2, 0.6, 0.1, 0.3, 0.4, 0.0, 0.5]
    target = [1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    return [[p] for p in predicted], [[t] for t in target]


@pytest.fixture
def three() -> tuple[Rows, Rows]:
    """Four of class 0, two of class 1, two of class 2; counted by hand, the confusion matrix is

    3 1 0
    0 1 1
    1 0 1
    """
    predicted = [
        [0.6, 0.3, 0.1],
        [0.5, 0.2, 0.3],
        [0.9, 0.1, 0.0],
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.2, 0.3, 0.5],
        [0.4, 0.3, 0.3],
        [0.1, 0.3, 0.6],
    ]
    target = [[float(c == k) for k in range(3)] for c in (0, 0, 0, 0, 1, 1, 2, 2)]
    return predicted, target
