"""Event files read by TensorBoard itself."""

import math
from pathlib import Path
from typing import Any

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from valor import MLP, Trainer, hookimpl
from valor_plugins.callbacks.checkpoint import checkpoint
from valor_plugins.callbacks.distributions import distribution
from valor_plugins.callbacks.event_file import EventFile
from valor_plugins.callbacks.tensorboard_log import tensorboard_log

X, Y = [[0.5, -1.0], [1.5, 0.25], [-0.5, 2.0]], [1.0, 0.0, 0.5]


def read(folder: Path) -> Any:
    everything = {"scalars": 0, "histograms": 0}
    accumulator = EventAccumulator(str(folder), size_guidance=everything)
    accumulator.Reload()
    return accumulator


def trained(*callbacks: Any, epochs: int, seed: int = 0, **more: Any) -> Any:
    trainer = Trainer(MLP(2, [3, 1], seed=seed), callbacks=callbacks)
    return trainer.fit(X, Y, epochs=epochs, validation=(X, Y), **more)


def assert_scalars(found: Any, run: Any) -> None:
    for name in run.history:
        events = found.Scalars(name)
        assert [event.step for event in events] == list(range(1, len(run.history) + 1))
        assert [event.value for event in events] == pytest.approx(
            list(run.history[name]), rel=2**-23
        )


def test_scalars_and_histograms_are_read_as_they_were_written(tmp_path: Path) -> None:
    log = tensorboard_log(path=str(tmp_path), histograms_every=2)
    run = trained(log, epochs=6)
    found = read(tmp_path)
    assert_scalars(found, run)
    assert len(found.Tags()["histograms"]) == 8
    histograms = found.Histograms("weights/camadas[0].pesos")
    assert [event.step for event in histograms] == [2, 4, 6]
    weights = [peso.data for neuron in run.model.camadas[0].neuronios for peso in neuron.pesos]
    last = histograms[-1].histogram_value
    assert (last.min, last.max, last.num) == (min(weights), max(weights), 6)
    assert last.sum == pytest.approx(math.fsum(weights))
    assert sum(last.bucket) == 6
    assert last.bucket_limit == sorted(last.bucket_limit)


def test_a_resumed_run_continues_the_curve(tmp_path: Path) -> None:
    class Fails:
        @hookimpl
        def valor_after_epoch(self, report: Any) -> None:
            if report.epoch == 8:
                raise RuntimeError("enough")

    folder, saved = str(tmp_path / "tb"), str(tmp_path / "run.valor")
    callbacks = [
        tensorboard_log(path=folder, histograms_every=2),
        checkpoint(path=saved, every_epochs=3),
    ]
    with pytest.raises(RuntimeError):
        trained(*callbacks, Fails(), epochs=12)
    run = trained(*callbacks, epochs=12, resume_from=saved)
    found = read(Path(folder))
    assert_scalars(found, run)
    steps = [event.step for event in found.Histograms("weights/camadas[0].pesos")]
    assert steps == [2, 4, 6, 8, 10, 12]


def test_a_new_run_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    trained(tensorboard_log(path=str(tmp_path)), epochs=9, seed=1)
    run = trained(tensorboard_log(path=str(tmp_path)), epochs=4)
    assert_scalars(read(tmp_path), run)


def test_a_file_that_was_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    trained(tensorboard_log(path=str(tmp_path)), epochs=5)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    for cut in (1, 20, 60):
        path.write_bytes(whole[:-cut])
        assert [event.step for event in read(tmp_path).Scalars("loss")][:4] == [1, 2, 3, 4]


def test_odd_numbers_and_names(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    numbers = [("ü / é", math.nan), ("large", 1e300), ("small", 1e-300), ("none", -math.inf)]
    file.add(
        2**40, numbers, [("same", distribution([2.0] * 3, 30)), ("empty", distribution([], 5))]
    )
    file.write()
    found = read(tmp_path)
    values = {name: found.Scalars(name)[0] for name, _ in numbers}
    assert {event.step for event in values.values()} == {2**40}
    assert math.isnan(values["ü / é"].value)
    assert (values["large"].value, values["small"].value) == (math.inf, 0.0)
    assert values["none"].value == -math.inf
    assert found.Histograms("same")[0].histogram_value.num == 3
    assert found.Histograms("empty")[0].histogram_value.num == 0
