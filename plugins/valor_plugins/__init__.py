"""The plugins that come with Valor. They go through the same checks as anybody's."""

BUNDLED = (
    "valor_plugins.activations.identity",
    "valor_plugins.activations.relu",
    "valor_plugins.activations.sigmoid",
    "valor_plugins.activations.tanh",
    "valor_plugins.losses.mean_squared_error",
    "valor_plugins.losses.sum_squared_error",
    "valor_plugins.optimizers.gradient_descent",
    "valor_plugins.initializers.uniform",
    "valor_plugins.callbacks.csv_log",
    "valor_plugins.callbacks.loss_curve",
    "valor_plugins.callbacks.progress",
    "valor_plugins.data.csv",
    "valor_plugins.engines.native",
    "valor_plugins.graph_export.dot",
    "valor_plugins.graph_export.mermaid",
    "valor_plugins.graph_export.svg",
)
