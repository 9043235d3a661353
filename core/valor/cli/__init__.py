"""The `valor` command: it reads options, calls what does the work, and turns errors into lines.

What a command does stands in a room of its own, which is imported when the command is called.
"""

import contextlib
import importlib
import os
import sys
import warnings
from collections.abc import Sequence
from typing import Any, NoReturn

from valor.cli._parser import Parser, parser_of_commands
from valor.cli._text import visible
from valor.exceptions import (
    CannotCompileError,
    CheckpointError,
    CheckpointWarning,
    ConfigurationError,
    DataError,
    EngineWarning,
    LockedError,
    MissingExtraError,
    ModelFileError,
    NameConflictError,
    PluginWarning,
    UnknownNameError,
)

FAILED, REFUSED, INTERRUPTED, UNREAD = 1, 2, 130, 141
# What stands against a command before it has begun to work.
REFUSALS = (
    CannotCompileError,
    CheckpointError,
    ConfigurationError,
    DataError,
    LockedError,
    MissingExtraError,
    ModelFileError,
    NameConflictError,
    UnknownNameError,
)
# The room of each command.
ROOMS = {
    "train": "_training",
    "compile": "_training",
    "predict": "_models",
    "graph": "_models",
    "inspect": "_inspect",
    "plugins": "_plugins",
    "cache": "_cache",
    "init": "_init",
    "new-plugin": "_new_plugin",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: as on the command line; those of the process if None.

    Returns:
        The exit code: 0 done, 1 failed, 2 refused, 130 interrupted, 141 nobody reads the output.

    >>> main(["train", "--epochs", "ten"])
    2
    """
    if arguments is None:
        for stream in (sys.stdout, sys.stderr):
            # A name that the terminal cannot show must not end a training.
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="backslashreplace")
        arguments = sys.argv[1:]
    traceback = "--traceback" in arguments or bool(os.environ.get("VALOR_TRACEBACK"))
    try:
        with warnings.catch_warnings():
            for category in (CheckpointWarning, EngineWarning, PluginWarning):
                warnings.simplefilter("always", category)
            warnings.showwarning = _show_warning  # type: ignore[assignment]
            code = _run(arguments)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except SystemExit as end:  # --help and --version
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        _silence_stdout()
        return UNREAD
    except KeyboardInterrupt:
        print("valor: interrupted", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        _report(error, traceback)
        try:
            print(end="", flush=True)
        except OSError:  # what cannot be flushed now could not be at the end either
            _silence_stdout()
        return REFUSED if isinstance(error, REFUSALS) else FAILED


def _run(arguments: Sequence[str]) -> int:
    parser = parser_of_commands()
    options, unknown = parser.parse_known_args(arguments)
    if unknown:
        _refuse(unknown, parser.commands.get(options.command, parser))
    if not arguments:
        parser.print_help(sys.stderr)
        return REFUSED
    # Without a command there is no place after it.
    blocks = (options.blocked_before or []) + (getattr(options, "blocked_after", None) or [])
    options.blocked = [_blocked(text) for text in blocks]
    if options.command is None:
        *others, last = ROOMS
        parser.error(f"there must be a command: {', '.join(others)} or {last}")
    room = importlib.import_module(f"valor.cli.{ROOMS[options.command]}")
    code: int = getattr(room, options.command.replace("-", "_"))(options)
    return code


def _blocked(text: str) -> str:
    _, separator, name = text.partition("no:")
    if not name or text != separator + name:
        raise ConfigurationError(f"-p: expected no:NAME, to leave a plugin out, not {text!r}")
    return name


def _refuse(unknown: Sequence[str], parser: Parser) -> NoReturn:
    """Say that a command has no such option, and which one may have been meant."""
    from valor.exceptions import nearest

    # Without the hyphens, which all have in common.
    hint = nearest(unknown[0].lstrip("-"), [option.lstrip("-") for option in parser.options])
    if hint:
        hint = hint.replace("'", "'--", 1)
    elif "--set" in parser.options and unknown[0].startswith("-"):
        hint = "\nhyperparameters are given with --set, as in --set optimizer.momentum=0.9"
    parser.error(f"unrecognized arguments: {' '.join(unknown)}{hint}")


def _show_warning(message: Warning | str, *_: Any) -> None:
    print(visible(f"valor: warning: {message}"), file=sys.stderr)


def _report(error: Exception, traceback: bool) -> None:
    """Print an error as a line of its own, with the notes that say more."""
    if traceback:
        import traceback as tracebacks

        tracebacks.print_exception(error)
        return
    from valor.exceptions import ValorError

    text = str(error)
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif not isinstance(error, ValorError):
        text = f"{type(error).__name__}: {text} (--traceback shows where)"
    lines = [f"valor: error: {text}", *getattr(error, "__notes__", ())]
    print(visible("\n".join(lines).replace("\n", "\n  ")), file=sys.stderr)


def _silence_stdout() -> None:
    """Send what is still to be flushed to nowhere, or Python would complain when it ends."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
