"""Every lifecycle hook: when it is called, with what, and what listening to it costs."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from valor import MLP, Trainer, Valor, hookimpl, hookspecs
from valor.contracts import GradientTransform, Penalty
from valor.exceptions import CannotCompileError

X = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0]]
Y = [1.0, 0.0, 0.2]
WITHIN = (
    "valor_after_forward",
    "valor_after_loss",
    "valor_before_backward",
    "valor_after_backward",
    "valor_before_step",
    "valor_after_step",
)


def listener(*hooks: str, act: Callable[..., None] | None = None) -> Any:
    """Return a callback that notes the calls of some hooks, and what else it was given."""

    class Listener:
        def __init__(self) -> None:
            self.calls: list[str] = []
            self.given: dict[str, list[dict[str, Any]]] = {}

        def note(self, hook: str, **given: Any) -> None:
            self.calls.append(hook.removeprefix("valor_"))
            self.given.setdefault(hook, []).append(given)
            if act is not None:
                act(hook, **given)

    for hook in hooks:
        names = [*inspect.signature(getattr(hookspecs, hook)).parameters]

        def call(self: Any, *given: Any, _hook: str = hook, _names: Any = names) -> None:
            self.note(_hook, **dict(zip(_names, given, strict=True)))

        # A function with exactly the hook's arguments, which is what pluggy looks at.
        arguments = ", ".join(["self", *names])
        scope: dict[str, Any] = {"call": call}
        exec(f"def {hook}({arguments}): call({arguments})", scope)
        setattr(Listener, hook, hookimpl(scope[hook]))
    return Listener()


def trainer(*callbacks: Any, **more: Any) -> Trainer:
    return Trainer(MLP(3, [2, 1], seed=0), callbacks=callbacks, **{"engine": "eager", **more})


def test_the_order_of_a_run() -> None:
    everything = listener(*hookspecs.LIFECYCLE)
    trainer(everything).fit(X, Y, epochs=1, batch_size=2, validation=(X, Y))
    within = [
        "before_batch",
        "after_forward",
        "after_loss",
        "before_backward",
        "after_backward",
        "before_step",
        "after_step",
        "after_batch",
    ]
    assert everything.calls == [
        "before_training",
        "before_epoch",
        *within,
        "after_steps",
        *within,
        *("before_validation", "after_validation", "after_epoch", "should_stop", "after_steps"),
        "after_training",
    ]


def test_what_the_hooks_within_a_step_are_given() -> None:
    heard = listener(*WITHIN, "valor_after_batch")
    double = GradientTransform("double", lambda gradients: [2 * g for g in gradients])
    ones = Penalty("ones", lambda parameter: 0 * parameter + 1.0)
    chosen = trainer(heard, penalties=[ones], gradient_transforms=[double])
    first = [[chosen.model(row)] for row in X]
    run = chosen.fit(X, Y, epochs=1)
    (outputs,) = heard.given["valor_after_forward"]
    assert [[o.data for o in row] for row in outputs["outputs"]] == [
        [o.data for o in row] for row in first
    ]
    (loss,), (total,) = heard.given["valor_after_loss"], heard.given["valor_before_backward"]
    by_hand = sum((row[0].data - y) ** 2 for row, y in zip(first, Y, strict=True))
    assert loss["loss"].data == pytest.approx(by_hand, rel=1e-15)
    assert total["loss"].data == pytest.approx(by_hand + len(chosen.model.parametros()), rel=1e-15)
    (batch,) = heard.given["valor_after_batch"]
    assert batch["loss"] == total["loss"].data == run.history["loss"][0]
    (step,) = heard.given["valor_before_step"]
    assert step["gradients"] == [2 * p.grad for p in chosen.model.parametros()]


def test_gradients_may_be_changed_after_the_backward_pass() -> None:
    def halve(hook: str, run: Any) -> None:
        for parameter in run.model.parametros():
            parameter.grad /= 2

    halved = trainer(listener("valor_after_backward", act=halve))
    transformed = trainer(
        gradient_transforms=[GradientTransform("halve", lambda gs: [g / 2 for g in gs])]
    )
    assert list(halved.fit(X, Y, epochs=5).history["loss"]) == list(
        transformed.fit(X, Y, epochs=5).history["loss"]
    )


def test_the_gradients_before_a_step_are_a_copy() -> None:
    heard = listener("valor_before_step", act=lambda hook, run, gradients: gradients.clear())
    assert list(trainer(heard).fit(X, Y, epochs=3).history["loss"]) == list(
        trainer().fit(X, Y, epochs=3).history["loss"]
    )


@pytest.mark.parametrize("hook", WITHIN)
def test_an_engine_without_a_graph_is_refused_by_name(hook: str) -> None:
    with pytest.raises(CannotCompileError, match=f"'native'.*'Listener' listens to {hook}"):
        trainer(listener(hook), engine="native").fit(X, Y, epochs=1)
    run = trainer(listener(hook), engine="auto").fit(X, Y, epochs=1)
    assert run.engine == "eager"
    assert f"listens to {hook}, within a step" in run.engine_reason


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_listening_to_batches_changes_no_bits(engine: str) -> None:
    heard = listener("valor_before_batch", "valor_after_batch")
    loud, silent = trainer(heard, engine=engine), trainer(engine=engine)
    assert list(loud.fit(X, Y, epochs=4, batch_size=2).history["loss"]) == list(
        silent.fit(X, Y, epochs=4, batch_size=2).history["loss"]
    )
    assert heard.calls == ["before_batch", "after_batch"] * 8
    assert [p.data for p in loud.model.parametros()] == [p.data for p in silent.model.parametros()]


@pytest.mark.parametrize("call", [1, 2])
@pytest.mark.parametrize("hook", ["valor_before_epoch", "valor_before_batch", "valor_after_batch"])
def test_what_a_hook_puts_on_the_model_counts_from_the_first_step_on(hook: str, call: int) -> None:
    found = []
    for engine in ("eager", "native"):
        left = [call]

        def change(name: str, run: Any, left: list[int] = left, **_: Any) -> None:
            left[0] -= 1
            if not left[0]:
                first, second, *_ = run.model.parametros()
                first.data, second.trainable = 0.375, False

        chosen = trainer(listener(hook, act=change), engine=engine)
        run = chosen.fit(X, Y, epochs=3, batch_size=2)
        found.append((list(run.history["loss"]), [p.data for p in chosen.model.parametros()]))
    silent = trainer()
    silent.fit(X, Y, epochs=3, batch_size=2)
    assert found[0] == found[1]
    assert found[0][1] != [p.data for p in silent.model.parametros()]


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_a_batch_is_on_the_books_when_it_is_told_of(engine: str) -> None:
    seen = []

    def note(hook: str, run: Any, **_: Any) -> None:
        seen.append((hook, run.completed_steps, run.model.parametros()[0].data))

    chosen = trainer(listener("valor_before_batch", "valor_after_batch", act=note), engine=engine)
    chosen.fit(X, Y, epochs=1, batch_size=2)
    assert [(hook.split("_")[1], steps) for hook, steps, _ in seen] == [
        ("before", 0),
        ("after", 1),
        ("before", 1),
        ("after", 2),
    ]
    assert seen[1][2] == seen[2][2] != seen[0][2]


@pytest.mark.parametrize("hook", [*WITHIN, "valor_before_batch", "valor_after_batch"])
def test_a_hook_that_fails_within_a_step_leaves_the_last_completed_one(hook: str) -> None:
    def fail(name: str, run: Any, **_: Any) -> None:
        if run.completed_steps == (4 if hook == "valor_after_batch" else 3):
            raise ZeroDivisionError("bang")

    failing = trainer(listener(hook, act=fail))
    with pytest.raises(ZeroDivisionError) as caught:
        failing.fit(X, Y, epochs=10)
    assert any(hook in note and "'Listener'" in note for note in caught.value.__notes__)
    done = 4 if hook in ("valor_after_batch", "valor_after_step") else 3
    assert failing.run is not None
    assert failing.run.completed_steps == len(failing.run.history) == done
    whole = trainer()
    whole.fit(X, Y, epochs=done)
    assert [p.data for p in failing.model.parametros()] == [
        p.data for p in whole.model.parametros()
    ]


@pytest.mark.parametrize("hook", WITHIN)
def test_within_a_step_the_books_are_those_of_the_step_before(hook: str) -> None:
    seen = []
    heard = listener(hook, act=lambda name, run, **_: seen.append(run.completed_steps))
    trainer(heard).fit(X, Y, epochs=9)
    assert seen == list(range(9))


def test_who_listens_is_listed_in_the_order_of_the_calls() -> None:
    first, second = listener("valor_after_epoch"), listener("valor_after_epoch")
    run = trainer(first, second).fit(X, Y, epochs=3)
    assert [(use.hook, use.plugin, use.calls) for use in run.hooks] == [
        ("valor_after_epoch", "plugin 'Listener#2'", 3),
        ("valor_after_epoch", "plugin 'Listener'", 3),
    ]
    assert all(use.seconds > 0 for use in run.hooks)


def test_the_validation_report_has_the_metrics() -> None:
    heard = listener("valor_after_validation", "valor_after_epoch")
    run = trainer(heard).fit(X, Y, epochs=2, validation=(X[:1], Y[:1]))
    for hook in ("valor_after_validation", "valor_after_epoch"):
        reports = [given["report"] for given in heard.given[hook]]
        assert [report.epoch for report in reports] == [1, 2]
        assert [report.metrics["validation_loss"] for report in reports] == list(
            run.history["validation_loss"]
        )


def test_an_output_that_is_heard_of_is_the_graphs_own() -> None:
    kept: list[Valor] = []
    heard = listener(
        "valor_after_forward", act=lambda hook, run, outputs: kept.append(outputs[0][0])
    )
    trainer(heard).fit(X, Y, epochs=1)
    assert kept[0].progenitor
    assert kept[0].grad != 0
