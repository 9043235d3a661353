"""What was compiled and how, in words."""

from typing import TYPE_CHECKING

from valor import Plan

if TYPE_CHECKING:
    from valor_plugins.engines.native.assemble import Assembled


def explanation(code: "Assembled", plan: Plan) -> str:
    """Return several lines about a compiled run."""
    return ""
