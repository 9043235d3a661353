"""`Trainer` with ``engine="auto"``: what runs, what the run says of it, and `Trainer.explain`."""

import math
import subprocess
import sys
import warnings
from typing import Any

import pytest

import valor
from valor import EAGER, Engine, Plan, Program, Trainer, hookimpl
from valor.exceptions import CannotCompileError, EngineWarning, MissingExtraError

LONG = 10**8  # epochs that no eager run would finish while one waits

# The run


def test_a_short_run_stays_eager(auto: Any, swift: Any, compiled: Any, x: Any, y: Any) -> None:
    chosen = auto(swift)
    assert chosen.engine.name == "auto"
    run = chosen.fit(x, y, epochs=10)
    assert (run.engine, compiled) == ("eager", [])
    assert run.engine_reason == "auto: an estimated 0.01 s of eager work is not worth compiling"


def test_a_long_run_is_compiled(auto: Any, swift: Any, compiled: Any, x: Any, y: Any) -> None:
    run = auto(swift).fit(x, y, epochs=LONG)
    assert (run.engine, len(compiled)) == ("swift", 1)
    assert run.engine_reason.endswith("s of eager work is worth compiling")
    assert compiled[0].mode == "exact"
    assert (run.completed_epochs, run.stopped_by) == (1, "StopsAtOnce")


def test_each_run_is_chosen_for_by_itself(auto: Any, swift: Any, x: Any, y: Any) -> None:
    chosen = auto(swift)
    assert [chosen.fit(x, y, epochs=n).engine for n in (1, LONG, 1)] == ["eager", "swift", "eager"]


def test_a_run_goes_from_one_engine_to_the_other(
    auto: Any, swift: Any, x: Any, y: Any, numbers: Any
) -> None:
    changing, eager = auto(swift), auto(engine="eager")
    for epochs in (2, LONG, 2):
        changing.fit(x, y, epochs=epochs)
        eager.fit(x, y, epochs=epochs)
    assert numbers(changing.model) == numbers(eager.model)


def test_hooks_see_the_choice_and_may_change_the_model(
    auto: Any, swift: Any, compiled: Any, x: Any, y: Any
) -> None:
    seen = []

    class Changes:
        @hookimpl
        def valor_should_stop(self) -> bool:
            return True

        @hookimpl
        def valor_before_training(self, run: Any) -> None:
            seen.append((run.engine, len(compiled)))
            run.model.parametros()[0].data = 7

    chosen = auto(swift, callbacks=[Changes()])
    chosen.fit(x, y, epochs=LONG)
    assert seen == [("swift", 0)]
    assert chosen.model.parametros()[0].data == pytest.approx(7, abs=0.1)


def test_fast_reaches_the_engine(auto: Any, swift: Any, compiled: Any, x: Any, y: Any) -> None:
    run = auto(swift, mode="fast").fit(x, y, epochs=1)
    assert (run.engine, run.engine_reason) == ("swift", "auto: mode 'fast' was asked for")
    assert compiled[0].mode == "fast"


def test_eager_says_that_fast_changes_nothing(auto: Any, x: Any, y: Any) -> None:
    run = auto(engine="eager", mode="fast").fit(x, y, epochs=1)
    assert (run.engine, run.engine_reason) == (
        "eager",
        "asked for; mode 'fast' changes nothing in the eager engine, which is always exact",
    )


def test_a_program_may_add_a_remark(auto: Any, x: Any, y: Any) -> None:
    def compile(*given: Any) -> Program:
        program = EAGER.compile(*given)
        program.remark = "with one thread"  # type: ignore[misc]
        return program

    run = auto(engine=Engine("remarks", compile)).fit(x, y, epochs=1)
    assert run.engine_reason == "asked for; with one thread"


# Where the engine cannot

MISSING = MissingExtraError("it needs a compiler: pip install 'valor-framework[fast]'")
CANNOT = CannotCompileError("loss 'odd' looks at a number; use where()")


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_without_the_extra_auto_runs_eagerly_and_says_what_to_install(
    failing: Any, auto: Any, x: Any, y: Any, mode: str
) -> None:
    with warnings.catch_warnings(record=True, action="always") as caught:
        run = auto(failing(MISSING), mode=mode).fit(x, y, epochs=LONG)
    assert caught == []
    assert run.engine == "eager"
    assert run.engine_reason.startswith(
        "auto: compiled, a long run would be faster, but it needs a compiler: "
        "pip install 'valor-framework[fast]'"
    )
    assert ("always exact" in run.engine_reason) is (mode == "fast")


def test_what_cannot_be_compiled_runs_eagerly_with_one_warning(
    failing: Any, auto: Any, x: Any, y: Any
) -> None:
    chosen = auto(failing(CANNOT))
    with pytest.warns(EngineWarning) as caught:
        run = chosen.fit(x, y, epochs=LONG)
    (warning,) = caught
    assert str(warning.message) == f"training runs eagerly, because {CANNOT}"
    assert warning.filename == __file__
    assert (run.engine, run.engine_reason) == ("eager", f"auto: eager, because {CANNOT}")
    assert run.completed_epochs == 1


@pytest.mark.parametrize("error", [MISSING, CANNOT])
def test_asked_for_by_name_it_is_the_error(
    failing: Any, auto: Any, x: Any, y: Any, numbers: Any, error: Exception
) -> None:
    for chosen in (auto(failing(error), engine="failing"), auto(engine=failing(error))):
        before = numbers(chosen.model)
        with pytest.raises(type(error)) as caught:
            chosen.fit(x, y, epochs=1)
        assert caught.value is error
        assert numbers(chosen.model) == before
        assert (chosen.run.engine, chosen.run.stopped_by) == ("failing", "error")


def test_any_other_error_of_a_compile_is_one(failing: Any, auto: Any, x: Any, y: Any) -> None:
    with pytest.raises(ZeroDivisionError):
        auto(failing(ZeroDivisionError())).fit(x, y, epochs=LONG)


def test_a_warning_that_is_an_error_leaves_the_parameters(
    failing: Any, auto: Any, x: Any, y: Any
) -> None:
    chosen = auto(failing(CANNOT))
    chosen.model.parametros()[0].data = 1
    with pytest.raises(EngineWarning):
        chosen.fit(x, y, epochs=LONG)
    assert type(chosen.model.parametros()[0].data) is int


def test_the_lesson_imports_no_compiler() -> None:
    script = (
        "import sys\n"
        "from valor import MLP, Trainer\n"
        "x = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]\n"
        "run = Trainer(MLP(3, [3, 2, 1], seed=0)).fit(x, [1, 0, 0.2, 0.5], epochs=10)\n"
        "print(run.engine, sorted({'numpy', 'llvmlite', 'scipy'} & set(sys.modules)))\n"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "eager []\n"


# Explaining


@pytest.fixture
def talking(swift: Engine) -> Engine:
    class Talks:
        remark = "on a whim"

        def __init__(self, program: Program) -> None:
            self.advance, self.state = program.advance, program.state
            self.write_back = program.write_back

        def explain(self) -> str:
            return "three\nlines\nof text"

    def compile(model: Any, loss: Any, optimizer: Any, plan: Plan) -> Program:
        model.parametros()[0].grad = math.nan  # as a compiler that tries its program out
        return Talks(swift.compile(model, loss, optimizer, plan))

    return Engine("talking", compile, automatic=True)


def test_an_explanation_is_of_the_engine_that_was_asked_for(
    auto: Any, talking: Engine, compiled: Any, x: Any, y: Any
) -> None:
    text = auto(talking, engine="talking").explain(x, y, batch_size=3, shuffle=True)
    assert text == "one epoch: engine talking, asked for; on a whim\nthree\nlines\nof text"
    (given,) = compiled
    assert (given.batch_size, given.shuffle, given.epochs) == (3, True, 1)


def test_auto_explains_the_engine_of_long_runs(auto: Any, talking: Engine, x: Any, y: Any) -> None:
    text = auto(talking).explain(x, y)
    assert text == (
        "one epoch: engine eager, auto: an estimated 0.01 s of eager work is not worth compiling\n"
        "a long run: engine talking; on a whim\nthree\nlines\nof text"
    )
    assert auto(talking, mode="fast").explain(x, y) == (
        "one epoch: engine talking, auto: mode 'fast' was asked for; on a whim\nthree\nlines\n"
        "of text"
    )


def test_auto_explains_why_it_cannot_compile(failing: Any, auto: Any, x: Any, y: Any) -> None:
    text = auto(failing(MISSING)).explain(x, y)
    assert text.startswith("one epoch: engine eager, auto: compiled, a long run would be")
    assert "\neager: nothing is compiled" in text
    with pytest.warns(EngineWarning) as caught:
        text = auto(failing(CANNOT)).explain(x, y)
    assert [warning.filename for warning in caught] == [__file__]
    assert text.startswith(f"one epoch: engine eager, auto: eager, because {CANNOT}\neager: ")
    assert auto().explain(x, y).startswith("one epoch: engine eager, auto: an estimated 0.01 s")


@pytest.mark.parametrize("error", [MISSING, CANNOT])
def test_what_was_asked_for_by_name_is_not_explained_away(
    failing: Any, auto: Any, x: Any, y: Any, error: Exception
) -> None:
    with pytest.raises(type(error)):
        auto(failing(error), engine="failing").explain(x, y)


def test_explaining_changes_nothing(auto: Any, talking: Engine, x: Any, y: Any) -> None:
    for engine in ("eager", "auto", "talking"):
        chosen = auto(talking, engine=engine)
        first, *others = chosen.model.parametros()
        first.data, first.grad = 1, 7.0
        before = [(parameter.data, parameter.grad) for parameter in others]
        chosen.explain(x, y)
        assert (first.data, first.grad, type(first.data)) == (1, 7.0, int)
        assert [(parameter.data, parameter.grad) for parameter in others] == before
        assert chosen.run is None


def test_explaining_in_between_leaves_the_bits(
    auto: Any, swift: Any, x: Any, y: Any, numbers: Any
) -> None:
    choice = {"optimizer": valor.optimizer("gradient_descent", momentum=0.9), "seed": 1}
    asked, silent = (Trainer(auto().model, plugins=None, engine=swift, **choice) for _ in range(2))
    for _ in range(2):
        asked.fit(x, y, epochs=3, shuffle=True, batch_size=3)
        asked.explain(x, y, shuffle=True, batch_size=3)
        silent.fit(x, y, epochs=3, shuffle=True, batch_size=3)
    assert numbers(asked.model) == numbers(silent.model)
