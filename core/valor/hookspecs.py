"""Every hook: who calls it, when, in what order, what the answer does, and an example.

There are two grammars. *Collection* hooks take no arguments and yield records; the plugin manager
calls each once, when it loads the plugin. *Lifecycle* hooks are called by the trainer during a run,
in this order: before training; before each epoch; before and after each batch, and within its step;
at the end of an epoch validation, after the epoch, the votes to stop; after steps; after training.
They are called on the callbacks of the run first (the last one given first), then on the other
plugins (the last one loaded first), unless a plugin asks otherwise with ``hookimpl(tryfirst=True)``
or ``hookimpl(trylast=True)``. A hook may leave out arguments that it has no use for.
Hooks are plain functions: there are no hook wrappers, which would come between a hook that fails
and the name of its plugin.

An exception out of a hook stops what called it, and carries a note that names the plugin, its
distribution and the hook.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

from valor.contracts import (
    Activation,
    Callback,
    Engine,
    Exporter,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Reader,
    Scaler,
    Schedule,
)

if TYPE_CHECKING:
    from valor._graph import Valor
    from valor._run import EpochReport, Run

PROJECT = "valor"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def valor_register_activations() -> Iterable[Activation]:  # type: ignore[empty-body]
    """Yield activations, to be named in ``MLP(…, activation="swish")``.

    Called by the manager when it loads the plugin. Example::

        @hookimpl
        def valor_register_activations():
            yield Activation(name="swish", call=lambda v: v * v.sig())
    """


@hookspec
def valor_register_losses() -> Iterable[Loss]:  # type: ignore[empty-body]
    """Yield losses, to be named in ``Trainer(…, loss="absolute_error")``.

    Called by the manager when it loads the plugin. Example::

        def absolute_error(predicted, target):
            return sum(abs(p - t) for p, t in zip(predicted, target))

        @hookimpl
        def valor_register_losses():
            yield Loss(name="absolute_error", call=absolute_error)
    """


@hookspec
def valor_register_penalties() -> Iterable[Penalty]:  # type: ignore[empty-body]
    """Yield penalties, to be named in ``Trainer(…, penalties=["squared_weights"])``.

    Called by the manager when it loads the plugin. Example::

        @hookimpl
        def valor_register_penalties():
            yield Penalty("squared_weights", lambda p, *, weight=0.01: weight * p**2)
    """


@hookspec
def valor_register_optimizers() -> Iterable[Optimizer]:  # type: ignore[empty-body]
    """Yield optimizers, to be named in ``Trainer(…, optimizer="sign_descent")``.

    Called by the manager when it loads the plugin. Example::

        def sign_descent(parameter, gradient, state, step, *, learning_rate=0.01):
            return parameter - where(gradient > 0, learning_rate, -learning_rate), state

        @hookimpl
        def valor_register_optimizers():
            yield Optimizer(name="sign_descent", call=sign_descent)
    """


@hookspec
def valor_register_gradient_transforms() -> Iterable[GradientTransform]:  # type: ignore[empty-body]
    """Yield gradient transforms, to be named in ``Trainer(…, gradient_transforms=["halve"])``.

    Called by the manager when it loads the plugin. Example::

        @hookimpl
        def valor_register_gradient_transforms():
            yield GradientTransform("halve", lambda gradients: [g / 2 for g in gradients])
    """


@hookspec
def valor_register_schedules() -> Iterable[Schedule]:  # type: ignore[empty-body]
    """Yield schedules, to stand in ``optimizer("…", learning_rate=schedule("halfway"))``.

    Called by the manager when it loads the plugin. Example::

        def halfway(step, total_steps, *, first=0.1):
            return first if step <= total_steps / 2 else first / 10

        @hookimpl
        def valor_register_schedules():
            yield Schedule(name="halfway", call=halfway)
    """


@hookspec
def valor_register_initializers() -> Iterable[Initializer]:  # type: ignore[empty-body]
    """Yield initializers, to be named in ``MLP(…, initializer="narrow")``.

    Called by the manager when it loads the plugin. Example::

        @hookimpl
        def valor_register_initializers():
            yield Initializer("narrow", lambda random, fan_in, fan_out: random.uniform(-0.1, 0.1))
    """


@hookspec
def valor_register_metrics() -> Iterable[Metric]:  # type: ignore[empty-body]
    """Yield metrics, to be named in ``Trainer.evaluate(x, y, metrics=["worst_error"])``.

    Called by the manager when it loads the plugin. Example::

        def worst_error(predicted, target):
            return max(abs(p - t) for ps, ts in zip(predicted, target) for p, t in zip(ps, ts))

        @hookimpl
        def valor_register_metrics():
            yield Metric(name="worst_error", call=worst_error)
    """


@hookspec
def valor_register_exporters() -> Iterable[Exporter]:  # type: ignore[empty-body]
    """Yield exporters of graphs, to be named in ``valor.exporter("edges")`` and ``valor graph``.

    Called by the manager when it loads the plugin. Example::

        def edges(root):
            return "\\n".join(f"{n.operador_mae} {n.data}" for n in topological_order(root))

        @hookimpl
        def valor_register_exporters():
            yield Exporter(name="edges", call=edges, suffixes=(".txt",))
    """


@hookspec
def valor_register_readers() -> Iterable[Reader]:  # type: ignore[empty-body]
    """Yield readers of data files, chosen by suffix or by name.

    Called by the manager when it loads the plugin. Example::

        def read_json(path):
            with open(path, encoding="utf-8") as file:
                return json.load(file)

        @hookimpl
        def valor_register_readers():
            yield Reader(name="json", call=read_json, suffixes=(".json",))
    """


@hookspec
def valor_register_scalers() -> Iterable[Scaler]:  # type: ignore[empty-body]
    """Yield scalers, to be named in ``Trainer.fit(x, y, scale_inputs="halve")``.

    Called by the manager when it loads the plugin. Example::

        @hookimpl
        def valor_register_scalers():
            yield Scaler("halve", lambda values: (0.0, 0.5))
    """


@hookspec
def valor_register_callbacks() -> Iterable[Callback]:  # type: ignore[empty-body]
    """Yield callbacks by name, to be named in ``Trainer(…, callbacks=["stop_below"])`` and in TOML.

    Called by the manager when it loads the plugin. Each run that names the callback calls the
    formula for an object of its own. Example::

        @hookimpl
        def valor_register_callbacks():
            yield Callback("stop_below", lambda *, loss=0.01: StopBelow(loss))
    """


@hookspec
def valor_register_engines() -> Iterable[Engine]:  # type: ignore[empty-body]
    """Yield engines, to be named in ``Trainer(…, engine="mine")``.

    Called by the manager when it loads the plugin. Example::

        @hookimpl
        def valor_register_engines():
            yield Engine(name="mine", compile=MyProgram)
    """


@hookspec
def valor_before_training(run: "Run") -> None:
    """Prepare for a run.

    Called by the trainer once, after all arguments were checked and before the first step. An
    exception ends the run before anything was changed.

    Args:
        run: the run, with no step completed.
    """


@hookspec
def valor_before_epoch(run: "Run") -> None:
    """Look at the state between two epochs.

    Called by the trainer before each epoch. Listening here makes the trainer stop at each epoch.

    Args:
        run: the run; its `completed_epochs` tells where it stands.
    """


@hookspec
def valor_before_batch(run: "Run") -> None:
    """Look at the state before a step.

    Called by the trainer before each batch. Listening here makes the engine take one step at a
    time.

    Args:
        run: the run; its `completed_steps` tells where it stands.
    """


@hookspec
def valor_after_forward(run: "Run", outputs: "list[list[Valor]]") -> None:
    """Look at what the model says of a batch.

    Called by the eager engine within each step, before losses are computed. The hooks within a step
    (this one and the five that follow it) need the visible graph: where anybody listens to them,
    the engine is eager.

    Args:
        run: the run; its `completed_steps` are those before this step.
        outputs: the outputs of each sample of the batch, as scalars of the graph.
    """


@hookspec
def valor_after_loss(run: "Run", loss: "Valor") -> None:
    """Look at the loss of a batch, without penalties.

    Called by the eager engine within each step.

    Args:
        run: the run.
        loss: the loss, summed or averaged over the batch, as a scalar of the graph.
    """


@hookspec
def valor_before_backward(run: "Run", loss: "Valor") -> None:
    """Look at the graph of a step before gradients are computed.

    Called by the eager engine within each step, once its loss is known to be finite.

    Args:
        run: the run.
        loss: the loss of the batch with its penalties, the root of the graph.
    """


@hookspec
def valor_after_backward(run: "Run") -> None:
    """Look at the gradients of a step, or change them.

    Called by the eager engine within each step, before the gradient transforms. The gradients are
    on the parameters, ``run.model.parametros()``; what `grad` holds when this returns is what
    counts.

    Args:
        run: the run.
    """


@hookspec
def valor_before_step(run: "Run", gradients: "list[float]") -> None:
    """Look at the gradients that the optimizer is about to be given.

    Called by the eager engine within each step, after the gradient transforms.

    Args:
        run: the run.
        gradients: one number for each trainable parameter; a copy, which changes nothing.
    """


@hookspec
def valor_after_step(run: "Run") -> None:
    """Look at the parameters right after a step was applied.

    Called by the eager engine within each step, at its end; the step is not on the run's books yet.
    Under every engine, `valor_after_batch` comes next.

    Args:
        run: the run; its `completed_steps` are those before this step.
    """


@hookspec
def valor_after_batch(run: "Run", loss: float) -> None:
    """See what a step brought.

    Called by the trainer after each batch. Listening here makes the engine take one step at a time.

    Args:
        run: the run, with the step on its books.
        loss: the loss of the batch, as it was before the step.
    """


@hookspec
def valor_before_validation(run: "Run") -> None:
    """Look at the state before the validation at the end of an epoch.

    Called by the trainer after each epoch of a run that has validation data or metrics.

    Args:
        run: the run.
    """


@hookspec
def valor_after_validation(run: "Run", report: "EpochReport") -> None:
    """See what the validation at the end of an epoch brought.

    Called by the trainer after each epoch of a run that has validation data or metrics, before
    `valor_after_epoch`.

    Args:
        run: the run; its history has the numbers already.
        report: the epoch's number, loss and metrics.
    """


@hookspec
def valor_after_epoch(run: "Run", report: "EpochReport") -> None:
    """Look at what an epoch brought: print it, draw it, write it down.

    Called by the trainer after each epoch, before `valor_should_stop`. Listening here makes the
    trainer stop at each epoch. A run that was broken off while the end of an epoch was told, and
    saved after that, tells of this epoch once more when it is resumed: who counts has to compare
    `report.epoch`.

    Args:
        run: the run.
        report: the epoch's number, loss and metrics.
    """


@hookspec
def valor_should_stop(run: "Run", report: "EpochReport") -> Any:
    """Answer whether the run should end after this epoch: any plugin's true answer ends it.

    Called by the trainer after each epoch, of every plugin. `Run.stopped_by` names the first that
    answered yes. Example::

        class StopBelow:
            def __init__(self, loss):
                self.loss = loss

            @hookimpl
            def valor_should_stop(self, report):
                return report.loss < self.loss

    Args:
        run: the run.
        report: the epoch's number, loss and metrics.
    """


@hookspec
def valor_after_steps(run: "Run") -> None:
    """See how far the run has come, without slowing it down: for progress, and for checkpoints.

    Called by the trainer each time the engine comes back: at the latest after half a second, or
    after one step where a step takes longer; and at each epoch or batch that somebody listens to.
    Listening here does not make the trainer stop at each epoch, so several may have passed since
    the last call; `Run.history` has them all. At an epoch that somebody listens to it comes last:
    whoever saves the run here saves what everybody else made of the epoch.

    A run is ended here, also within an epoch, by giving `Run.stopped_by` a name; unlike a vote,
    that is not kept in a checkpoint, so that the run can be resumed.

    Args:
        run: the run; `completed_steps`, `completed_epochs` and `report` tell where it stands.
    """


@hookspec
def valor_save_checkpoint(run: "Run") -> Any:
    """Give what a plugin has to remember of a run, so that a resumed run goes on as if nothing was.

    Called by the trainer when the run is saved (`Run.save_checkpoint`). The answer is kept in the
    file under the plugin's name: None, finite numbers, texts, True, False, lists and dicts of them.
    Example::

        @hookimpl
        def valor_save_checkpoint(self):
            return {"best": self.best, "waited": self.waited}

    Args:
        run: the run.
    """


@hookspec
def valor_load_checkpoint(run: "Run", state: Any) -> None:
    """Take back what `valor_save_checkpoint` gave.

    Called by the trainer once, when a run is resumed from a file, after `valor_before_training`; of
    those plugins only of whose name there is something in the file.

    Args:
        run: the run, as it was when it was saved.
        state: what this plugin's `valor_save_checkpoint` gave.
    """


@hookspec
def valor_after_training(run: "Run") -> None:
    """Finish: write files, close what was opened.

    Called by the trainer once, when a run ends by itself, by a vote, or by Ctrl-C.

    Args:
        run: the finished run.
    """


@hookspec
def valor_on_training_error(run: "Run", error: BaseException) -> None:
    """Take note of a run that failed; the error is raised after this.

    Called by the trainer once, instead of `valor_after_training`, when a formula, a hook or a
    number that is not finite ended the run.

    Args:
        run: the run, in the state of the last completed step.
        error: what ended it.
    """


# In the order in which a run calls them.
LIFECYCLE = tuple(
    name
    for name in list(globals())
    if name.startswith("valor_") and not name.startswith("valor_register_")
)
