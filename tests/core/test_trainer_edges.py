"""`Trainer` at the edges: changed models, what is refused before anything changes, who is named."""

from typing import Any

import pytest

from valor import MLP, Camada, Engine, Metric, Optimizer, Trainer, callback, hookimpl, optimizer
from valor.exceptions import InvalidArgumentError, InvalidNumberError

# What a trainer remembers belongs to the parameters and the optimizer it was made with


def steps_seen() -> tuple[list[tuple[int, tuple[float, ...]]], Optimizer]:
    seen: list[tuple[int, tuple[float, ...]]] = []

    def count(parameter: float, gradient: float, state: Any, step: int) -> Any:
        seen.append((step, state))
        return parameter - 0.01 * gradient, (state[0] + 1.0,)

    return seen, Optimizer("count", count, state={"calls": 0.0})


@pytest.fixture(params=["eager", "native"], autouse=True)
def engine_name(request: pytest.FixtureRequest) -> str:
    """What is promised here holds whichever engine runs."""
    name: str = request.param
    return name


def test_a_model_with_other_parameters_starts_afresh(trainer: Any, x: Any, y: Any) -> None:
    seen, counting = steps_seen()
    chosen = trainer(optimizer=counting, engine="eager")  # it tells what it was given
    chosen.fit(x, y, epochs=5)
    assert seen[-1] == (5, (4.0,))
    chosen.model.camadas[0] = Camada(3, 3, seed=9)  # as many parameters, but others
    chosen.fit(x, y, epochs=2)
    assert seen[-1] == (2, (1.0,))
    chosen.fit(x, y, epochs=1)
    assert seen[-1] == (3, (2.0,))


def test_another_optimizer_starts_afresh(trainer: Any, x: Any, y: Any) -> None:
    chosen = trainer(optimizer=optimizer("gradient_descent", momentum=0.9), engine="eager")
    chosen.fit(x, y, epochs=5)
    seen, chosen.optimizer = steps_seen()
    chosen.fit(x, y, epochs=1)
    assert seen[-1] == (1, (0.0,))


def test_the_order_of_the_next_epochs_counts_the_one_that_was_broken_off(
    trainer: Any, x: Any, y: Any, numbers: Any
) -> None:
    class Stops:
        calls = 0

        @hookimpl
        def valor_after_steps(self, run: Any) -> None:
            if run.completed_steps == 3:  # in the middle of the second epoch
                raise KeyboardInterrupt

    kept: dict[str, Any] = {"batch_size": 2, "shuffle": True}
    chosen = trainer(seed=3, callbacks=[Stops()])
    with pytest.raises(KeyboardInterrupt):
        chosen.fit(x, y, epochs=50, **kept)
    steps = chosen.run.completed_steps
    assert steps == 3
    plans: list[Any] = []

    def compile(model: Any, loss: Any, optimizer: Any, plan: Any) -> Any:
        plans.append(plan)
        raise KeyboardInterrupt

    chosen.callbacks.clear()
    chosen.engine = Engine("look", compile)
    with pytest.raises(KeyboardInterrupt):
        chosen.fit(x, y, epochs=1, **kept)
    assert (plans[0].first_epoch, plans[0].first_step) == (2, 3)


@pytest.mark.parametrize("shuffle", ["no", "yes", 1, None, []])
def test_shuffle_is_true_or_false(trainer: Any, x: Any, y: Any, shuffle: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="shuffle must be True or False"):
        trainer().fit(x, y, epochs=1, shuffle=shuffle)


def test_metrics_need_names_of_their_own(trainer: Any, x: Any, y: Any) -> None:
    zero = Metric("loss", lambda predicted, target: 0.0)
    with pytest.raises(InvalidArgumentError, match="not two 'loss'"):
        trainer().evaluate(x, y, metrics=[zero])
    same = Metric("same", lambda predicted, target: 0.0)
    with pytest.raises(InvalidArgumentError, match="not two 'same'"):
        trainer().evaluate(x, y, metrics=[same, same])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (lambda p: iter(p), "must return a list of Valor"),
        (lambda p: set(p), "must return a list of Valor"),
        (lambda p: [], "must return a list of Valor"),
        (lambda p: [*p, 1.0], r"\[23\] must be a Valor, not 1.0"),
        (lambda p: [*p, p[0]], "must list each parameter once"),
    ],
)
def test_what_a_hand_written_model_calls_its_parameters(
    trainer: Any, x: Any, y: Any, parameters: Any, message: str
) -> None:
    model = MLP(3, [3, 2, 1], seed=0)
    given = model.parametros()
    model.parametros = lambda: parameters(given)  # type: ignore[method-assign]
    with pytest.raises(InvalidArgumentError, match=message):
        trainer(model).fit(x, y, epochs=1)


@pytest.mark.parametrize("data", ["a", None, 1j])
def test_a_parameter_that_is_no_number_is_named(trainer: Any, x: Any, y: Any, data: Any) -> None:
    model = MLP(3, [3, 2, 1], seed=0)
    model.camadas[1].neuronios[0].vies.data = data
    with pytest.raises(InvalidNumberError, match=r"camadas\[1\]\.neuronios\[0\]\.vies"):
        trainer(model).fit(x, y, epochs=1)


def test_a_class_is_no_model() -> None:
    with pytest.raises(InvalidArgumentError, match="model must be a network"):
        Trainer(MLP)


def test_a_callback_by_name_is_named_with_its_distribution(trainer: Any, x: Any, y: Any) -> None:
    chosen = trainer(callbacks=[callback("csv_log", path="no/such/folder/a.csv")])
    with pytest.raises(FileNotFoundError) as caught:
        chosen.fit(x, y, epochs=1)
    assert "raised by plugin 'csv_log' of valor-framework" in caught.value.__notes__[0]
    twice = trainer(callbacks=["progress", "progress"])
    assert twice.fit(x, y, epochs=1).stopped_by == "epochs"


def test_parameters_are_as_they_were_when_an_engine_cannot_compile(x: Any, y: Any) -> None:
    def compile(model: Any, loss: Any, optimizer: Any, plan: Any) -> Any:
        raise NotImplementedError

    model = MLP(3, [3, 2, 1], seed=0)
    model.parametros()[0].data = 1
    with pytest.raises(NotImplementedError):
        Trainer(model, engine=Engine("none", compile)).fit(x, y, epochs=1)
    assert type(model.parametros()[0].data) is int
