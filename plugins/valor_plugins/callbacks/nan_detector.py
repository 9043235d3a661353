"""How the first number that was not finite got into the loss.

A trainer stops by itself at such a number, and its error names the first scalar that went wrong.
This adds what led from there to the loss. It listens to errors only: while all is well, it costs
nothing, and the engine need not be the eager one.
"""

from collections.abc import Iterator

from valor import Callback, hookimpl
from valor.exceptions import NonFiniteError


class NanDetector:
    """Adds a note to the error of a run that met nan or infinity: the path from it to the loss.

    The note has a line for each scalar on the way, with what it was computed from; labelled ones
    (parameters, and what a formula has given a label) with their labels. Above them it names the
    neurons on the way. The same stands in the error's attributes `path` and `through`.

    >>> from valor import MLP, Trainer
    >>> model = MLP(1, [1, 1], activation=["identity", "identity"], seed=0)
    >>> for parameter, value in zip(model.parametros(), [1e200, 0.0, 1e200, 0.0]):
    ...     parameter.data = value
    >>> try:
    ...     _ = Trainer(model, callbacks=[NanDetector()]).fit([1.0], [0.0], epochs=1)
    ... except NonFiniteError as error:
    ...     print(next(note for note in error.__notes__ if note.startswith("from")))
    from there to the loss, by way of camadas[1].neuronios[0]:
      * of 1e+200, 1e+200 (camadas[1].neuronios[0].pesos[0]) = inf
      + of inf, 0.0 (camadas[1].neuronios[0].vies) = inf
      - of inf, 0.0 = inf
      **2 of inf = inf
    """

    @hookimpl
    def valor_on_training_error(self, error: BaseException) -> None:
        """Add the note."""
        if isinstance(error, NonFiniteError) and error.path:
            way = f", by way of {', '.join(error.through)}" if error.through else ""
            error.add_note("\n  ".join([f"from there to the loss{way}:", *error.path]))


def nan_detector() -> NanDetector:
    """Return a `NanDetector`, for ``callbacks=["nan_detector"]``.

    >>> isinstance(nan_detector(), NanDetector)
    True
    """
    return NanDetector()


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name="nan_detector", call=nan_detector)
