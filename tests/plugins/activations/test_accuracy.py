"""The page of accuracies has a row for every activation that rounds more than once."""

from valor.testing import records
from valor_plugins import BUNDLED

from .oracle import PAGE, PROMISED, published

# They choose or round once, or are functions that have rows of their own.
EXACT = {"identity", "leaky_relu", "hard_tanh", "relu", "relu6"}
FUNCTIONS = {"exponential", "sigmoid", "tanh"}
LAYERS = {"log_softmax", "softmax"}  # of which the text tells


def test_every_activation_has_its_figures() -> None:
    bundled = {record.name for record in records("valor-framework") if record.kind == "activation"}
    assert bundled == {path.rpartition(".")[2] for path in BUNDLED if ".activations." in path}
    measured = {name.partition(" with ")[0] for name in published()}
    assert bundled - measured == EXACT | FUNCTIONS | LAYERS
    assert measured <= bundled
    section = PAGE.read_text(encoding="utf-8").partition("\n## Activations\n")[2]
    for name in EXACT | FUNCTIONS | LAYERS:
        assert f"`{name}`" in section


def test_only_rounded_arguments_go_beyond_the_promise() -> None:
    beyond = {name for name, (value, _) in published().items() if value > PROMISED}
    assert beyond == {"gelu", "gelu with tanh_approximation", "softplus with beta 0.7"}
