"""Every hook: who calls it, when, in what order, what the answer does, and an example.

There are two grammars. *Collection* hooks take no arguments and yield records; the plugin manager
calls each once, when it loads the plugin. *Lifecycle* hooks are called by the trainer during a run;
they are called on the callbacks of the run first (the last one given first), then on the other
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
    Schedule,
)

if TYPE_CHECKING:
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
def valor_after_steps(run: "Run") -> None:
    """See how far the run has come, without slowing it down: for progress on a screen.

    Called by the trainer each time the engine comes back: at the latest after half a second, or
    after one step where a step takes longer; and at each epoch that somebody listens to. Listening
    here does not make the trainer stop at each epoch, so several may have passed since the last
    call; `Run.history` has them all.

    Args:
        run: the run; `completed_steps`, `completed_epochs` and `report` tell where it stands.
    """


@hookspec
def valor_before_epoch(run: "Run") -> None:
    """Look at the state between two epochs.

    Called by the trainer before each epoch. Listening here makes the trainer stop at each epoch.

    Args:
        run: the run; its `completed_epochs` tells where it stands.
    """


@hookspec
def valor_after_epoch(run: "Run", report: "EpochReport") -> None:
    """Look at what an epoch brought: print it, draw it, write it down.

    Called by the trainer after each epoch, before `valor_should_stop`. Listening here makes the
    trainer stop at each epoch.

    Args:
        run: the run.
        report: the epoch's number and loss.
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
        report: the epoch's number and loss.
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
