"""Damaged configurations, models and checkpoints, read under a guard.

Run with a kind of file, the number of the first case, and how many, it prints how often each
outcome was met, and every case that ended in something else than success or an error of
`valor.exceptions`. The same numbers make the same cases.
"""

import collections
import hashlib
import importlib.resources
import itertools
import json
import random
import re
import resource
import shutil
import sys
import tempfile
import tomllib
import traceback
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tomli_w
from guard import Forbidden, Guard, limit_memory
from mutations import damaged, reshaped, unfolded, without_none

from valor import MLP, Trainer, activation, callback, hookimpl, optimizer, schedule
from valor.checkpoint import load, read, read_snapshot, save
from valor.config import Configuration, effective_text
from valor.config import read as read_configuration
from valor.exceptions import CheckpointWarning, ValorError
from valor.files import Columns

WARM_UP = 200  # cases that may import what errors are made with
MOST_NEURONS = 300  # of a network that is built; more would only take longer
X, Y = [[0.0, 1.0], [1.0, 0.5], [0.25, -1.0], [2.0, 0.0], [-1.0, 1.5]], [0.1, 0.9, 0.4, 0.6, 0.3]

EVERYTHING = r"""
# Every table there is, and every way to write one.
loss = "huber"
metrics = ["r2", { name = "mean_squared_error" }]
data.x = [[0, 1.5], [1, -2.0], [1e-3, 0x1F], [+4.0, 0b101], [1_000.0, 0o17], [0.5, 2.5]]
data."y" = [
    0.5,  # one a sample
    0.5, 4, 4.0,
    0.5, 4
]

[model]
layers = [3, 2, 1]
activation = ["tanh", { name = "leaky_relu", slope = 0.2 }, 'valor-framework:identity']
initializer = { name = "normal" }
seed = 7

[optimizer]
name = "adam"
learning_rate = { name = "cosine_decay", "first" = 0.1 }

[training]
epochs = 12
batch_size = 2
shuffle = true
engine = "eager"
mode = "exact"
threads = 1
validation = 0.25
class_weight = { "0.5" = 1.0, '4' = 2 }
scale_inputs = "standard"
scale_targets = { name = "min_max" }

[[penalties]]
name = "l2"
weight = 0.001
[[penalties]]
name = "l1"

[[gradient_transforms]]
name = "clip_by_norm"

[[callbacks]]
name = "csv_log"
path = '''history "of" it.csv'''
[[callbacks]]
name = "early_stopping"
patience = 3

[output]
folder = '''
a folder'''
checkpoint_every = 2.5
"""
OF_A_FILE = """
[data]
file = "prices.csv"
reader = { name = "csv", delimiter = ";" }
inputs = ["size", "colour", "año"]
target = "price"
categorical = ["colour"]

[model]
layers = [4, 1]
activation = "softplus"

[training]
epochs = 100
validation = "other.csv"
"""


class Counts:
    """Keeps something in checkpoints, and takes back whatever it is given."""

    kept: Any = (1, {"a": [0.5, None, "é"]})

    @hookimpl
    def valor_save_checkpoint(self) -> Any:
        return [1, {"a": [0.5, None, "é"]}]

    @hookimpl
    def valor_load_checkpoint(self, state: Any) -> None:
        self.kept = state


class Saves:
    """Writes a checkpoint after each step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @hookimpl
    def valor_after_batch(self) -> None:
        """Listen, so that there is a call after each step."""

    @hookimpl(trylast=True)
    def valor_after_steps(self, run: Any) -> None:
        run.save_checkpoint(self.folder / f"step{run.completed_steps}.valor")


def resumable(kind: int, own: Path, *callbacks: Any) -> Trainer:
    """Return one of several trainers, always the same; what it writes is in a folder of its own."""
    if kind:
        named = ("histograms", "tensorboard_log")
        callbacks = (*(callback(name, path=str(own / name)) for name in named), *callbacks)
    rate = schedule("on_plateau", patience=1) if kind else 0.1
    chosen = optimizer("adam" if kind else "gradient_descent", learning_rate=rate)
    return Trainer(
        MLP(2, [2, 1], activation="tanh", seed=kind),
        optimizer=chosen,
        engine="eager",
        seed=5,
        callbacks=["early_stopping", Counts(), *callbacks],
    )


def fit(trainer: Trainer, kind: int, **more: Any) -> Any:
    given: dict[str, Any] = {"batch_size": 2, "shuffle": True, **more}
    if kind:
        given["validation"] = 0.4
    return trainer.fit(X, Y, epochs=4, **given)


# What is damaged


def configurations(folder: Path) -> list[bytes]:
    example = importlib.resources.files("valor.cli") / "templates" / "valor.toml"
    text = example.read_text(encoding="utf-8")
    data, _, rest = text.partition("[model]")
    switched_on = f"{data}[model]{re.sub('^#(?! )', '', rest, flags=re.MULTILINE)}"
    return [each.encode() for each in (text, switched_on, EVERYTHING, OF_A_FILE)]


def models(folder: Path) -> list[bytes]:
    large = MLP(3, [2, 2, 1], activation=["tanh", activation("elu", alpha=0.5), "identity"], seed=1)
    large.camadas[0].neuronios[1].pesos[0] = large.camadas[0].neuronios[0].pesos[0]
    large.camadas[1].neuronios[0].vies.trainable = False
    Trainer(large).fit(
        [[1, 2, 3], [4, 5, 7]], [1, 2], epochs=1, scale_inputs="standard", scale_targets="min_max"
    )
    inputs = Columns(["size", "colour"], {"colour": ["blue", "grün"]})
    save(MLP(2, [1], seed=0), folder / "0.json")
    save(large, folder / "1.json", inputs=inputs, targets=["price"])
    save(MLP(1, [3], seed=2), folder / "2.json", targets=Columns(["a"], {"a": [1, 2, 3.5]}))
    contents = [(folder / f"{number}.json").read_bytes() for number in range(3)]
    first = json.loads(contents[0])  # as version 1 would have written it
    first = {key: value for key, value in first.items() if key not in NEW_IN_2} | {"version": 1}
    return [*contents, json.dumps(first).encode()]


NEW_IN_2 = ("categories", "threshold", "scaling")


def checkpoints(folder: Path) -> list[bytes]:
    found = []
    for kind in range(2):
        fit(resumable(kind, folder / "callbacks", Saves(folder)), kind)
        found += [(folder / f"step{step}.valor").read_bytes() for step in (1, 5, 7)]
    return found


# How it is damaged


def any_damage(draw: random.Random, contents: Sequence[bytes], number: int) -> bytes:
    return damaged(draw, contents[number], contents)


def damaged_configuration(draw: random.Random, contents: Sequence[bytes], number: int) -> bytes:
    if draw.random() < 0.5:
        return any_damage(draw, contents, number)
    tree = without_none(reshaped(draw, tomllib.loads(contents[number].decode())))
    return unfolded(tomli_w.dumps(tree), "=").encode("utf-8", "surrogatepass")


def damaged_json(draw: random.Random, content: bytes) -> bytes:
    tree = reshaped(draw, json.loads(content))
    text = json.dumps(tree, ensure_ascii=draw.random() < 0.8)
    return unfolded(text, ":").encode("utf-8", "surrogatepass")


def damaged_model(draw: random.Random, contents: Sequence[bytes], number: int) -> bytes:
    if draw.random() < 0.4:
        return any_damage(draw, contents, number)
    return damaged_json(draw, contents[number])


def damaged_in_a_seal(draw: random.Random, contents: Sequence[bytes], number: int) -> bytes:
    """Damage a checkpoint, and give it the digest of what it then says."""
    magic, _, rest = contents[number].split(b"\n", 2)
    line, _, numbers = rest.partition(b"\n")
    how = draw.random()
    if how < 0.7:
        line = damaged_json(draw, line)
    elif how < 0.8:
        numbers = damaged(draw, numbers, contents)
    else:
        line = damaged(draw, line, contents)
    body = line + b"\n" + numbers
    return magic + b"\n" + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


# What is done with it


def use_configuration(path: str, number: int) -> str:
    configuration = read_configuration(path)
    effective_text(configuration, "elsewhere")
    layers = configuration.tables.model.layers or ()
    widths = (3, *layers[:10])
    if sum(a * b for a, b in itertools.pairwise(widths)) > MOST_NEURONS or len(layers) > 10:
        return "read"
    configuration.trainer(3)
    if configuration.tables.data.x is None:
        return "built"
    prepare(configuration)
    return "prepared"


def prepare(configuration: Configuration) -> None:
    configuration.fit_arguments(configuration.samples())


def use_model(path: str, number: int) -> str:
    read(path)
    model = load(path)
    model([0.5] * len(model.camadas[0].neuronios[0].pesos))
    return "loaded"


def use_checkpoint(path: str, number: int) -> str:
    read_snapshot(path)
    return "read"


def resume(path: str, number: int) -> str:
    kind = number // 3
    read_snapshot(path)
    fit(resumable(kind, Path(path).with_name("own")), kind, resume_from=path)
    return "resumed"


Damage = Callable[[random.Random, Sequence[bytes], int], bytes]
KINDS: dict[str, tuple[Callable[[Path], list[bytes]], Damage, Callable[[str, int], str]]] = {
    "configuration": (configurations, damaged_configuration, use_configuration),
    "model": (models, damaged_model, use_model),
    "checkpoint": (checkpoints, any_damage, use_checkpoint),
    "document": (checkpoints, damaged_in_a_seal, resume),
}


def main(kind: str, first: str, count: str) -> None:
    make, damage, use = KINDS[kind]
    outcomes: collections.Counter[str] = collections.Counter()
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "callbacks").mkdir()
        contents = make(folder)
        path = folder / "case"
        own = folder / "own"
        guard = Guard(str(path), str(own))

        def outcome(case: str, watched: bool) -> str:
            draw = random.Random(f"{kind}:{case}")
            number = draw.randrange(len(contents))
            path.write_bytes(damage(draw, contents, number))
            if use is resume:  # callbacks go on with what they wrote
                shutil.rmtree(own, ignore_errors=True)
                shutil.copytree(folder / "callbacks", own)
            try:
                if not watched:
                    return use(str(path), number)
                return str(guard.call(lambda: use(str(path), number)))
            except ValorError as error:
                str(error)
                return type(error).__name__
            except (Exception, Forbidden) as error:
                if watched:
                    text = f"{type(error).__name__}: {error}"[:300]
                    *_, place = traceback.extract_tb(error.__traceback__)
                    faults.append(f"{kind} {case}: {text} {guard.noted} at {place}")
                return "FAULT"

        for number, content in enumerate(contents):
            path.write_bytes(content)
            use(str(path), number)
        for case in range(WARM_UP):
            outcome(f"warm-up {case}", watched=False)
        limit_memory()
        for case in range(int(first), int(first) + int(count)):
            outcomes[outcome(str(case), watched=True)] += 1
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result = {"outcomes": outcomes, "faults": faults, "slowest": guard.slowest, "kib": largest}
    print(json.dumps(result))


if __name__ == "__main__":
    warnings.simplefilter("ignore", CheckpointWarning)
    main(*sys.argv[1:])
