"""The callback "nan_detector": the path from the first number that went wrong to the loss."""

from typing import Any

import pytest

from valor import MLP, Loss, Optimizer, Valor, hookimpl
from valor.exceptions import NonFiniteError
from valor_plugins.callbacks.nan_detector import NanDetector


def network(bundled: Any, values: list[float], activation: Any = "identity") -> MLP:
    model = MLP(1, [2, 1], activation=activation, seed=0, plugins=bundled)
    for parameter, value in zip(model.parametros(), values, strict=True):
        parameter.data = value
    return model


def failure(trainer: Any, model: Any, *callbacks: Any, **more: Any) -> NonFiniteError:
    chosen = trainer(*callbacks, model=model, **more)
    with pytest.raises(NonFiniteError) as caught:
        chosen.fit([[1.0]], [0.0], epochs=5)
    return caught.value


def notes(error: NonFiniteError) -> list[str]:
    return [note for note in error.__notes__ if note.startswith("from there")]


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_the_note_has_the_way_through_the_neurons(trainer: Any, bundled: Any, engine: str) -> None:
    # The second neuron of the first layer overflows when the last one weighs it.
    model = network(bundled, [0.5, 0.0, 1e200, 0.0, 1.0, 1e200, 0.0])
    error = failure(trainer, model, NanDetector(), engine=engine)
    assert notes(error) == [
        "from there to the loss, by way of camadas[1].neuronios[0]:\n"
        "  * of 1e+200, 1e+200 (camadas[1].neuronios[0].pesos[1]) = inf\n"
        "  + of 0.5, inf = inf\n"
        "  + of inf, 0.0 (camadas[1].neuronios[0].vies) = inf\n"
        "  - of inf, 0.0 = inf\n"
        "  **2 of inf = inf"
    ]
    assert error.through == ("camadas[1].neuronios[0]",)
    assert "\n  ".join(error.path) in notes(error)[0]


def test_the_neuron_whose_activation_went_wrong_is_named(trainer: Any, bundled: Any) -> None:
    model = network(bundled, [0.0, 1.0, 0.0, -2.0, 1.0, 1.0, 0.0], [lambda v: v.log(), "identity"])
    error = failure(trainer, model, NanDetector())
    assert error.through == ("camadas[0].neuronios[1]", "camadas[1].neuronios[0]")
    assert error.path[0] == "log of -2.0 = nan"
    assert (error.operation, error.operands) == ("log", (-2.0,))


def test_the_path_of_a_gradient_has_gradients(trainer: Any, bundled: Any) -> None:
    model = network(bundled, [0.0, 0.0, 0.5, 0.5, 1.0, 1.0, 1.0], [lambda v: v.sqrt(), "identity"])
    error = failure(trainer, model, NanDetector())
    assert error.path[0] == "sqrt of 0.0 = 0.0, gradient 4.0"
    assert error.path[-1] == "**2 of 2.0 = 4.0, gradient 1.0"
    assert error.through == ("camadas[0].neuronios[0]", "camadas[1].neuronios[0]")


def test_labels_that_a_formula_gave_are_told(trainer: Any, bundled: Any) -> None:
    def labelled(v: Valor) -> Valor:
        shifted = v - 3
        shifted.rotulo = "shifted"
        return shifted.log()

    model = network(bundled, [0.5, 0.0, 0.5, 0.0, 1.0, 1.0, 0.0], [labelled, "identity"])
    error = failure(trainer, model, NanDetector())
    assert error.path[0] == "log of -2.5 (shifted) = nan"


def test_a_branch_that_was_not_taken_is_not_blamed(trainer: Any, bundled: Any) -> None:
    from valor.functions import where

    def careful(v: Valor) -> Any:
        return where(v > -1e9, v.log(), v * 1e200)  # the logarithm is nan too, but not taken

    model = network(bundled, [-1e200, 0.0, 0.5, 0.0, 1.0, 1.0, 0.0], [careful, "identity"])
    error = failure(trainer, model, NanDetector())
    assert (error.operation, error.operands) == ("*", (-1e200, 1e200))
    model = network(
        bundled,
        [-1e200, 0.0, 0.5, 0.0, 1.0, 1.0, 0.0],
        [lambda v: where(v < 0, v * 1e200, v.log()), "identity"],
    )
    error = failure(trainer, model, NanDetector())
    assert (error.operation, error.operands) == ("*", (-1e200, 1e200))


def test_an_infinity_that_did_no_harm_is_not_blamed(trainer: Any, bundled: Any) -> None:
    def sigmoid(v: Valor) -> Valor:
        return 1 / (1 + v.exp()) + v.log()  # exp(800) is inf, and 1/inf is 0

    harmless = network(bundled, [800.0, 0.0, -1.0, 0.0, 1.0, 1.0, 0.0], [sigmoid, "identity"])
    error = failure(trainer, harmless, NanDetector())
    assert (error.operation, error.operands) == ("log", (-1.0,))
    assert error.through[0] == "camadas[0].neuronios[1]"


def test_a_long_sum_is_shortened(trainer: Any, bundled: Any) -> None:
    model = MLP(1, [9, 1], activation="identity", seed=0, plugins=bundled)
    for parameter in model.parametros():
        parameter.data = 1.0
    model.camadas[0].neuronios[0].vies.data = 1e300
    model.camadas[1].neuronios[0].pesos[0].data = 1e300
    error = failure(trainer, model, NanDetector())
    assert error.path[:4] == (
        "* of 1e+300, 1e+300 (camadas[1].neuronios[0].pesos[0]) = inf",
        "+ of inf, 2.0 = inf",
        "… 7 more sums",
        "+ of inf, 1.0 (camadas[1].neuronios[0].vies) = inf",
    )


def test_a_number_that_is_none_of_the_graph_has_no_path(trainer: Any, bundled: Any) -> None:
    leaps = Optimizer("leaps", lambda p, g, state, step: (p * 1e308 * 1e308, state))
    model = network(bundled, [0.5] * 7)
    error = failure(trainer, model, NanDetector(), optimizer=leaps)
    assert (error.path, error.through, notes(error)) == ((), (), [])


def test_a_model_without_names_has_a_path_too(trainer: Any) -> None:
    class Model:
        def __init__(self) -> None:
            self.w = Valor(-1.0)

        def parametros(self) -> list[Valor]:
            return [self.w]

        def __call__(self, x: Any) -> Valor:
            result: Valor = (self.w * x[0]).log()
            return result

    plain = Loss("plain", lambda predicted, target: predicted[0])
    error = failure(trainer, Model(), NanDetector(), loss=plain)
    assert (error.path, error.through) == (("log of -1.0 = nan",), ())
    assert notes(error) == ["from there to the loss:\n  log of -1.0 = nan"]


def test_it_listens_to_errors_only_and_not_to_those_of_others(
    trainer: Any, fit: Any, fails: Any, bundled: Any
) -> None:
    forked = bundled.fork([NanDetector()])
    assert [use.hook for use in forked.hook_uses()] == ["valor_on_training_error"]
    with pytest.raises(RuntimeError) as caught:
        fit(trainer(NanDetector(), fails(2)), 5)
    assert not any("from there" in note for note in caught.value.__notes__)


def test_it_is_found_by_name_and_an_error_has_its_path_without_it(
    trainer: Any, bundled: Any
) -> None:
    values = [1e200, 0.0, 0.5, 0.0, 1e200, 1.0, 0.0]
    assert notes(failure(trainer, network(bundled, values), "nan_detector"))
    without = failure(trainer, network(bundled, values))
    assert notes(without) == []
    assert without.path


def test_others_see_the_note_whatever_their_order(trainer: Any, bundled: Any) -> None:
    seen = []

    class Looks:
        @hookimpl(trylast=True)
        def valor_on_training_error(self, error: BaseException) -> None:
            seen.append(len(notes(error)))  # type: ignore[arg-type]

    values = [1e200, 0.0, 0.5, 0.0, 1e200, 1.0, 0.0]
    failure(trainer, network(bundled, values), Looks(), NanDetector())
    assert seen == [1]
