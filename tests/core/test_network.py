"""`Neuronio`, `Camada` and `MLP`: what they compute, and what they call things."""

import copy
import math
import pickle
import random
from typing import Any

import numpy as np
import pytest

from valor import (
    MLP,
    Activation,
    Camada,
    Neuronio,
    Trainer,
    Valor,
    activation,
    topological_order,
)
from valor.exceptions import (
    FormulaError,
    HyperparameterError,
    InvalidArgumentError,
    InvalidNumberError,
    UnknownNameError,
    ValorError,
)
from valor.functions import tanh


def sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def assign(network: Any, numbers: list[float]) -> None:
    for parameter, number in zip(network.parametros(), numbers, strict=True):
        parameter.data = number


def data(scalars: Any) -> list[float]:
    return [scalar.data for scalar in scalars]


# What they compute


def test_a_neuron_is_the_sigmoid_of_a_weighted_sum_plus_a_bias() -> None:
    neuronio = Neuronio(3)
    assign(neuronio, [0.5, -1.0, 2.0, 0.25])
    assert data(neuronio.pesos) == [0.5, -1.0, 2.0]
    assert neuronio.vies.data == 0.25
    output = neuronio([1.0, 2.0, 3.0])
    assert isinstance(output, Valor)
    assert output.data == pytest.approx(sigmoid(0.5 - 2.0 + 6.0 + 0.25), rel=1e-15)


def test_the_sum_runs_from_the_first_input_to_the_last_then_the_bias() -> None:
    neuronio = Neuronio(3, activation="identity")
    assign(neuronio, [0.1, 0.2, 0.3, 1e-17])
    assert neuronio([1.0, 1.0, 1.0]).data == ((0.1 + 0.2) + 0.3) + 1e-17 != 0.3 + 0.2 + 0.1


def test_a_layer_gives_a_list_or_one_scalar() -> None:
    camada = Camada(2, 3, seed=1)
    outputs = camada([0.5, -1.0])
    assert isinstance(outputs, list)
    assert data(outputs) == data(neuronio([0.5, -1.0]) for neuronio in camada.neuronios)
    single = Camada(2, 1, seed=1)([0.5, -1.0])
    assert isinstance(single, Valor)


def test_a_network_feeds_each_layer_with_the_one_before() -> None:
    mlp = MLP(2, [2, 1])
    assign(mlp, [1.0, 2.0, 3.0, -1.0, 0.5, 0.0, 2.0, -2.0, 0.5])
    first = sigmoid(1.0 * 0.5 + 2.0 * 0.25 + 3.0)
    second = sigmoid(-1.0 * 0.5 + 0.5 * 0.25)
    expected = sigmoid(2 * first - 2 * second + 0.5)
    assert mlp([0.5, 0.25]).data == pytest.approx(expected, rel=1e-15)
    outputs = MLP(2, [3, 2])([0.5, 0.25])
    assert isinstance(outputs, list)
    assert len(outputs) == 2


@pytest.mark.parametrize("widths", [[1, 2], [1, 1], [2, 1, 3], [1]])
def test_layers_of_width_one_work_anywhere(widths: list[int]) -> None:
    mlp = MLP(3, widths, seed=2)
    outputs = mlp([1.0, 2.0, 3.0])
    assert (len(outputs) if isinstance(outputs, list) else 1) == widths[-1]
    loss = sum(outputs) if isinstance(outputs, list) else outputs
    loss.propagar_tudo()
    assert all(parameter.grad for parameter in mlp.parametros())


def test_one_input_may_be_a_lone_number() -> None:
    mlp = MLP(1, [2, 1], seed=0)
    assert mlp(0.5).data == mlp([0.5]).data == mlp(Valor(0.5)).data == mlp((0.5,)).data


def test_inputs_may_be_any_numbers_and_scalars() -> None:
    mlp = MLP(3, [2, 1], seed=0)
    expected = mlp([1.0, 2.0, 3.0]).data
    x = Valor(2.0)
    assert mlp(np.array([1.0, 2.0, 3.0])).data == expected
    assert mlp((1, 2, 3)).data == expected
    output = mlp(number for number in (1, x, np.float32(3)))
    assert output.data == expected
    output.propagar_tudo()
    step = 1e-6
    slope = (mlp([1, 2 + step, 3]).data - mlp([1, 2 - step, 3]).data) / (2 * step)
    assert x.grad == pytest.approx(slope, rel=1e-6)


def test_an_input_is_one_scalar_of_the_graph_not_one_for_each_neuron() -> None:
    output = MLP(2, [5, 1], seed=0)([0.5, 0.25])
    given = [node for node in topological_order(output) if not node.progenitor and not node.rotulo]
    assert sorted(data(given)) == [0.25, 0.5]


# Activations


def test_one_activation_for_all_layers_or_one_each(bundled: Any) -> None:
    def double(v: Valor) -> Valor:
        return 2 * v

    record = Activation("negative", lambda v: -v)
    mlp = MLP(1, [1, 1, 1], activation=["tanh", double, record], plugins=bundled)
    assign(mlp, [1.0, 0.0] * 3)
    assert mlp(0.5).data == -2 * tanh(0.5)
    assert [camada.activation.name for camada in mlp.camadas][:1] == ["tanh"]
    assert "double" in mlp.camadas[1].activation.name
    every = MLP(1, [1, 1], activation="tanh", plugins=bundled)
    assign(every, [1.0, 0.0] * 2)
    assert every(0.5).data == tanh(tanh(0.5))
    bound = Activation("leaky", lambda v, *, slope=0.1: v * slope).bind(slope=0.25)
    leaky = MLP(1, [1], activation=bound)
    assign(leaky, [1.0, 0.0])
    assert leaky(2.0).data == 0.5


def test_an_activation_over_a_layer() -> None:
    def shares(values: list[Valor]) -> list[Valor]:
        total = sum(values)
        return [value / total for value in values]

    record = Activation("shares", shares, over="layer")
    camada = Camada(1, 2, activation=record)
    assign(camada, [1.0, 0.0, 3.0, 0.0])
    assert data(camada(2.0)) == [0.25, 0.75]
    with pytest.raises(InvalidArgumentError, match=r"shares.*whole layer.*Camada"):
        camada.neuronios[0](2.0)


def test_what_an_activation_returns_is_checked() -> None:
    mlp = MLP(1, [1], activation=lambda v: 1.0)
    with pytest.raises(FormulaError, match=r"activation '.*<lambda>'.* must return a Valor, not 1"):
        mlp(0.5)
    short = Activation("short", lambda values: values[1:], over="layer")
    with pytest.raises(FormulaError, match="'short' must return a list of 3 Valor"):
        MLP(1, [3], activation=short)(0.5)


def test_the_lessons_default_needs_no_plugin() -> None:
    from valor import PluginManager

    empty = PluginManager()
    assert MLP(3, [3, 2, 1], seed=0, plugins=empty).camadas[0].activation.name == "sigmoid"
    with pytest.raises(UnknownNameError, match="no activation is named 'sigmoid'; there are: none"):
        MLP(3, [1], activation="sigmoid", plugins=empty)


# Names


def test_every_parameter_has_a_path_name_and_carries_it() -> None:
    mlp = MLP(3, [3, 2, 1], seed=0)
    named = mlp.named_parameters()
    expected = [
        f"camadas[{c}].neuronios[{n}].{parameter}"
        for c, (inputs, width) in enumerate(((3, 3), (3, 2), (2, 1)))
        for n in range(width)
        for parameter in [*(f"pesos[{i}]" for i in range(inputs)), "vies"]
    ]
    assert list(named) == expected
    assert list(named.values()) == mlp.parametros()
    assert [parameter.rotulo for parameter in mlp.parametros()] == expected
    assert named["camadas[0].neuronios[2].pesos[1]"] is mlp.camadas[0].neuronios[2].pesos[1]
    assert named["camadas[1].neuronios[0].vies"] is mlp.camadas[1].neuronios[0].vies
    assert list(Neuronio(2).named_parameters()) == ["pesos[0]", "pesos[1]", "vies"]
    camada = Camada(1, 2)
    assert list(camada.named_parameters())[2] == "neuronios[1].pesos[0]"
    assert [p.rotulo for p in camada.parametros()] == list(camada.named_parameters())


def test_parametros_is_a_list_of_ones_own() -> None:
    mlp = MLP(3, [3, 2, 1], seed=0)
    assert len(mlp.parametros()) == 23
    mlp.parametros().clear()
    mlp.camadas[0].parametros().clear()
    mlp.camadas[0].neuronios[0].parametros().clear()
    assert len(mlp.parametros()) == 23


def test_a_shared_parameter_is_listed_once() -> None:
    mlp = MLP(2, [2, 1], seed=0)
    first, second = mlp.camadas[0].neuronios
    second.pesos[1] = first.pesos[0]
    mlp.camadas[1].neuronios[0].vies = first.vies
    assert len(mlp.parametros()) == len(mlp.named_parameters()) == 9 - 2
    assert list(mlp.named_parameters().values()) == mlp.parametros()
    names = [name for name, parameter in mlp.named_parameters().items() if parameter is first.vies]
    assert names == ["camadas[0].neuronios[0].vies"]
    assert repr(mlp).endswith(", 7 parameters)")
    first.vies = first.pesos[0]
    assert first.parametros() == first.pesos


def test_a_shared_parameter_moves_once_a_step() -> None:
    mlp = MLP(1, [1, 1], activation="identity", seed=0)
    inner, outer = mlp.camadas[0].neuronios[0], mlp.camadas[1].neuronios[0]
    assign(mlp, [0.5, 0.0, 0.5, 0.0])
    outer.pesos[0] = inner.pesos[0]
    # (w * w * 2 - 1)**2 at w = 0.5: the derivative is 2 * (2 w w - 1) * 4 w = -2.
    Trainer(mlp).fit([2.0], [1.0], epochs=1)
    assert inner.pesos[0].data == 0.5 + 2.0 * 0.01


def test_a_frozen_parameter_keeps_its_number() -> None:
    mlp = MLP(3, [3, 2, 1], seed=0)
    frozen = [mlp.camadas[0].neuronios[1].vies, *mlp.camadas[2].parametros()]
    for parameter in frozen:
        parameter.trainable = False
    before = data(mlp.parametros())
    Trainer(mlp).fit([[1.0, 2.0, 3.0]], [1.0], epochs=5)
    moved = [p for p, number in zip(mlp.parametros(), before, strict=True) if p.data != number]
    assert set(moved) == set(mlp.parametros()) - set(frozen)
    assert len(mlp.parametros()) == 23


def test_repr_shows_the_architecture_and_the_parameter_count() -> None:
    assert repr(MLP(3, [3, 2, 1])) == (
        "MLP(3 -> 3 sigmoid -> 2 sigmoid -> 1 sigmoid, 23 parameters)"
    )
    assert repr(MLP(2, [4, 1], activation=["tanh", "identity"])) == (
        "MLP(2 -> 4 tanh -> 1 identity, 17 parameters)"
    )
    assert repr(Camada(3, 2)) == "Camada(3 -> 2 sigmoid, 8 parameters)"
    assert repr(Neuronio(3)) == "Neuronio(3 -> 1 sigmoid, 4 parameters)"


# Copies


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_of_a_network_is_a_network_of_its_own(duplicate: Any) -> None:
    mlp = MLP(3, [3, 2, 1], activation="tanh", seed=0)
    mlp.camadas[0].neuronios[1].vies = mlp.camadas[0].neuronios[0].vies
    copied = duplicate(mlp)
    x = [1.0, 2.0, 3.0]
    assert copied(x).data == mlp(x).data
    assert len(copied.parametros()) == 22
    assert copied.named_parameters().keys() == mlp.named_parameters().keys()
    before = mlp(x).data
    Trainer(copied).fit([x], [1.0], epochs=3)
    assert mlp(x).data == before != copied(x).data


# What is refused


@pytest.mark.parametrize("width", [0, -1, 1.5, "3", None, True, [3]])
def test_widths_are_refused_by_name(width: Any) -> None:
    for make, name in (
        (lambda: Neuronio(width), "num_dados_entrada"),
        (lambda: Camada(width, 2), "num_dados_entrada"),
        (lambda: Camada(2, width), "num_neuronios"),
        (lambda: MLP(width, [2]), "num_dados_entrada"),
        (lambda: MLP(2, [width]), r"num_neuronios_por_camada\[0\]"),
    ):
        with pytest.raises(InvalidArgumentError, match=f"{name} must be an int of at least 1"):
            make()


def test_an_int_of_another_kind_is_a_width() -> None:
    assert repr(MLP(np.int64(3), (np.int32(2), 1))).startswith("MLP(3 -> 2 sigmoid -> 1")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"num_neuronios_por_camada": 3}, InvalidArgumentError, "num_neuronios_por_camada.*not 3"),
        ({"num_neuronios_por_camada": []}, InvalidArgumentError, "at least one layer"),
        ({"activation": "sigmod"}, UnknownNameError, "'sigmod'.*did you mean 'sigmoid'"),
        ({"activation": ["tanh"]}, InvalidArgumentError, "each of the 2 layers, not 1"),
        ({"activation": 5}, InvalidArgumentError, "activation must be the name of an? activation"),
        ({"initializer": "unifrom"}, UnknownNameError, "did you mean 'uniform'"),
        ({"initializer": 0.5}, InvalidArgumentError, "initializer must be"),
        ({"initializer": lambda a, b, c: None}, InvalidNumberError, "value of initializer.*None"),
        ({"seed": 1.5}, InvalidArgumentError, "seed must be an int, a str or a random.Random"),
        ({"seed": True}, InvalidArgumentError, "seed must be"),
    ],
)
def test_other_arguments_are_refused_by_name(
    arguments: dict[str, Any], error: type[ValorError], message: str
) -> None:
    with pytest.raises(error, match=message):
        MLP(2, **{"num_neuronios_por_camada": [2, 1], **arguments})


def test_a_hyperparameter_is_checked_when_it_is_bound(bundled: Any) -> None:
    from valor import initializer

    with pytest.raises(HyperparameterError, match=r"initializer 'uniform'.*low must be.*'a'"):
        initializer("uniform", low="a", plugins=bundled)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        ([1.0, 2.0], InvalidArgumentError, "x must have 3 values, not 2"),
        ([1.0, 2.0, 3.0, 4.0], InvalidArgumentError, "x must have 3 values, not 4"),
        ([], InvalidArgumentError, "x must have 3 values, not 0"),
        (1.0, InvalidArgumentError, "x must have 3 values, not 1"),
        ([1.0, None, 2.0], InvalidNumberError, r"x\[1\] must be a real number.*None"),
        ("abc", InvalidNumberError, r"x\[0\] must be a real number.*'a'"),
        (None, InvalidNumberError, r"x\[0\] must be a real number.*None"),
        ([[1.0, 2.0, 3.0]] * 3, InvalidNumberError, r"x\[0\] must be a real number"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused(
    x: Any, error: type[ValorError], message: str
) -> None:
    for network in (Neuronio(3), Camada(3, 2), MLP(3, [2, 1])):
        with pytest.raises(error, match=message):
            network(x)


def test_a_neuron_of_ones_own_kind_is_used_in_its_layer() -> None:
    class Doubled(Neuronio):
        def __call__(self, x: Any) -> Valor:
            return super().__call__(x) * 2

    camada = Camada(2, 2, seed=0)
    plain = camada([1.0, 2.0])
    doubled = Doubled(2, seed=0)
    doubled.pesos, doubled.vies = camada.neuronios[1].pesos, camada.neuronios[1].vies
    camada.neuronios[1] = doubled
    assert [v.data for v in camada([1.0, 2.0])] == [plain[0].data, plain[1].data * 2]


def test_one_neuron_may_have_another_activation() -> None:
    camada = Camada(2, 2, seed=0)
    before = camada([1.0, 2.0])
    camada.neuronios[0].activation = activation("identity")
    after = camada([1.0, 2.0])
    assert after[0].data == camada.neuronios[0].weighted_sum([Valor(1.0), Valor(2.0)]).data
    assert after[1].data == before[1].data


def test_an_array_of_one_number_is_a_sample_of_one() -> None:
    neuronio = Neuronio(1, seed=0)
    assert neuronio(np.array(0.5)).data == neuronio(0.5).data == neuronio(np.array([0.5])).data


@pytest.mark.parametrize("x", [{1.0, 2.0}, {1.0: 1, 2.0: 2}, frozenset((1.0, 2.0))])
def test_a_sample_has_an_order(x: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="x must be a list of 2 values"):
        MLP(2, [1], seed=0)(x)


def test_refused_widths_draw_nothing_from_the_global_generator() -> None:
    random.seed(5)
    before = random.getstate()
    with pytest.raises(InvalidArgumentError):
        MLP(3, [2, 0])
    assert random.getstate() == before


def test_a_seed_may_be_a_numpy_int() -> None:
    numbers = [[p.data for p in MLP(2, [1], seed=s).parametros()] for s in (3, np.int64(3))]
    assert numbers[0] == numbers[1]


def test_an_activation_that_raises_is_named() -> None:
    def broken(v: Valor) -> Valor:
        raise ZeroDivisionError("bang")

    with pytest.raises(ZeroDivisionError) as caught:
        MLP(1, [1], activation=Activation("broken", broken), seed=0)(1.0)
    assert caught.value.__notes__ == ["raised by activation 'broken'"]
