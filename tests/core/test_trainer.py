"""`Trainer`: its arguments, its hooks, what it predicts and how it evaluates."""

from typing import Any

import pytest

from valor import (
    MLP,
    Callback,
    Metric,
    Trainer,
    Valor,
    hookimpl,
    optimizer,
)
from valor.exceptions import (
    HyperparameterError,
    InvalidArgumentError,
    InvalidNumberError,
    UnknownNameError,
    ValorError,
)


@pytest.fixture(params=["eager", "native"], autouse=True)
def engine_name(request: pytest.FixtureRequest) -> str:
    """What is promised here holds whichever engine runs."""
    name: str = request.param
    return name


# Arguments


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"model": None}, InvalidArgumentError, "model must be a network to call.*not None"),
        ({"model": lambda x: x}, InvalidArgumentError, "model must be a network.*parametros"),
        ({"loss": "sum_squared_eror"}, UnknownNameError, "did you mean 'sum_squared_error'"),
        ({"loss": 3}, InvalidArgumentError, "loss must be the name of a loss.*not 3"),
        ({"optimizer": "gradient"}, UnknownNameError, "no optimizer is named 'gradient'"),
        ({"optimizer": lambda p, g, s, n: p}, InvalidArgumentError, "optimizer must be the name"),
        ({"engine": "nativ"}, UnknownNameError, "no engine is named 'nativ'"),
        ({"engine": 1}, InvalidArgumentError, "engine must be the name"),
        ({"mode": "quick"}, InvalidArgumentError, "mode must be one of exact, fast, not 'quick'"),
        ({"seed": 1.0}, InvalidArgumentError, "seed must be an int or None, not 1.0"),
        ({"seed": True}, InvalidArgumentError, "seed must be an int or None, not True"),
        ({"callbacks": "progress"}, InvalidArgumentError, "callbacks must be a list"),
        ({"callbacks": ["progres!"]}, UnknownNameError, "no callback is named 'progres!'"),
        ({"penalties": 0.1}, InvalidArgumentError, "penalties must be a list, not 0.1"),
        ({"penalties": ["none such"]}, UnknownNameError, "no penalty is named"),
        ({"gradient_transforms": "clip"}, InvalidArgumentError, "gradient_transforms must be a l"),
        ({"gradient_transforms": [1]}, InvalidArgumentError, "gradient_transforms must be the na"),
    ],
)
def test_arguments_are_refused_by_name(
    network: Any, bundled: Any, arguments: dict[str, Any], error: type[ValorError], message: str
) -> None:
    with pytest.raises(error, match=message):
        Trainer(**{"model": network(), "plugins": bundled, **arguments})


@pytest.mark.parametrize("rate", [0, -0.1, float("nan"), float("inf"), "0.1", None, True])
def test_a_bad_learning_rate_is_refused_when_it_is_bound(bundled: Any, rate: Any) -> None:
    with pytest.raises(HyperparameterError, match=r"optimizer 'gradient_descent'.*learning_rate"):
        optimizer("gradient_descent", learning_rate=rate, plugins=bundled)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"epochs": 0}, "epochs must be an int of at least 1, not 0"),
        ({"epochs": -3}, "epochs must be an int of at least 1, not -3"),
        ({"epochs": 1.0}, "epochs must be an int of at least 1, not 1.0"),
        ({"epochs": "10"}, "epochs must be an int of at least 1, not '10'"),
        ({"epochs": True}, "epochs must be an int of at least 1, not True"),
        ({"epochs": None}, "epochs must be an int of at least 1, not None"),
        ({"epochs": 1, "batch_size": 0}, "batch_size must be an int of at least 1, not 0"),
        ({"epochs": 1, "batch_size": 1.5}, "batch_size must be an int of at least 1, not 1.5"),
    ],
)
def test_fit_refuses_arguments_before_anything_changes(
    trainer: Any, recorder: Any, x: Any, y: Any, numbers: Any, arguments: Any, message: str
) -> None:
    chosen = trainer(callbacks=[recorder])
    before = numbers(chosen.model)
    with pytest.raises(InvalidArgumentError, match=message):
        chosen.fit(x, y, **arguments)
    assert numbers(chosen.model) == before
    assert recorder.calls == []
    assert chosen.run is None


@pytest.mark.parametrize("bad", [object(), 5, lambda run: None])
def test_a_callback_without_hooks_is_refused(trainer: Any, bad: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="callbacks must hold objects with lifecycle"):
        trainer(callbacks=[bad])


def test_a_callback_that_turns_out_to_have_no_hooks_changes_nothing(
    trainer: Any, x: Any, y: Any, numbers: Any
) -> None:
    chosen = trainer(callbacks=[Callback("empty", lambda *, size=1: object())])
    before = numbers(chosen.model)
    with pytest.raises(InvalidArgumentError, match="callbacks must hold objects with lifecycle"):
        chosen.fit(x, y, epochs=1)
    assert numbers(chosen.model) == before
    assert chosen.run is None


def test_a_model_without_parameters_is_refused(trainer: Any) -> None:
    class Empty:
        def parametros(self) -> list[Any]:
            return []

        def __call__(self, x: Any) -> Valor:
            return Valor(1.0)

    with pytest.raises(InvalidArgumentError, match=r"parametros\(\) must return a list of Valor"):
        trainer(Empty()).fit([1.0], [1.0], epochs=1)


def test_a_batch_may_be_larger_than_the_data(trainer: Any, x: Any, y: Any, numbers: Any) -> None:
    large, all_of_them = trainer(), trainer()
    assert large.fit(x, y, epochs=3, batch_size=100).steps_per_epoch == 1
    all_of_them.fit(x, y, epochs=3)
    assert numbers(large.model) == numbers(all_of_them.model)


# Predicting and evaluating


def test_predict_gives_plain_numbers(trainer: Any, network: Any, x: Any) -> None:
    model = network()
    predicted = trainer(model).predict(x)
    assert predicted == [model(row).data for row in x]
    assert all(type(number) is float for number in predicted)


def test_predict_gives_rows_where_there_are_several_outputs(trainer: Any, x: Any) -> None:
    model = MLP(3, [2], seed=0)
    predicted = trainer(model).predict(x[:2])
    assert predicted == [[output.data for output in model(row)] for row in x[:2]]


def test_evaluate_gives_the_loss_the_next_epoch_would_note(trainer: Any, x: Any, y: Any) -> None:
    for loss in ("sum_squared_error", "mean_squared_error"):
        chosen = trainer(loss=loss)
        chosen.fit(x, y, epochs=5)
        loss_now = chosen.evaluate(x, y)
        assert loss_now == {"loss": chosen.fit(x, y, epochs=1).history["loss"][0]}


def test_evaluate_and_predict_change_nothing(trainer: Any, x: Any, y: Any, numbers: Any) -> None:
    chosen = trainer()
    before = numbers(chosen.model)
    chosen.evaluate(x, y)
    chosen.predict(x)
    assert numbers(chosen.model) == before
    assert [parameter.grad for parameter in chosen.model.parametros()] == [0] * 23
    assert chosen.run is None


def test_evaluate_gives_metrics_on_plain_numbers(trainer: Any, x: Any, y: Any) -> None:
    seen = []

    def worst(predicted: Any, target: Any, *, scale: float = 1.0) -> float:
        seen.append((predicted, target))
        return scale * max(abs(p[0] - t[0]) for p, t in zip(predicted, target, strict=True))

    chosen = trainer()
    result = chosen.evaluate(x, y, metrics=[Metric("worst", worst).bind(scale=2.0)])
    predicted = chosen.predict(x)
    assert result["worst"] == 2 * max(abs(p - t) for p, t in zip(predicted, y, strict=True))
    assert seen == [([[p] for p in predicted], [[t] for t in y])]
    with pytest.raises(InvalidNumberError, match=r"metric 'broken' must be a real number.*None"):
        chosen.evaluate(x, y, metrics=[Metric("broken", lambda p, t: None)])


# Lifecycle


def test_hooks_are_called_in_order(trainer: Any, recorder: Any, x: Any, y: Any) -> None:
    run = trainer(callbacks=[recorder]).fit(x, y, epochs=3, batch_size=1)
    assert recorder.calls == [
        "before training",
        *("before 1", "after 1", "vote 1"),
        *("before 2", "after 2", "vote 2"),
        *("before 3", "after 3", "vote 3"),
        "after training",
    ]
    assert [report.loss for report in recorder.reports] == list(run.history["loss"])
    assert [report.completed_steps for report in recorder.reports] == [4, 8, 12]


def test_listening_does_not_change_the_bits(
    trainer: Any, recorder: Any, x: Any, y: Any, numbers: Any
) -> None:
    silent, heard = trainer(seed=2), trainer(seed=2, callbacks=[recorder])
    more = {"epochs": 30, "batch_size": 3, "shuffle": True}
    assert list(silent.fit(x, y, **more).history["loss"]) == list(
        heard.fit(x, y, **more).history["loss"]
    )
    assert numbers(silent.model) == numbers(heard.model)


def test_the_callback_given_last_is_called_first(trainer: Any, x: Any, y: Any) -> None:
    order = []

    class Named:
        def __init__(self, name: str) -> None:
            self.name = name

        @hookimpl
        def valor_after_epoch(self) -> None:
            order.append(self.name)

    class First(Named):
        @hookimpl(tryfirst=True)
        def valor_after_epoch(self) -> None:
            order.append(self.name)

    trainer(callbacks=[First("first"), Named("a"), Named("b")]).fit(x, y, epochs=1)
    assert order == ["first", "b", "a"]


def test_any_plugin_may_vote_to_stop(trainer: Any, x: Any, y: Any, numbers: Any) -> None:
    class Never:
        @hookimpl
        def valor_should_stop(self) -> bool:
            return False

    class After:
        def __init__(self, epoch: int) -> None:
            self.epoch = epoch

        @hookimpl
        def valor_should_stop(self, run: Any, report: Any) -> Any:
            assert run.completed_epochs == report.epoch
            return report.epoch == self.epoch or None

    stopped = trainer(callbacks=[Never(), After(4), Never()])
    run = stopped.fit(x, y, epochs=100, batch_size=3)
    assert run.stopped_by == "After"
    assert (run.completed_epochs, run.completed_steps, len(run.history)) == (4, 8, 4)
    short = trainer()
    short.fit(x, y, epochs=4, batch_size=3)
    assert numbers(stopped.model) == numbers(short.model)


def test_a_vote_after_the_last_epoch_is_heard(trainer: Any, recorder: Any, x: Any, y: Any) -> None:
    class Always:
        @hookimpl
        def valor_should_stop(self) -> int:
            return 1

    run = trainer(callbacks=[Always(), recorder]).fit(x, y, epochs=1)
    assert run.stopped_by.endswith("Always")
    assert recorder.calls[-1] == "after training"


def test_callbacks_belong_to_one_trainer(trainer: Any, recorder: Any, x: Any, y: Any) -> None:
    trainer(callbacks=[recorder]).fit(x, y, epochs=1)
    heard = len(recorder.calls)
    trainer().fit(x, y, epochs=1)
    assert len(recorder.calls) == heard


def test_a_trainer_may_be_used_inside_a_callback_of_another(
    trainer: Any, recorder: Any, x: Any, y: Any
) -> None:
    inner = []

    class Nested:
        @hookimpl
        def valor_after_epoch(self) -> None:
            inner.append(trainer().fit(x, y, epochs=2).completed_steps)

    trainer(callbacks=[Nested(), recorder]).fit(x, y, epochs=2)
    assert inner == [2, 2]
    assert recorder.calls.count("before training") == 1


def test_a_callback_by_record_is_made_anew_for_each_run(trainer: Any, x: Any, y: Any) -> None:
    made = []

    class Counter:
        def __init__(self, start: int) -> None:
            self.count = start
            made.append(self)

        @hookimpl
        def valor_after_epoch(self) -> None:
            self.count += 1

    record = Callback("counter", lambda *, start=0: Counter(start)).bind(start=10)
    chosen = trainer(callbacks=[record])
    assert made == []
    chosen.fit(x, y, epochs=2)
    chosen.fit(x, y, epochs=3)
    assert [counter.count for counter in made] == [12, 13]


def test_two_callbacks_of_one_class_are_two(trainer: Any, x: Any, y: Any) -> None:
    seen = []

    class Same:
        @hookimpl
        def valor_after_training(self) -> None:
            seen.append(self)

    callbacks = [Same(), Same()]
    trainer(callbacks=callbacks).fit(x, y, epochs=1)
    assert seen == callbacks[::-1]
