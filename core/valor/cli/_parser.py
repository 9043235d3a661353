"""What the command line can say: the parser, its options, and its help."""

import argparse
from collections.abc import Mapping
from typing import Any, NoReturn

from valor.cli._help import (
    CACHE_DESCRIPTION,
    COMPILE_DESCRIPTION,
    DESCRIPTION,
    EPILOG,
    FAST_HELP,
    GRAPH_DESCRIPTION,
    INIT_DESCRIPTION,
    INSPECT_DESCRIPTION,
    INSPECT_EPILOG,
    NEW_PLUGIN_DESCRIPTION,
    NEW_PLUGIN_EPILOG,
    PLUGINS_DESCRIPTION,
    PLUGINS_EPILOG,
    PREDICT_DESCRIPTION,
    TRAIN_DESCRIPTION,
    TRAIN_EPILOG,
)
from valor.contracts import KINDS
from valor.exceptions import ConfigurationError

# Option, keys it stands for, how its value is read, placeholder, help.
TEXT, SCALAR, TEXTS, SCALARS = "text", "scalar", "texts", "scalars"
TRAIN_OPTIONS: tuple[tuple[str, tuple[str, ...], str, str, str], ...] = (
    ("--data", ("data.file",), TEXT, "FILE", "a table with one sample a line"),
    ("--reader", ("data.reader",), TEXT, "NAME", "how to read it (default: by its suffix)"),
    ("--target", ("data.target",), TEXTS, "COLUMN[,COLUMN]", "the columns to predict"),
    ("--inputs", ("data.inputs",), TEXTS, "COLUMN[,COLUMN]", "the others (default: all of them)"),
    (
        "--categorical",
        ("data.categorical",),
        TEXTS,
        "COLUMN[,COLUMN]",
        "those that hold categories, one number each",
    ),
    (
        "--validation",
        ("training.validation",),
        SCALAR,
        "SHARE|FILE",
        "what to measure on after each epoch: a share of the samples, or a table",
    ),
    ("--scale-inputs", ("training.scale_inputs",), TEXT, "NAME", "such as standard (default: no)"),
    ("--scale-targets", ("training.scale_targets",), TEXT, "NAME", "likewise, of the targets"),
    ("--layers", ("model.layers",), SCALARS, "N[,N]", "neurons a layer, the output layer last"),
    ("--activation", ("model.activation",), TEXTS, "NAME[,NAME]", "one, or one a layer"),
    ("--initializer", ("model.initializer",), TEXT, "NAME", "what draws the first parameters"),
    ("--loss", ("loss.name",), TEXT, "NAME", "default: sum_squared_error"),
    ("--optimizer", ("optimizer.name",), TEXT, "NAME", "default: gradient_descent"),
    ("--learning-rate", ("optimizer.learning_rate",), SCALAR, "NUMBER", "of the optimizer"),
    ("--metrics", ("metrics",), TEXTS, "NAME[,NAME]", "what to measure after each epoch"),
    ("--epochs", ("training.epochs",), SCALAR, "N", "how often to go through the samples"),
    ("--batch-size", ("training.batch_size",), SCALAR, "N", "samples a step (default: all)"),
    ("--seed", ("model.seed", "training.seed"), SCALAR, "N", "repeats a run (default: drawn)"),
    (
        "--engine",
        ("training.engine",),
        TEXT,
        "NAME",
        "what computes (default: auto, which chooses)",
    ),
    ("--threads", ("training.threads",), SCALAR, "N", "how many the engine may use (default: 1)"),
    ("--output", ("output.folder",), TEXT, "FOLDER", "where to write the model and the rest"),
)
COMPILE_OPTIONS = ("--batch-size", "--engine", "--threads")


class Parser(argparse.ArgumentParser):
    """argparse's parser, reporting as every other error of ours is reported.

    Attributes:
        commands: the parsers of its commands, by name.
    """

    def __init__(self, **arguments: Any) -> None:
        self.commands: Mapping[str, Parser] = {}
        super().__init__(
            **arguments,
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    @property
    def options(self) -> list[str]:
        """All options there are."""
        return [option for action in self._actions for option in action.option_strings]

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing and leaving.

        Raises:
            ConfigurationError: always.
        """
        raise ConfigurationError(f"{message}\n(see {self.prog} --help)")


def parser_of_commands() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(prog="valor", description=DESCRIPTION, epilog=EPILOG)
    parser.add_argument("--version", action=_Version)
    _add_common(parser, "blocked_before")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")

    def command(name: str, summary: str, description: str, epilog: str = "") -> Parser:
        parser = commands.add_parser(name, help=summary, description=description, epilog=epilog)
        _add_common(parser, "blocked_after")
        return parser

    train = command("train", "train a network", TRAIN_DESCRIPTION, TRAIN_EPILOG)
    train.add_argument(
        "config", nargs="?", metavar="CONFIG", help="a TOML file, or the folder of an earlier run"
    )
    compiling = command("compile", "compile, without training", COMPILE_DESCRIPTION)
    compiling.add_argument("config", metavar="CONFIG", help="a TOML file, or the folder of a run")
    for option, _, _, metavar, text in TRAIN_OPTIONS:
        train.add_argument(option, metavar=metavar, help=text)
        if option in COMPILE_OPTIONS:
            compiling.add_argument(option, metavar=metavar, help=text)
    for parser_of_run in (train, compiling):
        parser_of_run.add_argument("--fast", action="store_true", help=FAST_HELP)
    compiling.add_argument("--explain", action="store_true", help="tell all that is known of it")
    train.add_argument(
        "--resume",
        action="store_true",
        help="go on from the checkpoint in the folder of the output; begin anew if there is none",
    )
    train.add_argument(
        "--shuffle",
        action=argparse.BooleanOptionalAction,
        help="take the samples in another order each epoch",
    )
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="TABLE.KEY=VALUE",
        help="any key of a configuration file; may be repeated",
    )
    predict = command("predict", "apply a trained model", PREDICT_DESCRIPTION)
    predict.add_argument("model", metavar="MODEL", help="a model file, or the folder of a run")
    predict.add_argument("--data", required=True, metavar="FILE", help="a table to predict from")
    predict.add_argument("--output", metavar="FILE", help="where to write to (default: print)")
    graph = command("graph", "draw a graph", GRAPH_DESCRIPTION)
    graph.add_argument(
        "source",
        metavar="SOURCE",
        help="a configuration (.toml), a model file, or the folder of a run for its model",
    )
    graph.add_argument("--output", metavar="FILE", help="such as graph.svg, graph.dot or graph.png")
    graph.add_argument("--exporter", metavar="NAME", help="default: by the suffix of --output")
    graph.add_argument("--sample", type=int, metavar="N", help="one sample only, counted from 1")
    graph.add_argument("--data", metavar="FILE", help="for a model file: where samples are")
    for parser_of_model in (predict, graph):
        parser_of_model.add_argument(
            "--inputs", type=names_in, metavar="COLUMN[,COLUMN]", help="the columns of the inputs"
        )
        parser_of_model.add_argument(
            "--reader", metavar="NAME", help="how to read the data (default: by its suffix)"
        )
    inspect = command(
        "inspect", "tell what is in a file of a run", INSPECT_DESCRIPTION, INSPECT_EPILOG
    )
    inspect.add_argument(
        "path", metavar="FILE", help="a model file, a checkpoint, or the folder of a run"
    )
    inspect.add_argument("--json", action="store_true", help="as JSON, for programs")
    plugins = command("plugins", "list the plugins", PLUGINS_DESCRIPTION, PLUGINS_EPILOG)
    plugins.add_argument(
        "--hooks",
        nargs="?",
        const="",
        metavar="SOURCE",
        help="list who listens to runs instead; SOURCE: a configuration (.toml), the folder of a "
        "run, or its run.json",
    )
    cache = command("cache", "tell or empty the cache", CACHE_DESCRIPTION)
    cache.add_argument("--clear", action="store_true", help="remove the files")
    init = command("init", "write a configuration to begin with", INIT_DESCRIPTION)
    init.add_argument(
        "file", nargs="?", default="valor.toml", metavar="FILE", help="default: valor.toml"
    )
    new_plugin = command(
        "new-plugin", "write a plugin project", NEW_PLUGIN_DESCRIPTION, NEW_PLUGIN_EPILOG
    )
    new_plugin.add_argument("name", metavar="NAME", help="what pip will install it as")
    new_plugin.add_argument(
        "--kind", required=True, choices=KINDS, metavar="KIND", help=f"one of {', '.join(KINDS)}"
    )
    new_plugin.add_argument(
        "--output", metavar="FOLDER", help="where to write it, new or empty (default: ./NAME)"
    )
    parser.commands = commands.choices
    return parser


def _add_common(parser: Parser, destination: str) -> None:
    parser.add_argument(
        "-p",
        action="append",
        dest=destination,
        metavar="no:NAME",
        help="do not load a plugin or the plugins of a package; may be repeated",
    )
    parser.add_argument("--traceback", action="store_true", help="show where an error came from")


class _Version(argparse.Action):
    """Looks the version up when it is asked for: that takes longer than all the rest of --help."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments, nargs=0, help="show the version and leave")

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"valor {version('valor-framework')}")
        except PackageNotFoundError:
            print("valor (not installed)")
        parser.exit()


def names_in(text: str) -> list[str]:
    """Return the names between the commas of an option."""
    return [name.strip() for name in text.split(",")]
