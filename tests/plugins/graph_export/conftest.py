"""Graphs to draw, and labels that no format may stumble over."""

import pytest

from valor import MLP, Neuronio, Valor

HOSTILE = [
    'say "hi"',
    '"];',
    "'; DROP TABLE",
    "<script>alert(1)</script>",
    "</svg><b>",
    "]]>",
    "-->",
    "&amp; &lt; & &#10;",
    "back\\slash \\N \\G \\n \\",
    "{a|b}<port>",
    "#35; %%{init} $$x$$ `md` *b* _i_",
    "- item",
    "1. item",
    "n0 --> n1",
    "ação é 🙂 漢字",
    "  two  spaces  ",
    " ",
    "end",
]


@pytest.fixture(params=HOSTILE)
def hostile(request: pytest.FixtureRequest) -> str:
    label: str = request.param
    return label


@pytest.fixture
def neuron() -> Valor:
    """Return the output of one neuron, with gradients, a label and a frozen bias."""
    neuronio = Neuronio(2, activation="tanh", seed=3)
    neuronio.vies.trainable = False
    output = neuronio([Valor(2.0, rotulo="x1"), -1.0])
    output.rotulo = "saida"
    output.propagar_tudo()
    return output


@pytest.fixture
def lesson_loss() -> Valor:
    """Return the loss of the lesson's network over its four samples."""
    network = MLP(3, [3, 2, 1], seed=0)
    x = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    y = [1, 0, 0.2, 0.5]
    loss: Valor = sum((network(row) - target) ** 2 for row, target in zip(x, y, strict=True))
    loss.propagar_tudo()
    return loss
