"""From the names in a configuration to the records that plugins provide by them."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import TypeVar

import attrs

from valor._manager import PluginManager
from valor._registry import resolve
from valor.config._origin import Origin
from valor.config._values import Keys, Named
from valor.contracts import Formula, Schedule
from valor.exceptions import ConfigurationError, ValorError

F = TypeVar("F", bound=Formula)


@attrs.frozen(eq=False)
class Lookup:
    """Looks up records, and says of what is wrong with one where its name stands.

    Attributes:
        origin: where the names come from.
        plugins: the manager to look them up in; the default one if None.
    """

    origin: Origin
    plugins: PluginManager | None

    def record(self, kind: type[F], named: Named, keys: Keys) -> F:
        """Return the record of a name, with its hyperparameters bound.

        Args:
            kind: what it is to be.
            named: the name and the hyperparameters.
            keys: where it stands.

        Raises:
            ConfigurationError: nobody or more than one provides it, or a hyperparameter is refused.
        """
        with self.at(*keys):
            record = resolve(kind, named.name, self.plugins, kind.kind)
        for name, value in named.hyperparameters.items():
            place = (*keys, name)
            given = self.record(Schedule, value, place) if isinstance(value, Named) else value
            with self.at(*place):
                record = record.bind(**{name: given})
        return record

    def records(self, kind: type[F], given: Sequence[Named], keys: Keys) -> list[F]:
        """Return the records of several names, in their order."""
        return [self.record(kind, named, (*keys, position)) for position, named in enumerate(given)]

    @contextlib.contextmanager
    def at(self, *keys: str | int) -> Iterator[None]:
        """Name the place in the configuration that an error is about."""
        try:
            yield
        except ValorError as error:
            raise ConfigurationError(f"{self.origin.place(*keys)}: {error}") from error
