"""What a callback watches, and whether more of it is better."""

import math
import re
from typing import Any

import pytest

from valor import Metric, PluginManager
from valor.exceptions import InvalidArgumentError
from valor_plugins.callbacks.monitor import Monitor


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("loss", False),
        ("validation_loss", False),
        ("mean_squared_error", False),
        ("validation_mean_absolute_error", False),
        ("accuracy", True),
        ("validation_accuracy", True),
        ("auc", True),
        ("r2", True),
        ("validation_f1", True),
    ],
)
def test_a_name_tells_whether_more_is_better(name: str, more: bool) -> None:
    monitor = Monitor("example")
    assert monitor.is_better(name, 2.0, than=1.0) is more
    assert monitor.is_better(name, 1.0, than=2.0) is not more
    assert not monitor.is_better(name, 1.0, than=1.0)


def test_the_direction_of_every_bundled_metric_is_known(bundled: PluginManager) -> None:
    records = [record for plugin in bundled.plugins for record in plugin.records]
    metrics = [record.name for record in records if isinstance(record, Metric)]
    for name in metrics:
        if name != "confusion_matrix":  # which is no number
            assert isinstance(Monitor("example").is_better(name, 2.0, than=1.0), bool)


@pytest.mark.parametrize("name", ["profit", "validation_ndcg", "<lambda>", "loss_of_customers"])
def test_a_name_that_does_not_tell_is_an_error(name: str) -> None:
    with pytest.raises(
        InvalidArgumentError, match="example: mode must be 'min' or 'max'"
    ) as caught:
        Monitor("example").is_better(name, 2.0, than=1.0)
    assert repr(name) in str(caught.value)
    assert Monitor("example", mode="max").is_better(name, 2.0, than=1.0)
    assert Monitor("example", mode="min").is_better(name, 1.0, than=2.0)


def test_the_mode_that_was_given_counts() -> None:
    assert Monitor("example", mode="max").is_better("loss", 2.0, than=1.0)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_never_better(mode: str, value: float) -> None:
    for than in (None, 0.0):
        assert not Monitor("example", mode=mode).is_better("loss", value, than=than)
    assert Monitor("example", mode=mode).is_better("loss", 1e308, than=None)


@pytest.mark.parametrize(
    ("mode", "value", "better"),
    [("min", 0.74, True), ("min", 0.75, False), ("max", 1.26, True), ("max", 1.25, False)],
)
def test_it_has_to_be_better_by_more_than_the_delta(mode: str, value: float, better: bool) -> None:
    monitor = Monitor("example", mode=mode, min_delta=0.25)
    assert monitor.is_better("loss", value, than=1.0) is better


def test_a_column_that_is_behind_is_not_there(trainer: Any, fit: Any) -> None:
    run = fit(trainer(), 3)
    run.history.extend("behind", [1.0])
    with pytest.raises(InvalidArgumentError, match="history, loss, not 'behind'"):
        Monitor("example", "behind", "min").better(run, None)
    run.history.extend("behind", [1.0, 0.5])
    assert Monitor("example", "behind", "min").better(run, 0.75) == 0.5
    assert Monitor("example", "behind", "min").better(run, 0.5) is None


@pytest.mark.parametrize(
    ("column", "more", "remedy"),
    [
        ("val_loss", {"validation": 0.3}, ", did you mean 'validation_loss'?"),
        ("r2", {"validation": 0.3, "metrics": ["r2"]}, ", did you mean 'validation_r2'?"),
        ("val_r2", {"validation": 0.3, "metrics": ["r2"]}, ", did you mean 'validation_r2'?"),
        ("validation_loss", {}, "; there are no validation data: give fit some, such as vali"),
        ("val_loss", {}, "; there are no validation data: give fit some, such as vali"),
        ("los", {}, ", did you mean 'loss'?"),
        ("profit", {}, "not 'profit'"),
    ],
)
def test_what_was_meant_is_told(
    trainer: Any, fit: Any, column: str, more: dict[str, Any], remedy: str
) -> None:
    run = fit(trainer(), 1, **more)
    with pytest.raises(InvalidArgumentError, match=re.escape(remedy)):
        Monitor("example", column).better(run, None)
