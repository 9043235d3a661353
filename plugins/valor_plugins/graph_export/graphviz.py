"""Running Graphviz, in a process of its own that can be ended: the system's, or else the one that
the wheels of pygraphviz bring along.
"""

import sys

from valor.exceptions import MissingExtraError, RenderError

TIME_LIMIT = 60.0  # seconds; the largest picture takes about ten
EXTRA = "pip install 'valor-framework[graph]'"
# pygraphviz holds the interpreter's lock while it paints, so that a thread could not end it.
BUNDLED_GRAPHVIZ = """\
import sys
from pygraphviz import AGraph
graph = AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
sys.stdout.buffer.write(graph.draw(format=sys.argv[1], prog="nop2"))
"""


def painted(source: str, format: str) -> bytes:
    """Return the picture of a graph in DOT whose positions are all given.

    Args:
        source: the graph, as `placed_dot` writes it.
        format: "png" or "pdf".

    Raises:
        MissingExtraError: there is no Graphviz, neither on the system nor from the extra `graph`.
        RenderError: Graphviz failed, or took longer than `TIME_LIMIT`.
    """
    import subprocess

    command = _command(format)
    try:
        result = subprocess.run(
            command,
            input=source.encode("utf-8"),
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RenderError(
            f"Graphviz ({command[0]}) did not finish the picture (format={format!r}) within "
            f"{TIME_LIMIT:g} seconds and was ended; use format='svg', or draw a smaller part"
        ) from None
    except OSError as error:
        raise RenderError(f"Graphviz ({command[0]}) could not be started: {error}") from error
    if result.returncode or not result.stdout:
        complaint = result.stderr.decode("utf-8", "replace").strip() or "it said nothing"
        raise RenderError(
            f"Graphviz ({command[0]}) could not draw the picture (format={format!r}); "
            f"format='svg' needs no Graphviz. It ended with status {result.returncode}: "
            f"{complaint[-500:]}"
        )
    return result.stdout


def _command(format: str) -> list[str]:
    import importlib.util
    import shutil

    system = shutil.which("dot")
    if system is not None:
        return [system, "-Knop2", f"-T{format}"]
    try:
        found = importlib.util.find_spec("pygraphviz") is not None
    except ValueError:  # something put a half-made module in its place
        found = False
    if not found:
        raise MissingExtraError(
            f"format={format!r} needs Graphviz, which comes with the extra 'graph' ({EXTRA}) or "
            "from the system; format='svg' needs neither"
        )
    return [sys.executable, "-P", "-c", BUNDLED_GRAPHVIZ, format]
