"""The lesson's network: neurons (`Neuronio`) in layers (`Camada`) in a perceptron (`MLP`).

A name such as "tanh" becomes a formula when the network is built, not while it runs.
"""

import itertools
import os
import random
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from valor import functions
from valor._arguments import listed, whole
from valor._data import as_rows, at_least_one
from valor._discovery import manager_for
from valor._graph import Valor
from valor._manager import PluginManager
from valor._registry import resolve
from valor._scaling import Scaling
from valor.contracts import Activation, Initializer
from valor.exceptions import FormulaError, InvalidArgumentError, shown
from valor.functions import dot, number

# The lesson's own choices. They are no look-ups, so that no plugin can change them.
SIGMOID = Activation("sigmoid", functions.sig)
UNIFORM = Initializer("uniform", lambda random, fan_in, fan_out: random.uniform(-1, 1))
# What stands in a layer until its weights are drawn as a whole.
ZEROS = Initializer("zeros", lambda random, fan_in, fan_out: 0.0)


class Neuronio:
    """Neuronio (neuron): the activation of a weighted sum plus a bias.

    Args:
        num_dados_entrada: how many inputs it has.
        activation: the name, the record or the function of an activation; the sigmoid if None.
        initializer: likewise, of an initializer; uniform in [-1, 1] if None.
        seed: of a random generator of its own. If None, the global generator of the module
            `random` is used, as in the lesson: ``random.seed(…)`` then decides the first values.
        fan_out: the number of neurons in its layer, which some initializers ask for.
        plugins: the manager to look names up in; the default one if None.

    Attributes:
        pesos: the weights, one an input.
        vies: the bias.

    >>> neuronio = Neuronio(2, activation="identity", seed=0)
    >>> for parameter, value in zip(neuronio.parametros(), [2.0, -1.0, 0.5]):
    ...     parameter.data = value
    >>> neuronio([3.0, 1.0])
    Valor(data=5.5)
    """

    def __init__(
        self,
        num_dados_entrada: int,
        *,
        activation: Any = None,
        initializer: Any = None,
        seed: Any = None,
        fan_out: int = 1,
        plugins: PluginManager | None = None,
    ) -> None:
        width = at_least_one(num_dados_entrada, "num_dados_entrada")
        self.activation = _activation(activation, plugins)
        first = _initializer(initializer, plugins)
        generator = _generator(seed)
        if first.over == "layer":
            (weights,) = _drawn(first, generator, width, 1)
            self.pesos = [Valor(weight) for weight in weights]
            self.vies = Valor(0.0)
        else:

            def parameter() -> Valor:
                return Valor(number(first(generator, width, fan_out), f"the value of {first}"))

            self.pesos = [parameter() for _ in range(width)]
            self.vies = parameter() if first.biases else Valor(0.0)
        _label(self)

    def __call__(self, x: Any) -> Valor:
        """Return the activation of the weighted sum of `x` plus the bias.

        Args:
            x: as many numbers or scalars as there are weights.

        Raises:
            InvalidArgumentError: `x` has another length.
            FormulaError: the activation returned something else than a scalar.
        """
        if self.activation.over == "layer":
            raise InvalidArgumentError(
                f"{self.activation} works on a whole layer; call the Camada, not one Neuronio"
            )
        total = self.weighted_sum(_inputs(x, len(self.pesos)))
        return _checked(self.activation, self.activation(total))

    def weighted_sum(self, x: Sequence[Any]) -> Valor:
        """Return the sum of `x` times the weights, from the first to the last, plus the bias."""
        result: Valor = dot(x, self.pesos) + self.vies
        return result

    def named_parameters(self) -> dict[str, Valor]:
        """Return the weights and the bias by name: ``pesos[0]``, …, ``vies``."""
        named = {f"pesos[{i}]": peso for i, peso in enumerate(self.pesos)}
        return _each_once({**named, "vies": self.vies})

    def parametros(self) -> list[Valor]:
        """Return the parameters: the weights, then the bias."""
        return list(dict.fromkeys([*self.pesos, self.vies]))

    def __repr__(self) -> str:
        return f"Neuronio({len(self.pesos)} -> 1 {self.activation.name}, {_count(self)})"


class Camada:
    """Camada (layer): neurons that share their inputs.

    Args:
        num_dados_entrada: how many inputs each neuron has.
        num_neuronios: how many neurons there are.
        activation, initializer, seed, plugins: as for `Neuronio`.

    Attributes:
        neuronios: the neurons.

    >>> Camada(3, 2, seed=0)
    Camada(3 -> 2 sigmoid, 8 parameters)
    """

    def __init__(
        self,
        num_dados_entrada: int,
        num_neuronios: int,
        *,
        activation: Any = None,
        initializer: Any = None,
        seed: Any = None,
        plugins: PluginManager | None = None,
    ) -> None:
        width = at_least_one(num_neuronios, "num_neuronios")
        self.activation = _activation(activation, plugins)
        generator = _generator(seed)
        first = _initializer(initializer, plugins)
        layered = None
        if first.over == "layer":
            layered, first = first, ZEROS
        self.neuronios = [
            Neuronio(
                num_dados_entrada,
                activation=self.activation,
                initializer=first,
                seed=generator,
                fan_out=width,
            )
            for _ in range(width)
        ]
        if layered is not None:
            rows = _drawn(layered, generator, len(self.neuronios[0].pesos), width)
            for neuronio, weights in zip(self.neuronios, rows, strict=True):
                for peso, weight in zip(neuronio.pesos, weights, strict=True):
                    peso.data = weight
        _label(self)

    def __call__(self, x: Any) -> Any:
        """Return the neurons' outputs: a list, or, of a layer of one neuron, the one scalar.

        Args:
            x: as many numbers or scalars as there are inputs.
        """
        outputs = self.outputs(x)
        return outputs[0] if len(outputs) == 1 else outputs

    def outputs(self, x: Any) -> list[Valor]:
        """Return the neurons' outputs as a list, however many there are."""
        # Wrapped once here, an input is one scalar of the graph, not one for each neuron.
        inputs = _inputs(x, len(self.neuronios[0].pesos))
        if self.activation.over == "neuron":
            return [neuronio(inputs) for neuronio in self.neuronios]
        sums = [neuronio.weighted_sum(inputs) for neuronio in self.neuronios]
        outputs = self.activation(sums)
        if not isinstance(outputs, list) or len(outputs) != len(sums):
            raise FormulaError(
                f"{self.activation} must return a list of {len(sums)} Valor, not {shown(outputs)}"
            )
        return [_checked(self.activation, output) for output in outputs]

    def named_parameters(self) -> dict[str, Valor]:
        """Return the parameters by name: ``neuronios[0].pesos[0]``, …"""
        return _each_once(_nested("neuronios", self.neuronios))

    def parametros(self) -> list[Valor]:
        """Return the parameters, neuron by neuron, each once."""
        return _all_parameters(self.neuronios)

    def __repr__(self) -> str:
        inputs = len(self.neuronios[0].pesos)
        width = len(self.neuronios)
        return f"Camada({inputs} -> {width} {self.activation.name}, {_count(self)})"


class MLP:
    """A multilayer perceptron: layers, each fed by the one before.

    Args:
        num_dados_entrada: how many inputs the network has.
        num_neuronios_por_camada: how many neurons each layer has, the output layer last.
        activation: the name, the record or the function of an activation, for all layers; or a
            list of them, one a layer. The sigmoid if None.
        initializer, seed, plugins: as for `Neuronio`.

    Attributes:
        camadas: the layers.
        scaling: how data were scaled for the training, a `Scaling`; None where they were not.
            `predict` takes and returns numbers as they were before; a call of the network does
            not, for it computes and nothing else.

    Raises:
        InvalidArgumentError: an argument is not what is described here.
        UnknownNameError: no plugin provides a name.

    >>> mlp = MLP(3, [3, 2, 1], seed=0)
    >>> mlp
    MLP(3 -> 3 sigmoid -> 2 sigmoid -> 1 sigmoid, 23 parameters)
    >>> mlp([2.0, 3.0, -1.0]) > 0
    True
    """

    def __init__(
        self,
        num_dados_entrada: int,
        num_neuronios_por_camada: Iterable[int],
        *,
        activation: Any = None,
        initializer: Any = None,
        seed: Any = None,
        plugins: PluginManager | None = None,
    ) -> None:
        name = "num_neuronios_por_camada"
        given = listed(num_neuronios_por_camada, name, "a list of ints, one a layer")
        widths = [at_least_one(width, f"{name}[{layer}]") for layer, width in enumerate(given)]
        if not widths:
            raise InvalidArgumentError(f"{name} must name at least one layer")
        at_least_one(num_dados_entrada, "num_dados_entrada")
        if not isinstance(activation, (list, tuple)):
            activation = [activation] * len(widths)
        elif len(activation) != len(widths):
            raise InvalidArgumentError(
                f"activation must be one, or one for each of the {len(widths)} layers, "
                f"not {len(activation)}"
            )
        activations = [_activation(each, plugins) for each in activation]
        first = _initializer(initializer, plugins)
        generator = _generator(seed)
        self.camadas = []
        for width, record in zip(widths, activations, strict=True):
            self.camadas.append(
                Camada(
                    num_dados_entrada, width, activation=record, initializer=first, seed=generator
                )
            )
            num_dados_entrada = width
        self.scaling: Scaling | None = None
        _label(self)

    def __call__(self, x: Any) -> Any:
        """Return the network's outputs for one sample: a list, or a scalar if there is but one.

        Args:
            x: as many numbers or scalars as the network has inputs.
        """
        for camada in self.camadas:
            x = camada.outputs(x)
        return x[0] if len(x) == 1 else x

    def named_parameters(self) -> dict[str, Valor]:
        """Return the parameters by name: ``camadas[0].neuronios[0].pesos[0]``, …

        A parameter that two neurons share has the name of its first place.
        """
        return _each_once(_nested("camadas", self.camadas))

    def parametros(self) -> list[Valor]:
        """Return the parameters, layer by layer and neuron by neuron, each once.

        To freeze one, set its `trainable` to False: a trainer then leaves its number alone.
        """
        return _all_parameters(self.camadas)

    def predict(self, x: Any, plugins: PluginManager | None = None) -> list[Any]:
        """Return what the network says of samples, in the numbers of the data it was trained on.

        Where there are many, an engine computes them.

        Args:
            x: the samples, as for `Trainer.fit`.
            plugins: the manager to look for engines in; the default one if None.

        Returns:
            One float a sample, or one list of floats where the network has several outputs.

        Raises:
            DataError: the data are empty, ragged or not finite, or have another width than the
                network's inputs.

        >>> model = MLP(2, [1], activation="identity", seed=0)
        >>> model.scaling = Scaling(targets=[(100.0, 0.5)])
        >>> model.predict([[1.0, 2.0]]) == [model([1.0, 2.0]).data / 0.5 + 100.0]
        True
        """
        from valor._auto import AUTO, forward_for

        scaling = self.scaling or Scaling()
        rows = scaling.scaled_inputs(as_rows(x, "x"))
        forward = forward_for(AUTO, manager_for(plugins), self, None, rows, ())
        outputs = scaling.unscaled_outputs(forward(rows, ())[0])
        return [row[0] for row in outputs] if len(outputs[0]) == 1 else list(outputs)

    def save(
        self,
        path: str | os.PathLike[str],
        *,
        inputs: Iterable[str] = (),
        targets: Iterable[str] = (),
        plugins: PluginManager | None = None,
    ) -> None:
        """Write the network to a file. See `valor.checkpoint.save`.

        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     MLP(2, [1], seed=0).save(f"{folder}/model.json")
        ...     MLP.load(f"{folder}/model.json")
        MLP(2 -> 1 sigmoid, 3 parameters)
        """
        from valor.checkpoint import save

        save(self, path, inputs=inputs, targets=targets, plugins=plugins)

    @staticmethod
    def load(path: str | os.PathLike[str], plugins: PluginManager | None = None) -> "MLP":
        """Return the network of a file. See `valor.checkpoint.load`."""
        from valor.checkpoint import load

        return load(path, plugins)

    def __repr__(self) -> str:
        inputs = len(self.camadas[0].neuronios[0].pesos)
        layers = " -> ".join(f"{len(c.neuronios)} {c.activation.name}" for c in self.camadas)
        return f"MLP({inputs} -> {layers}, {_count(self)})"


def _activation(given: Any, plugins: PluginManager | None) -> Activation:
    return SIGMOID if given is None else resolve(Activation, given, plugins, "activation")


def _initializer(given: Any, plugins: PluginManager | None) -> Initializer:
    return UNIFORM if given is None else resolve(Initializer, given, plugins, "initializer")


def _drawn(initializer: Initializer, generator: Any, fan_in: int, fan_out: int) -> list[Any]:
    """Return the weights of a layer that are drawn together, one row a neuron."""
    rows = initializer(generator, fan_in, fan_out)
    if not isinstance(rows, list) or any(not isinstance(row, list) for row in rows):
        raise FormulaError(f"{initializer} must return a list of lists, not {shown(rows)}")
    if len(rows) != fan_out or any(len(row) != fan_in for row in rows):
        raise FormulaError(
            f"{initializer} must return {fan_out} rows of {fan_in} numbers, not {shown(rows)}"
        )
    return [[number(value, f"a value of {initializer}") for value in row] for row in rows]


def _generator(seed: Any) -> Any:
    if seed is None:
        return random  # the module's functions are the methods of its global generator
    if seed is random or isinstance(seed, random.Random):
        return seed
    expected = "an int, a str or a random.Random"
    try:
        return random.Random(seed if isinstance(seed, str) else whole(seed, "seed", expected))
    except UnicodeEncodeError:
        raise InvalidArgumentError(
            f"seed must be {expected}, but {shown(seed)} is no text: it has half a character"
        ) from None


class _Sample(list[Any]):
    """Scalars that were checked for a layer, so that its neurons need not check them again."""


def _all_parameters(parts: Sequence[Any]) -> list[Valor]:
    found = itertools.chain.from_iterable(part.parametros() for part in parts)
    return list(dict.fromkeys(found))


def _inputs(x: Any, width: int) -> Sequence[Any]:
    """Return one sample as a list of scalars; a lone number is a sample of one."""
    if x.__class__ is _Sample and len(x) == width:
        return x
    if isinstance(x, (Set, Mapping)):
        raise InvalidArgumentError(f"x must be a list of {width} values, not {shown(x)}")
    if hasattr(x, "tolist"):  # an array of NumPy's kind, of which one number is no list either
        x = x.tolist()
    if hasattr(type(x), "__valor_apply__") or not isinstance(x, Iterable):
        x = [x]
    inputs = _Sample(
        value if value.__class__ is Valor else _input(value, position)
        for position, value in enumerate(x)
    )
    if len(inputs) != width:
        raise InvalidArgumentError(f"x must have {width} values, not {len(inputs)}")
    return inputs


def _input(value: Any, position: int) -> Any:
    if value.__class__ is float:
        return Valor(value)
    if hasattr(type(value), "__valor_apply__"):  # an engine's stand-in
        return value
    return Valor(number(value, f"x[{position}]"))


def _checked(activation: Activation, output: Any) -> Valor:
    if output.__class__ is Valor or hasattr(type(output), "__valor_apply__"):
        scalar: Valor = output
        return scalar
    raise FormulaError(f"{activation} must return a Valor, not {shown(output)}")


def _nested(name: str, parts: Sequence[Any]) -> dict[str, Valor]:
    return {
        f"{name}[{position}].{inner}": parameter
        for position, part in enumerate(parts)
        for inner, parameter in part.named_parameters().items()
    }


def _each_once(named: dict[str, Valor]) -> dict[str, Valor]:
    """Leave out the later names of a parameter that has several."""
    first_names: dict[Valor, str] = {}
    for name, parameter in named.items():
        first_names.setdefault(parameter, name)
    return {name: parameter for parameter, name in first_names.items()}


def _label(network: Any) -> None:
    for name, parameter in network.named_parameters().items():
        parameter.rotulo = name


def _count(network: Any) -> str:
    return f"{len(network.parametros())} parameters"
