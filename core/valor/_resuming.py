"""From a run to its checkpoint, and back.

A run is resumed to the same bits only if everything else is as it was: model, loss, optimizer, data
and the order of the samples. What may differ is how long it is to be, who listens, and the engine.
"""

import warnings
from array import array
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from valor._loop import Loop
from valor._manager import PluginManager
from valor._preparation import Prepared
from valor._rates import Rates
from valor._run import Run
from valor.contracts import Formula, Loss, Optimizer, Plan
from valor.exceptions import CheckpointError, CheckpointWarning, shown
from valor.functions import number

if TYPE_CHECKING:
    from valor.checkpoint import Snapshot

NAMES = {"data": "the training data", "validation": "the validation data"}


def settings_of(
    model: Any, loss: Loss, optimizer: Optimizer, samples: Prepared, plan: Plan
) -> dict[str, Any]:
    """Return what a run is made of, in plain values, to be compared with that of a checkpoint."""
    measured = samples.measured
    return {
        "model": _structure(model),
        "loss": _described(loss),
        "optimizer": _described(optimizer),
        "penalties": [_described(penalty) for penalty in plan.penalties],
        "gradient_transforms": [_described(each) for each in plan.gradient_transforms],
        "metrics": [] if measured is None else [_described(each) for each in measured.metrics],
        "mode": plan.mode,
        "samples": len(plan.inputs),
        "batch_size": plan.batch_size,
        "shuffle": plan.shuffle,
        "data": samples.digest,
        "validation": samples.validation_digest,
    }


def seed_for(
    given: int | None, drawn: int | None, needed: bool, snapshot: "Snapshot | None"
) -> int:
    """Return what the order of the samples follows from: drawn where nobody says.

    Args:
        given: the trainer's seed.
        drawn: one that was drawn for an earlier run of the trainer.
        needed: whether anything follows from it.
        snapshot: what the run goes on from.
    """
    if snapshot is not None and (given is None or not needed):
        return snapshot.seed
    for known in (given, drawn):
        if known is not None:
            return known
    if not needed:
        return 0
    import secrets

    return secrets.randbits(32)


def resumed_plan(
    snapshot: "Snapshot",
    path: str,
    model: Any,
    loss: Loss,
    optimizer: Optimizer,
    samples: Prepared,
    plan: Plan,
    rates: Rates,
) -> Plan:
    """Return the plan of a run that goes on from a checkpoint; `rates` goes on from there too.

    Raises:
        CheckpointError: it is of another run; the text says what differs.
    """
    try:
        settings = settings_of(model, loss, optimizer, samples, plan)
        _check(snapshot, settings, plan, model, rates)
        state = _state_of(snapshot, optimizer)
    except CheckpointError as error:
        raise CheckpointError(
            f"{path}: this is another run: {error}; give what the checkpoint has, or begin anew, "
            "without it"
        ) from None
    return attrs.evolve(
        plan,
        first_epoch=snapshot.first_epoch,
        first_step=snapshot.first_step,
        completed_steps=snapshot.completed_steps,
        state=state,
    )


def _check(
    snapshot: "Snapshot", settings: Mapping[str, Any], plan: Plan, model: Any, rates: Rates
) -> None:
    """See that a run is the one of a checkpoint."""
    faults = []
    if plan.seed != snapshot.seed:
        faults.append(f"seed is {plan.seed}, but {snapshot.seed} in the checkpoint")
    for name, here in settings.items():
        there = snapshot.settings.get(name)
        if there != here:
            if name in NAMES:
                faults.append(f"{NAMES[name]} are not those of the checkpoint")
            else:
                faults.append(f"{name} is {_told(here)}, but {_told(there)} in the checkpoint")
    names = [parameter.rotulo for parameter in model.parametros()]
    if names != list(snapshot.names):
        faults.append(
            f"the model has {len(names)} parameters, {_ends(names)}, but the checkpoint "
            f"{len(snapshot.names)}, {_ends(snapshot.names)}"
        )
    if snapshot.steps_per_epoch != plan.steps_per_epoch:
        faults.append(
            f"an epoch has {plan.steps_per_epoch} steps, but {snapshot.steps_per_epoch} in the "
            "checkpoint"
        )
    elif snapshot.completed_steps > plan.epochs * plan.steps_per_epoch:
        done = snapshot.completed_steps // snapshot.steps_per_epoch
        faults.append(f"epochs is {plan.epochs}, but {done} are done in the checkpoint")
    if not faults and not rates.restore(snapshot.schedule):
        faults.append("the schedule of the learning rate remembers other things")
    if faults:
        raise CheckpointError("; ".join(faults))


def restore(snapshot: "Snapshot", run: Run) -> None:
    """Put the numbers of a checkpoint on a run and its model."""
    frozen = set(snapshot.frozen)
    for position, parameter in enumerate(run.model.parametros()):
        parameter.data = snapshot.parameters[position]
        parameter.trainable = position not in frozen
    for name, column in snapshot.history.items():
        # Numbers of an epoch whose end not everybody has heard of are measured again.
        run.history.extend(name, column if name == "loss" else column[: snapshot.closed_epochs])
    run.completed_steps = snapshot.completed_steps
    run.stopped_by = snapshot.stopped_by


def tell_plugins(snapshot: "Snapshot", run: Run, manager: PluginManager) -> None:
    """Give every plugin back what it wanted kept."""
    for name, state in snapshot.plugins.items():
        if not manager.tell("valor_load_checkpoint", name, run=run, state=state):
            warnings.warn(
                f"the checkpoint has something of plugin {name!r}, which does not take part in "
                "this run, and is left out",
                CheckpointWarning,
                stacklevel=4,
            )


def snapshot_of(
    run: Run,
    plan: Plan,
    samples: Prepared,
    optimizer: Optimizer,
    rates: Rates,
    state: Sequence[tuple[float, ...]] | None,
    loop: Loop | None,
    values: Sequence[float] | None,
    plugins: Mapping[str, Any],
) -> "Snapshot":
    """Return all that it takes to go on with a run.

    Args:
        run, plan, samples, optimizer, rates: of the run.
        state: the optimizer's state; None before the first step.
        loop: what has done the steps; None before the first.
        values: the parameters' numbers, if they are not those on the model.
        plugins: what each plugin wants kept, by its name.
    """
    from valor.checkpoint import Snapshot

    parameters = run.model.parametros()
    if state is None:
        state = [tuple(float(value) for value in optimizer.state.values())] * len(parameters)
    if values is None:
        values = [float(number(parameter.data)) for parameter in parameters]
    return Snapshot(
        settings=settings_of(run.model, run.loss, optimizer, samples, plan),
        epochs=run.epochs,
        steps_per_epoch=run.steps_per_epoch,
        completed_steps=run.completed_steps,
        closed_epochs=run.completed_epochs if loop is None else loop.closed_epochs,
        first_epoch=plan.first_epoch,
        first_step=plan.first_step,
        seed=plan.seed,
        stopped_by="" if loop is None else loop.vote,
        names=[parameter.rotulo for parameter in parameters],
        frozen=[at for at, parameter in enumerate(parameters) if not parameter.trainable],
        parameters=array("d", values),
        state={
            name: array("d", [row[at] for row in state]) for at, name in enumerate(optimizer.state)
        },
        losses=array("d") if loop is None else loop.losses,
        history={name: run.history[name] for name in run.history},
        schedule=rates.kept(),
        plugins=plugins,
    )


def _state_of(snapshot: "Snapshot", optimizer: Optimizer) -> list[tuple[float, ...]]:
    """Return the optimizer's state as an engine takes it."""
    if list(snapshot.state) != list(optimizer.state):
        raise CheckpointError(
            f"{optimizer} remembers {_listed(optimizer.state)}, but {_listed(snapshot.state)} in "
            "the checkpoint"
        )
    if not snapshot.state:
        return [()] * len(snapshot.parameters)
    return list(zip(*snapshot.state.values(), strict=True))


def _structure(model: Any) -> Any:
    """Return what a model computes, as far as that can be told: its layers, or its class."""
    layers = getattr(model, "camadas", None)
    if layers is None:
        return type(model).__qualname__
    return [[len(layer.neuronios), _described(layer.activation)] for layer in layers]


def _described(record: Formula) -> dict[str, Any]:
    """Return a record in plain values."""
    values = {
        name: _described(value) if isinstance(value, Formula) else _plain(value)
        for name, value in record.hyperparameters.items()
    }
    return {"name": record.name, **values}


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None or type(value) in (bool, int, float, str) else repr(value)


def _told(setting: Any) -> str:
    """Return a setting as an error shows it."""
    if isinstance(setting, dict) and "name" in setting:
        rest = ", ".join(f"{key}={_told(each)}" for key, each in setting.items() if key != "name")
        return f"{setting['name']}({rest})" if rest else str(setting["name"])
    if isinstance(setting, list):
        return f"[{', '.join(map(_told, setting))}]"
    return shown(setting) if setting is not None else "not there"


def _ends(names: Sequence[str]) -> str:
    return shown(names[0]) if len(names) == 1 else f"{shown(names[0])} to {shown(names[-1])}"


def _listed(names: Mapping[str, Any]) -> str:
    return ", ".join(names) or "nothing"
