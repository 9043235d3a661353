"""What the trainer asks of an engine, seen by a third party's engine; and what it makes of it."""

from array import array
from types import SimpleNamespace
from typing import Any

import pytest

from valor import (
    MLP,
    Callback,
    Engine,
    Loss,
    Plan,
    PluginManager,
    Trainer,
    callback,
    hookimpl,
    optimizer,
    plugin_manager,
)
from valor.exceptions import FormulaError


class CountingProgram:
    """An engine's program that computes nothing, and notes what it was asked."""

    seconds_per_step = 0.0
    remark = ""

    def __init__(self, model: Any, loss: Any, optimizer: Any, plan: Plan) -> None:
        self.given = (model, loss, optimizer, plan)
        self.calls: list[int] = []
        self.done = plan.first_step
        self.written: list[int] = []  # the steps after which the parameters were asked for
        self.clock = SimpleNamespace(now=0.0)

    def advance(self, steps: int, losses: "array[float]") -> None:
        self.calls.append(steps)
        for _ in range(steps):
            self.done += 1
            losses.append(1.0 / self.done)
        self.clock.now += steps * self.seconds_per_step

    def state(self) -> list[tuple[float, ...]]:
        return [(float(self.done),)] * 23

    def write_back(self) -> None:
        self.written.append(self.done)

    def explain(self) -> str:
        return f"counts to {self.given[3].total_steps}"


@pytest.fixture
def programs() -> list[CountingProgram]:
    return []


@pytest.fixture
def counting(programs: list[CountingProgram], monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make a third party's engine, whose steps take as long as is said here."""

    def make(seconds_per_step: float = 0.0) -> Engine:
        def compile(model: Any, loss: Any, optimizer: Any, plan: Plan) -> CountingProgram:
            program = CountingProgram(model, loss, optimizer, plan)
            program.seconds_per_step = seconds_per_step
            clock = SimpleNamespace(perf_counter=lambda: program.clock.now)
            monkeypatch.setattr("valor._loop.time", clock)
            programs.append(program)
            return program

        return Engine("counting", compile)

    return make


def test_an_engine_gets_the_model_the_records_and_the_plan(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any
) -> None:
    chosen = trainer(engine=counting(), mode="fast", seed=9, penalties=[lambda p: p * p])
    run = chosen.fit(x, y, epochs=7, batch_size=3, shuffle=True)
    model, loss, used, plan = programs[0].given
    assert model is chosen.model
    assert (loss.name, used.name) == ("sum_squared_error", "gradient_descent")
    assert plan.inputs == x
    assert plan.targets == [[1.0], [0.0], [0.2], [0.5]]
    assert (plan.batch_size, plan.epochs, plan.shuffle, plan.seed) == (3, 7, True, 9)
    assert plan.mode == "fast"
    assert (plan.steps_per_epoch, plan.total_steps) == (2, 14)
    assert (plan.first_epoch, plan.first_step, plan.state) == (0, 0, None)
    assert [record.kind for record in plan.penalties] == ["penalty"]
    assert [len(rows) for rows in plan.batches(0)] == [3, 1]
    assert (run.engine, run.engine_reason) == ("counting", "asked for")
    # Both losses of an epoch, from the engine's steps 1/1, 1/2, 1/3 …, are summed.
    assert run.history["loss"][0] == 1 / 1 + 1 / 2
    assert run.history["loss"][6] == 1 / 13 + 1 / 14


def test_an_engine_goes_on_from_the_state_it_gave(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any
) -> None:
    chosen = trainer(engine=counting())
    chosen.fit(x, y, epochs=7, batch_size=3)
    run = chosen.fit(x, y, epochs=2, batch_size=3)
    plan = programs[1].given[3]
    assert (plan.first_epoch, plan.first_step, plan.total_steps) == (7, 14, 18)
    assert plan.state == [(14.0,)] * 23
    assert run.completed_steps == 4
    assert run.history["loss"][0] == 1 / 15 + 1 / 16


def test_without_a_listener_calls_grow(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any
) -> None:
    run = trainer(engine=counting()).fit(x, y, epochs=1000)
    assert programs[0].calls == [1, 2, 4, 8, 16, 32, 64, 128, 256, 489]
    assert list(run.history["loss"]) == [1.0 / n for n in range(1, 1001)]


def test_a_call_lasts_at_most_half_a_second(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any
) -> None:
    trainer(engine=counting(0.125)).fit(x, y, epochs=20)
    assert programs[0].calls == [1, 2, 4, 4, 4, 4, 1]
    trainer(engine=counting(3.0)).fit(x, y, epochs=4)
    assert programs[1].calls == [1, 1, 1, 1]  # a step that is longer is a call of its own


@pytest.mark.parametrize("hook", ["valor_before_epoch", "valor_after_epoch", "valor_should_stop"])
def test_with_a_listener_each_epoch_is_a_call(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any, hook: str
) -> None:
    def listen(self: Any) -> None:
        pass

    listener = type("Listener", (), {hook: hookimpl(listen)})()
    trainer(engine=counting(), callbacks=[listener]).fit(x, y, epochs=20)
    assert programs[0].calls == [1] * 20
    trainer(engine=counting(), callbacks=[listener]).fit(x, y, epochs=3, batch_size=1)
    assert programs[1].calls == [1, 2, 1, 4, 4]  # no call goes past the end of an epoch


@pytest.mark.parametrize(
    "hook", ["valor_before_training", "valor_after_steps", "valor_after_training"]
)
def test_a_listener_to_the_whole_run_only_does_not_slow_it(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any, hook: str
) -> None:
    def listen(self: Any) -> None:
        pass

    listener = type("Listener", (), {hook: hookimpl(listen)})()
    trainer(engine=counting(), callbacks=[listener]).fit(x, y, epochs=20)
    assert programs[0].calls == [1, 2, 4, 8, 5]


def test_after_steps_is_told_of_every_call(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any
) -> None:
    seen = []

    class Watches:
        @hookimpl
        def valor_after_steps(self, run: Any) -> None:
            seen.append((run.completed_steps, run.completed_epochs, len(run.history)))

    trainer(engine=counting(), callbacks=[Watches()]).fit(x, y, epochs=5, batch_size=3)
    assert programs[0].calls == [1, 2, 4, 3]
    assert seen == [(1, 0, 0), (3, 1, 1), (7, 3, 3), (10, 5, 5)]


# Who looks at the parameters


def test_with_nobody_looking_parameters_are_written_back_once(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any
) -> None:
    trainer(engine=counting()).fit(x, y, epochs=20)
    assert programs[0].written == [20]


@pytest.mark.parametrize(
    ("hook", "expected"),
    [
        ("valor_before_training", [20]),
        ("valor_after_steps", [0, 1, 3, 7, 15, 20, 20]),
        ("valor_before_epoch", [*range(21), 20]),
        ("valor_after_epoch", [*range(21), 20]),
        ("valor_should_stop", [*range(21), 20]),
        ("valor_after_training", [20]),
    ],
)
def test_parameters_are_written_back_before_a_hook_that_may_look(
    trainer: Any, counting: Any, programs: Any, x: Any, y: Any, hook: str, expected: list[int]
) -> None:
    seen = []

    def listen(self: Any, run: Any) -> None:
        written = programs[0].written if programs else []
        seen.append((written[-1:], [run.completed_steps] * bool(programs)))

    listener = type("Listener", (), {hook: hookimpl(listen)})()
    trainer(engine=counting(), callbacks=[listener]).fit(x, y, epochs=20)
    assert programs[0].written == expected
    assert all(written == completed for written, completed in seen)


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_parameters_are_written_back_after_an_error(
    trainer: Any, programs: Any, recorder: Any, x: Any, y: Any, error: type[BaseException]
) -> None:
    class Failing(CountingProgram):
        def advance(self, steps: int, losses: "array[float]") -> None:
            super().advance(min(steps, 5 - self.done), losses)
            if self.done == 5:
                raise error

    def compile(*given: Any) -> CountingProgram:
        programs.append(Failing(*given))
        return programs[0]

    class Looks:
        @hookimpl
        def valor_on_training_error(self, run: Any) -> None:
            assert programs[0].written == [run.completed_steps] == [5]

    chosen = trainer(engine=Engine("failing", compile), callbacks=[Looks()])
    with pytest.raises(error):
        chosen.fit(x, y, epochs=20)
    assert chosen._state == [(5.0,)] * 23


# What they are for happens after each epoch.
BY_EPOCH = {"best_model", "checkpoint", "early_stopping", "histograms", "learning_rate_log"}


def test_a_bundled_callback_makes_a_run_stop_at_each_epoch_only_where_it_has_to() -> None:
    manager = plugin_manager(environment=False)
    names = [r.name for p in manager.plugins for r in p.records if isinstance(r, Callback)]

    def stops(name: str, **hyperparameters: Any) -> bool:
        record = callback(name, plugins=manager, **hyperparameters)
        return manager.fork([record.formula()]).listens(
            "valor_before_epoch", "valor_after_epoch", "valor_should_stop", "valor_after_batch"
        )

    assert {name for name in names if stops(name)} == BY_EPOCH
    # As the command line asks for it.
    assert not stops("checkpoint", every_epochs=0, every_seconds=10.0)


def test_no_report_is_made_where_nobody_listens(
    trainer: Any, x: Any, y: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr("valor._run.EpochReport", lambda **numbers: made.append(numbers))
    run = trainer().fit(x, y, epochs=20)
    assert made == []
    assert run.report is None
    assert len(made) == 1


@pytest.mark.parametrize("given", [0, 2])
def test_an_engine_that_gives_another_number_of_losses_is_named(
    trainer: Any, x: Any, y: Any, given: int
) -> None:
    class Wrong(CountingProgram):
        def advance(self, steps: int, losses: "array[float]") -> None:
            losses.extend([0.5] * given)

    with pytest.raises(FormulaError, match=f"'wrong' was asked for 1 steps and gave {given} loss"):
        trainer(engine=Engine("wrong", Wrong)).fit(x, y, epochs=5)


def test_an_engine_that_cannot_compile_changes_nothing(
    trainer: Any, recorder: Any, x: Any, y: Any, numbers: Any
) -> None:
    def compile(model: Any, loss: Any, optimizer: Any, plan: Plan) -> Any:
        raise RuntimeError("no compiler")

    chosen = trainer(engine=Engine("broken", compile), callbacks=[recorder])
    before = numbers(chosen.model)
    with pytest.raises(RuntimeError, match="no compiler"):
        chosen.fit(x, y, epochs=5)
    assert numbers(chosen.model) == before
    assert recorder.calls == ["before training", "error RuntimeError"]
    assert (chosen.run.stopped_by, chosen.run.completed_steps) == ("error", 0)


def test_an_engine_is_found_by_name(counting: Any, programs: Any, x: Any, y: Any) -> None:
    class Provider:
        @hookimpl
        def valor_register_engines(self) -> Any:
            yield counting()

    manager = PluginManager()
    manager.register(Provider(), "provider")
    chosen = Trainer(
        MLP(3, [1]),
        loss=Loss("square", lambda p, t: (p[0] - t[0]) ** 2),
        optimizer=optimizer("gradient_descent"),
        engine="counting",
        plugins=manager,
    )
    assert chosen.fit(x, y, epochs=3).engine == "counting"
    assert sum(programs[0].calls) == 3
