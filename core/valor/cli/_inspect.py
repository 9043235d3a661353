"""`valor inspect`: what is in a model file, a checkpoint, or the folder of a run.

What is found is a table of tables, which is printed as JSON, or as text for people. No plugin is
loaded for it.
"""

import json
import math
import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from valor.checkpoint import ModelDocument, Snapshot, read, read_snapshot
from valor.cli._folder import CHECKPOINT, FILES, MODEL, RUN
from valor.cli._text import aligned, json_text, visible
from valor.exceptions import CheckpointError, ConfigurationError
from valor.files import PREVIOUS, Columns

CHECKPOINT_LINE = re.compile(rb"valor-checkpoint (\d+)\n([0-9a-f]{64})\n")
MOST_LISTED = 8  # entries of a list, in a text
WIDEST = 100  # characters of a value, in a text
# What is said of a file in its first line, and what stands for the name of a table.
SAID = {"version": "version {}", "bytes": "{} bytes", "digest_fits": "its digest fits"}
HEADINGS = {"files": "files, in bytes", "last_epoch": "last epoch"}
# The place of a parameter: what layer it is of, and whether it is a weight or a bias.
_PLACE = re.compile(r"(camadas\[\d+\])\.neuronios\[\d+\]\.(pesos|vies)")

Facts = dict[str, Any]


def inspect(options: Any) -> int:
    """Tell what is in a file or a folder."""
    path = options.path
    found = _of_folder(path) if os.path.isdir(path) else _of_file(path)
    if options.json:
        print(json_text(found), end="")
        return 0
    files = found.pop("holds", [])
    print(*(visible(_text(each)) for each in (found, *files)), sep="\n\n")
    return 0


def _of_folder(path: str) -> Facts:
    """Return what is in the folder of a run: its files, and what is in those that can be told of.

    Raises:
        ConfigurationError: it has no such files.
        CheckpointError, ModelFileError: a file in it is damaged.
    """
    there = [name for name in FILES if os.path.exists(os.path.join(path, name))]
    told = [os.path.join(path, name) for name in (RUN, CHECKPOINT, MODEL) if name in there]
    if not told:
        raise ConfigurationError(
            f"{path}: it is not the folder of a run: there is no {RUN}, {CHECKPOINT} or {MODEL}"
        )
    sizes = {name: os.path.getsize(os.path.join(path, name)) for name in there}
    return {
        "kind": "folder of a run",
        "path": path,
        "files": sizes,
        "holds": [_of_file(each) for each in told],
    }


def _of_file(path: str) -> Facts:
    """Return what is in a file.

    Raises:
        CheckpointError, ModelFileError, ConfigurationError: it cannot be read, is damaged, or is
            something else.
    """
    try:
        size = os.path.getsize(path)
        with open(path, "rb") as file:
            beginning = file.read(100)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    # A damaged file is known by its name.
    name = os.path.basename(path)
    if beginning.startswith(b"valor-checkpoint ") or name.startswith(CHECKPOINT):
        snapshot = read_snapshot(path)
        line = CHECKPOINT_LINE.match(beginning)
        version, digest = (int(line[1]), line[2].decode()) if line else (None, None)
        facts = {"kind": "checkpoint", "path": path, "version": version, "bytes": size}
        return {**facts, "digest": digest, "digest_fits": True, **_of_snapshot(path, snapshot)}
    if name == RUN:
        return {"kind": "report of a run", "path": path, "bytes": size, **_of_report(path)}
    if beginning.lstrip()[:1] == b"{" or name == MODEL:
        document = read(path)
        with open(path, encoding="utf-8") as text:
            version = json.load(text)["version"]
        facts = {"kind": "model file", "path": path, "version": version, "bytes": size}
        return {**facts, **_of_model(document)}
    raise ConfigurationError(
        f"{path}: it is neither a model file, nor a checkpoint, nor the folder of a run"
    )


def _of_snapshot(path: str, snapshot: Snapshot) -> Facts:
    frozen = {snapshot.names[at] for at in snapshot.frozen}
    numbers = zip(snapshot.names, snapshot.parameters, strict=True)
    arrays = {
        "parameters": snapshot.parameters,
        **{f"state/{name}": column for name, column in snapshot.state.items()},
        "losses": snapshot.losses,
        **{f"history/{name}": column for name, column in snapshot.history.items()},
        "schedule": snapshot.schedule,
    }
    return {
        "previous": _of_previous(path + PREVIOUS),
        "progress": {
            "epochs": snapshot.epochs,
            "completed_epochs": snapshot.completed_steps // snapshot.steps_per_epoch,
            "completed_steps": snapshot.completed_steps,
            "steps_per_epoch": snapshot.steps_per_epoch,
            "epochs_of_earlier_runs": snapshot.first_epoch,
            "steps_of_earlier_runs": snapshot.first_step,
            "stopped_by": snapshot.stopped_by,
            "seed": snapshot.seed,
        },
        "settings": snapshot.settings,
        "last_epoch": {name: column[-1] for name, column in snapshot.history.items() if column},
        "parameters": _summaries((name, value, name in frozen) for name, value in numbers),
        "arrays": {name: len(column) for name, column in arrays.items()},
        "plugins": snapshot.plugins,
    }


def _of_previous(path: str) -> Facts | None:
    """Return what is to be told of the checkpoint before a checkpoint; None if there is none."""
    if not os.path.exists(path):
        return None
    facts: Facts = {"path": path, "bytes": os.path.getsize(path)}
    try:
        snapshot = read_snapshot(path)
    except CheckpointError as error:
        return {**facts, "damaged": str(error)}
    return {**facts, "completed_steps": snapshot.completed_steps}


def _of_model(document: ModelDocument) -> Facts:
    frozen, scaling = {*document.frozen}, document.scaling
    numbers = document.parameters.items()
    return {
        "network": {
            "widths": list(document.widths),
            "activations": [
                {"name": entry["name"], **entry["hyperparameters"]}
                for entry in document.activations
            ],
            "shared_parameters": len(document.shared),
        },
        "inputs": _of_columns(document.inputs, scaling and scaling.inputs),
        "targets": _of_columns(document.targets, scaling and scaling.targets),
        "parameters": _summaries((name, value, name in frozen) for name, value in numbers),
    }


def _of_columns(columns: Columns, pairs: Any) -> Facts:
    facts: Facts = {"columns": list(columns.names), "categories": dict(columns.categories)}
    if columns.targets and any(len(values) == 2 for values in columns.categories.values()):
        facts["threshold"] = columns.threshold
    return {**facts, "scaled": pairs is not None}


def _of_report(path: str) -> Facts:
    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: it is not the {RUN} of a run: {error}") from None
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path}: it is not the {RUN} of a run: it holds no table")
    document.pop("hooks", None)  # `valor plugins --hooks` is about them
    return {"last_epoch": document.pop("metrics", {}), "run": document}


def _summaries(parameters: Iterable[tuple[str, float, bool]]) -> list[Facts]:
    """Return a summary of the numbers of each layer, its weights and its biases apart.

    Args:
        parameters: of each its name, its number, and whether it is frozen.
    """
    groups: dict[str, list[tuple[float, bool]]] = {}
    for name, value, frozen in parameters:
        place = _PLACE.match(name)
        group = f"{place[1]} {place[2]}" if place else "others"
        groups.setdefault(group, []).append((value, frozen))
    return [
        {
            "layer": group,
            "numbers": len(entries),
            "frozen": sum(frozen for _, frozen in entries),
            "smallest": min(value for value, _ in entries),
            "mean": math.fsum(value / len(entries) for value, _ in entries),
            "largest": max(value for value, _ in entries),
        }
        for group, entries in groups.items()
    ]


def _text(facts: Facts) -> str:
    """Return facts as people read them: a line, then a part for each table."""
    title, parts = f"{facts['path']}: {facts['kind']}", []
    for name, value in facts.items():
        heading = HEADINGS.get(name, name)
        if isinstance(value, list):
            rows = [[*value[0]], *([_shown(each) for each in row.values()] for row in value)]
            lines = [f"  {line}" for line in aligned(rows, str.ljust)]
            parts.append("\n".join([heading, *lines]))
        elif isinstance(value, Mapping):
            cells = [[f"  {key}", _shown(each)] for key, each in value.items()]
            parts.append("\n".join([heading, *aligned(cells or [["  none"]], str.ljust)]))
        elif name in SAID:
            title += f", {SAID[name].format(value)}"
    return "\n\n".join([title, *parts])


def _shown(value: Any) -> str:
    """Return a value on one line, not too long."""
    if isinstance(value, bool):
        text = "yes" if value else "no"
    elif isinstance(value, float):
        text = f"{value:.6g}"
    elif isinstance(value, Mapping):
        text = ", ".join(f"{key}={_shown(each)}" for key, each in value.items() if key != "name")
        if "name" in value:
            text = f"{value['name']}({text})" if text else f"{value['name']}"
    elif isinstance(value, (list, tuple)):
        more = len(value) - MOST_LISTED
        text = ", ".join(map(_shown, value[:MOST_LISTED])) + (f" and {more} more" * (more > 0))
    else:
        text = "" if value is None else str(value)
    text = " ".join(text.split()) or "none"
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 3]}..."
