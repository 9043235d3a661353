"""The commands of `valor`, each from its parsed options to an exit code."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from valor import checkpoint, config
from valor._files import by_suffix, read_table, selected
from valor._manager import Plugin, plugin_manager
from valor._registry import callback, exporter, reader
from valor._results import (
    aligned,
    as_row,
    csv_text,
    exported,
    labelled_outputs,
    loss_graph,
    prediction_table,
    predicted_names,
    write_results,
)
from valor.checkpoint import write_atomically
from valor.contracts import Exporter, Reader
from valor.exceptions import (
    ConfigurationError,
    NameConflictError,
    UnknownNameError,
)
from valor.trainer import Trainer

OK, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130
