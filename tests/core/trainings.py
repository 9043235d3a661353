"""Random trainings to test with: what is drawn by a number, and what runs it and keeps it all."""

import functools
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

import valor
from valor import MLP, Activation, Initializer, Metric, Optimizer, Schedule, Trainer, hookimpl
from valor.exceptions import NonFiniteError

MANAGER = valor.plugin_manager(environment=False)

# What goes together: a loss, the last activation, how many outputs, and what the targets are.
TASKS: dict[str, tuple[str, str | None, Sequence[int], str]] = {
    "regression": ("sum_squared_error", None, (1, 2), "numbers"),
    "mean regression": ("mean_squared_error", "identity", (1, 2), "numbers"),
    "absolute": ("mean_absolute_error", "identity", (1, 2), "numbers"),
    "huber": ("huber", "identity", (1,), "numbers"),
    "cosh": ("log_cosh", "softsign", (1, 3), "numbers"),
    "counts": ("poisson", "softplus", (1,), "counts"),
    "probability": ("binary_cross_entropy", "sigmoid", (1, 2), "truths"),
    "logit": ("binary_cross_entropy_from_logits", "identity", (1, 2), "truths"),
    "margin": ("hinge", "identity", (1,), "truths"),
    "squared margin": ("squared_hinge", "identity", (1,), "truths"),
    "classes": ("categorical_cross_entropy", "softmax", (2, 3), "classes"),
    "class logits": ("categorical_cross_entropy_from_logits", "identity", (2, 3), "classes"),
    "shares": ("kullback_leibler", "softmax", (2, 3), "classes"),
}
# So small that something happens within a few steps.
SMALL: dict[str, Any] = {"every": 3, "cycle": 2, "steps": 3, "patience": 0, "threshold": 0.1}


class Broken(Exception):
    """What a hook raises here."""


@attrs.frozen
class Case:
    """One training.

    Attributes:
        network, trainer, fit: the arguments of `MLP`, `Trainer` and `Trainer.fit`.
        callbacks: their names and hyperparameters; paths are within the folder of a run.
        epochs: of each call of `fit`, one after the other.
        frozen: the share of the parameters that are not trained.
        draw: for what a test draws itself.
    """

    network: dict[str, Any]
    trainer: dict[str, Any]
    fit: dict[str, Any]
    callbacks: list[tuple[str, dict[str, Any]]]
    epochs: list[int]
    frozen: float
    draw: int


def provided(kind: Any) -> list[Any]:
    return [each for plugin in MANAGER.plugins for each in plugin.records if type(each) is kind]


def number(draw: random.Random) -> float:
    """Return a number that every kind of array holds."""
    return draw.randint(-16, 16) / 8


def target(draw: random.Random, kind: str, width: int) -> list[float]:
    if kind == "classes":
        right = draw.randrange(width)
        return [float(place == right) for place in range(width)]
    if kind == "numbers":
        return [number(draw) for _ in range(width)]
    return [float(draw.randint(0, 4 if kind == "counts" else 1)) for _ in range(width)]


def optimizer_of(draw: random.Random) -> Optimizer:
    chosen: Optimizer = draw.choice(provided(Optimizer))
    rate: Any = 10 ** draw.uniform(-3, -0.5)
    if draw.random() < 0.5:
        schedule: Schedule = draw.choice(provided(Schedule))
        known = schedule.hyperparameters
        rate = schedule.bind(**{name: SMALL[name] for name in SMALL if name in known})
    more = {"momentum": 0.9} if "momentum" in chosen.hyperparameters else {}
    return chosen.bind(learning_rate=rate, **more)


def samples(draw: random.Random, count: int, inputs: int, kind: str, width: int) -> Any:
    x = [[number(draw) for _ in range(inputs)] for _ in range(count)]
    return x, [target(draw, kind, width) for _ in range(count)]


@functools.cache
def case(number: int) -> Case:
    draw = random.Random(f"training:{number}")
    loss, last, widths, kind = TASKS[draw.choice(list(TASKS))]
    inputs, width, count = draw.randint(1, 3), draw.choice(widths), draw.randint(2, 9)
    hidden = [draw.randint(1, 3) for _ in range(draw.choice([0, 1, 1, 2]))]
    between = [draw.choice(provided(Activation)) for _ in hidden]
    x, y = samples(draw, count, inputs, kind, width)
    fit: dict[str, Any] = {
        "x": x,
        "y": y,
        "batch_size": draw.choice([None, 1, 2, 3, count]),
        "shuffle": draw.random() < 0.5,
        "validation": draw.choice([None, 0.3, samples(draw, 2, inputs, kind, width)]),
        "scale_inputs": draw.choice([None, None, "standard", "min_max"]),
        "scale_targets": draw.choice([None, "standard"]) if kind == "numbers" else None,
        "sample_weight": draw.choice([None, None, [draw.choice([0.5, 1, 2]) for _ in x]]),
    }
    if kind == "classes" or (kind == "truths" and width == 1):
        fit["class_weight"] = draw.choice([None, "balanced", {0: 1.0, 1: 0.5, 2: 2.0}])
    metrics = provided(Metric)
    if kind in ("numbers", "counts"):  # they are no classes
        metrics = [each for each in metrics if each.name in ("r2", "mean_squared_error")]
    fit["metrics"] = draw.sample(metrics, draw.choice([0, 0, 2]))
    callbacks: list[tuple[str, dict[str, Any]]] = [
        ("early_stopping", {"patience": draw.randint(1, 2), "min_delta": draw.choice([0.0, 0.1])}),
        ("best_model", {"path": "best.json"}),
        ("csv_log", {"path": "history.csv"}),
        ("json_log", {"path": "history.jsonl"}),
        ("learning_rate_log", {}),
        ("loss_curve", {"path": "loss.svg"}),
        ("nan_detector", {}),
        ("time_limit", {"seconds": 1e6}),
    ]
    trainer = {
        "loss": loss,
        "optimizer": optimizer_of(draw),
        "seed": draw.randint(0, 9),
        "penalties": draw.choice([(), (), ("l1",), ("l2", "l1")]),
        "gradient_transforms": draw.choice([(), (), ("clip_by_norm",), ("clip_by_value",)]),
    }
    network = {
        "num_dados_entrada": inputs,
        "num_neuronios_por_camada": [*hidden, width],
        "activation": [*between, last],
        "initializer": draw.choice(provided(Initializer)),
        "seed": draw.randint(0, 9),
    }
    return Case(
        network,
        trainer,
        fit,
        draw.sample(callbacks, draw.choice([0, 1, 2, 4])),
        [draw.randint(1, 5) for _ in range(draw.choice([1, 1, 2]))],
        draw.choice([0.0, 0.0, 0.4]),
        draw.randrange(2**32),
    )


class Bench:
    """Trains what a case says, in folders of its own.

    Args:
        chosen: the case.
        folder: where to make them.
    """

    def __init__(self, chosen: Case, folder: Path) -> None:
        self.case, self.root = chosen, folder
        self.draw = random.Random(chosen.draw)
        self.rate = chosen.trainer["optimizer"].hyperparameters["learning_rate"]

    def folder(self) -> Path:
        made = self.root / str(len(list(self.root.iterdir())))
        made.mkdir()
        return made

    def trainer(
        self, engine: str, folder: Path, *listeners: Any, seed: int | None = None, without: str = ""
    ) -> Trainer:
        """Make a trainer; with a seed, of a model with other numbers, of which none is frozen."""
        network = self.case.network if seed is None else {**self.case.network, "seed": seed}
        model = MLP(**network, plugins=MANAGER)
        freeze = random.Random(self.case.draw)
        for parameter in model.parametros():
            parameter.trainable = seed is not None or freeze.random() >= self.case.frozen
        callbacks = []
        for name, more in self.case.callbacks:
            if name != without:
                given = {**more, "path": str(folder / more["path"])} if "path" in more else more
                callbacks.append(valor.callback(name, plugins=MANAGER, **given))
        return Trainer(
            model,
            **self.case.trainer,
            engine=engine,
            callbacks=[*callbacks, *listeners],
            plugins=MANAGER,
        )

    def fit(self, trainer: Trainer, epochs: int, **more: Any) -> dict[str, Any]:
        """Return all that a run leaves, to be compared bit for bit."""
        failed = ""
        try:
            trainer.fit(epochs=epochs, **{**self.case.fit, **more})
        except (Broken, KeyboardInterrupt, NonFiniteError) as error:
            failed = str(error)
        run = trainer.run
        assert run is not None
        return {
            "failed": failed,
            "stopped by": run.stopped_by,
            "steps": run.completed_steps,
            "history": {name: bits(run.history[name]) for name in run.history},
            "parameters": bits([p.data for p in trainer.model.parametros()]),
            "trainable": [p.trainable for p in trainer.model.parametros()],
            "state": [bits(row) for row in trainer._state or ()],
            "rate": bits([run.learning_rate]),
        }

    def all(self, engine: str, *listeners: Any) -> dict[str, Any]:
        """Return what every call of `fit` leaves, and the files."""
        there = self.folder()
        trainer = self.trainer(engine, there, *listeners)
        runs = [self.fit(trainer, epochs) for epochs in self.case.epochs]
        return {"runs": runs, "files": files(there)}


def bits(numbers: Sequence[float]) -> list[str]:
    return [float(each).hex() for each in numbers]


def files(folder: Path) -> dict[str, bytes]:
    ours = (each for each in folder.iterdir() if not each.name.startswith("run.valor"))
    return {each.name: each.read_bytes() for each in sorted(ours)}


def listening(hooks: Sequence[str], act: Callable[[str, Any], object]) -> Any:
    """Make a callback with hooks that do something with the run."""

    def method(hook: str) -> Any:
        def call(self: Any, run: Any) -> None:
            act(hook, run)

        return hookimpl(call)

    return type("Listening", (), {"waits": False, **{hook: method(hook) for hook in hooks}})()
