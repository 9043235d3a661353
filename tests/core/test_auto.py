"""`engine="auto"`: the rule by which it compiles, and the engine it chooses."""

from types import SimpleNamespace
from typing import Any

import pytest

from valor import EAGER, Engine, Plan, Valor
from valor._auto import AUTO, chosen, eager_seconds, is_worth_compiling

# The rule


def test_a_run_is_three_forward_calls_a_sample_and_epoch() -> None:
    assert eager_seconds(0.5, 4, 10) == 60.0


@pytest.mark.parametrize(
    ("forward", "samples", "epochs", "expected"),
    [
        (30e-6, 4, 10, False),  # the lesson
        (30e-6, 4, 1_000, False),  # 0.36 s
        (30e-6, 4, 10_000, True),  # 3.6 s
        (1e-3, 200, 1, True),  # moons: 0.6 s an epoch
        (1e-3, 100, 1, False),
        (1.0, 3, 1, False),  # a large model has to be looked at several times to be compiled
        (1.0, 4, 1, True),
        (0.0, 10**6, 10**6, False),  # a clock that did not move
    ],
)
def test_what_is_worth_compiling(forward: float, samples: int, epochs: int, expected: bool) -> None:
    assert is_worth_compiling(forward, samples, epochs) is expected


def test_the_longer_a_run_the_more_it_is_worth_compiling() -> None:
    for exponent in range(-7, 2):
        worth = [is_worth_compiling(10.0**exponent, 4, 4**n) for n in range(20)]
        assert worth == sorted(worth)
        assert worth[-1]


# The choice


class Model:
    """Counts its calls."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, x: Any) -> Valor:
        self.calls += 1
        return Valor(0.0)


def choose(manager: Any, plan: Plan, forward: float) -> tuple[Engine, str]:
    return chosen(AUTO, manager, plan, Model(), forward)


def plan(samples: int = 4, epochs: int = 10, mode: str = "exact") -> Plan:
    return Plan([[0.0]] * samples, [[0.0]] * samples, samples, epochs, mode=mode)


def test_the_first_automatic_engine_is_chosen(managing: Any, swift: Engine) -> None:
    by_name = Engine("by_name", swift.compile)
    second = Engine("second", swift.compile, automatic=True)
    for engines, expected in (((by_name, swift, second), "swift"), ((second, swift), "second")):
        assert choose(managing(*engines), plan(), 1.0)[0].name == expected


@pytest.mark.parametrize(
    ("forward", "reason"),
    [
        (1e-6, "auto: an estimated 0.01 s of eager work is not worth compiling"),
        (1e-3, "auto: an estimated 0.12 s of eager work is not worth compiling"),
        (0.125, "auto: an estimated 15 s of eager work is worth compiling"),
        (100.0, "auto: an estimated 12,000 s of eager work is worth compiling"),
    ],
)
def test_the_reason_is_the_estimate_in_words(
    managing: Any, swift: Engine, forward: float, reason: str
) -> None:
    engine, text = choose(managing(swift), plan(), forward)
    assert (engine.name, text) == ("eager" if "not worth" in reason else "swift", reason)


def test_a_manager_without_engines_runs_eagerly(managing: Any, swift: Engine) -> None:
    by_name = Engine("by_name", swift.compile)
    engine, reason = choose(managing(by_name), plan(), 0.125)
    assert engine is EAGER
    assert reason == (
        "auto: an estimated 15 s of eager work is worth compiling, but no plugin provides an "
        "engine that compiles"
    )


def test_a_call_that_took_long_by_chance_is_made_again(managing: Any, swift: Engine) -> None:
    model = Model()
    engine, reason = chosen(AUTO, managing(swift), plan(), model, 0.09)
    assert (engine, model.calls) == (EAGER, 1)
    assert "0.01 s" in reason


def test_a_call_that_takes_long_each_time_is_believed(
    managing: Any, swift: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter([0.0, 0.08, 1.0, 1.07])
    monkeypatch.setattr("valor._auto.time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    engine, reason = choose(managing(swift), plan(), 0.09)
    assert engine.name == "swift"
    assert "8.40 s" in reason  # by the shortest call, of 0.07 s
    assert next(ticks, None) is None


def test_fast_is_asked_for_and_wins_over_the_estimate(managing: Any, swift: Engine) -> None:
    fast = plan(epochs=1, mode="fast")
    engine, reason = choose(managing(swift), fast, 1e-6)
    assert (engine.name, reason) == ("swift", "auto: mode 'fast' was asked for")
    engine, reason = choose(managing(), fast, 1e-6)
    assert engine is EAGER
    assert reason == (
        "auto: no plugin provides an engine that compiles; mode 'fast' changes nothing in the "
        "eager engine, which is always exact"
    )


def test_what_is_measured_counts_a_third(managing: Any, swift: Engine) -> None:
    manager = managing(swift)
    assert chosen(AUTO, manager, plan(), Model(), 0.0035)[0] is EAGER
    engine, reason = chosen(AUTO, manager, plan(), Model(), 0.125, 12)
    assert engine.name == "swift"
    assert "30 s" in reason


def test_a_small_job_never_calls_the_model_again(managing: Any, swift: Engine) -> None:
    model = Model()
    assert chosen(AUTO, managing(swift), plan(), model, 1e-6)[0] is EAGER
    assert model.calls == 0
