"""What an explanation says: families, emitter, stages, and what gradients are made of."""

import re
from typing import Any

import pytest

from valor import MLP, Activation, Plan, Trainer, loss, optimizer
from valor.functions import absolute
from valor_plugins.engines.native import explain
from valor_plugins.engines.native.assemble import assemble
from valor_plugins.engines.native.explain import explanation


def explained(widths: list[int], **options: Any) -> list[str]:
    plan = Plan(
        inputs=[[0.5] * 12] * 4,
        targets=[[1.0] * widths[-1]] * 4,
        batch_size=4,
        epochs=1,
        mode=options.pop("mode", "exact"),
    )
    model = MLP(12, widths, seed=0, **options)
    chosen = optimizer("gradient_descent")
    code = assemble(model, loss("sum_squared_error"), chosen, plan, model.parametros())
    return explanation(code, plan).splitlines()


def section(lines: list[str], title: str) -> list[str]:
    start = next(k for k, line in enumerate(lines) if line.startswith(title))
    rest = lines[start + 1 :]
    return rest[: rest.index("")] if "" in rest else rest


@pytest.mark.parametrize(
    ("widths", "emitter"), [([2, 1], "straight line"), ([30, 20], "re-rolled loops")]
)
def test_the_first_line_sums_up(widths: list[int], emitter: str) -> None:
    first, second, *_ = explained(widths)
    assert re.fullmatch(
        rf"native, exact: [\d,]+ scalars a sample in \d+ families, {emitter}, \d lanes, "
        r"\d+\.\d{3} s, (new in|from) the cache",
        first,
    )
    assert second == ""


def test_a_second_time_it_comes_from_the_cache() -> None:
    explained([3, 2])
    lines = explained([3, 2])
    assert lines[0].endswith("from the cache")
    assert re.search("took .*trace and derive .*re-roll .*emit .*load .* ms", "\n".join(lines))


def test_the_mode_is_named() -> None:
    assert explained([2, 1], mode="fast")[0].startswith("native, fast: ")


def test_stages_and_counts() -> None:
    lines = explained([5, 1])
    text = "\n".join(lines)
    assert re.search(
        r"^traced +[\d,]+ scalars for one sample, [\d,]+ with its gradients$", text, re.M
    )
    assert re.search(r"^re-rolled +into \d+ families, [\d,]+ scalars after simpl", text, re.M)
    assert re.search(r"^emitted +as straight line: \d doubles a vector, up to \d+ sam", text, re.M)
    assert re.search(r"^took +trace and derive [\d.]+ ms, re-roll [\d.]+ ms, emit ", text, re.M)
    computed = int(re.search(r"into (\d+) families", text)[1])  # type: ignore[index]
    leaves = ("parameter", "input", "target", "seed")
    listed = section(lines, "families")
    assert sum(line.split("×")[1].split()[0] not in leaves for line in listed) == computed


def test_families_have_number_size_operation_and_operands() -> None:
    own = Activation("own", lambda v: absolute(v) - 0.25)
    listed = section(explained([20, 9], activation=own), "families")
    for number, line in enumerate(listed):
        assert int(line.split()[0]) == number
    parameters = 12 * 20 + 20 + 20 * 9 + 9
    assert re.fullmatch(rf" +0 {{3}} +{parameters} × parameter", listed[0])
    assert re.fullmatch(r" +1 v +12 × input", listed[1])
    by_name = [line for line in listed if "× sum" in line]
    # Of the first layer: products of weights and inputs, and the biases.
    assert [int(line.split()[2]) for line in by_name[:2]] == [20, 9]
    assert re.search(r"12 terms #[01] · #[01]( then|$)", by_name[0])
    assert any(re.search(r"20 × subtract +#\d+, 0\.25$", line) for line in listed)


def test_gradients_name_what_is_summed() -> None:
    lines = explained([20, 9])
    groups = section(lines, "gradients")
    assert all(re.fullmatch(r" +[\d,]+ × sum over samples of #\d+( · \S+)?", g) for g in groups)
    counts = sorted(int(group.split()[0]) for group in groups)
    assert counts == sorted([12 * 20, 20, 20 * 9, 9])


# What is added to a run's report


def remarked(widths: list[int], mode: str = "exact", engine: str = "native") -> str:
    x = [[((7 * i + 3 * j) % 11) / 5.5 - 1 for j in range(4)] for i in range(20)]
    trainer = Trainer(MLP(4, widths, seed=0), engine=engine, mode=mode)
    return trainer.fit(x, [[0.5] * widths[-1]] * 20, epochs=1).engine_reason


def test_the_report_says_when_fast_would_have_paid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "lanes_follow_libm", lambda: True)
    sums = "asked for; mode 'fast' would be faster, since most of the work is in long sums"
    assert remarked([80, 40, 3]) == sums
    assert remarked([80, 40, 3], mode="fast") == "asked for"
    assert remarked([3, 1]) == "asked for"  # it is small


def test_the_report_says_what_the_machine_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "lanes_follow_libm", lambda: False)
    lack = "asked for; exp is computed one number after the other on this machine"
    assert remarked([3, 1]) == lack
