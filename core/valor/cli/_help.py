"""What `--help` says: descriptions and examples."""

DESCRIPTION = """\
Train small neural networks, look at them, and see which plugins there are."""

EPILOG = """\
examples:
  valor init                                 write a configuration to begin with, valor.toml
  valor train lesson.toml --output run       train what a file describes
  valor train run --resume                   go on with a run that was stopped
  valor train --data d.csv --target y --layers 3,1 --epochs 100
  valor predict run/model.json --data d.csv  use what was trained
  valor compile lesson.toml --explain        see what an engine makes of it
  valor inspect run                          see what is in the folder of a run
  valor graph lesson.toml --output loss.svg  draw the graph of its loss
  valor plugins                              list what names there are
  valor new-plugin my-loss --kind loss       begin a plugin of your own

exit codes:
  0    done
  1    training, a plugin or a disk failed; what was completed is written
  2    the command line, a configuration, data or a model cannot be used; nothing was done
  130  interrupted by Ctrl-C; what was completed is written
  141  nobody reads the output any more

environment:
  VALOR_DISABLE_PLUGINS=a,b  block plugins, as -p no:a -p no:b does
  VALOR_PLUGINS=a,b          load no other plugins of other packages; "none" for none at all
  VALOR_CACHE=folder         keep there what can be made again
  VALOR_TRACEBACK=1          show where errors came from, as --traceback does"""

TRAIN_DESCRIPTION = """\
Train a network, and show its loss and its predictions. The run is described by a TOML file, by
options, or by both: an option stands for a key of the file, and wins."""

TRAIN_EPILOG = """\
examples:
  valor train lesson.toml --output run
  valor train run --resume
  valor train lesson.toml --epochs 5000 --set optimizer.momentum=0.9
  valor train --data d.csv --target y --layers 3,2,1 --activation tanh --epochs 1000
  valor train --data d.csv --target y1,y2 --layers 8,2 --activation relu,identity \\
      --loss mean_squared_error --optimizer gradient_descent --learning-rate 0.05 \\
      --epochs 200 --batch-size 16 --shuffle --seed 1 --output run
  valor train --data d.csv --target kind --categorical kind --scale-inputs standard \\
      --layers 8,3 --activation relu,softmax --loss categorical_cross_entropy --optimizer adam \\
      --epochs 100 --validation 0.2 --metrics accuracy --output run

a configuration file:
  [data]                        [optimizer]
  file = "d.csv"                name = "gradient_descent"
  target = "y"                  learning_rate = 0.5
                                momentum = 0.9
  [model]
  layers = [3, 2, 1]            [training]
  activation = "tanh"           epochs = 1000

Hyperparameters without an option of their own are given with --set, by table and key as in the
file: --set model.activation.slope=0.2, --set 'callbacks=["csv_log"]'. Values are written as in
TOML; a text needs no quotes. An option that names another loss or optimizer sets the
hyperparameters that the file gives its own aside.

Ctrl-C ends the training after the step under way; what was completed is written, and the exit code
is 130. The folder of the output gets config.toml, the run with all its defaults and seeds, and,
every ten seconds and at the end, checkpoint.valor: --resume goes on from there, whatever ended the
run, and ends with the same bits.

`valor --help` lists all exit codes."""

COMPILE_DESCRIPTION = """\
Compile what a configuration describes, without training it, and tell in a line what came of it."""

PREDICT_DESCRIPTION = """\
Print, as comma-separated values, what a model says of each line of a file."""

GRAPH_DESCRIPTION = """\
Draw the graph of computations: of a configuration, the loss before training; of a model file, the
output. Without --output, the text of the graph is printed."""

INSPECT_DESCRIPTION = """\
Tell what is in a model file, a checkpoint or the folder of a run, without the plugins it was made
with: what was trained and how far it came, the numbers there are, and what plugins have kept. What
is damaged is refused."""
INSPECT_EPILOG = """\
examples:
  valor inspect run
  valor inspect run/checkpoint.valor
  valor inspect run/model.json --json"""

PLUGINS_DESCRIPTION = """\
List every plugin: its state, where it comes from, and what it provides or why it is left out. In a
pipe there is one line a plugin, with tabs between the columns."""
PLUGINS_EPILOG = """\
examples:
  valor plugins
  valor plugins --hooks                      who listens to every run
  valor plugins --hooks lesson.toml          who listens to this one, in the order of the calls
  valor plugins --hooks run                  the same of a run that is over, with calls and time"""

CACHE_DESCRIPTION = """\
Tell where the files are that are kept because making them again takes time, how many they are, and
how large. They can be removed at any time, also while something is trained."""

INIT_DESCRIPTION = """\
Write a configuration to begin with, in which every key stands with its meaning. It trains as it
is. A file that is there already is not written over."""

NEW_PLUGIN_DESCRIPTION = """\
Write a project for a plugin, complete and installable: the formula, its tests, its documentation,
and what pip, tox and GitHub need. The formula is an example, to be replaced by your own."""
NEW_PLUGIN_EPILOG = """\
examples:
  valor new-plugin my-activation --kind activation
  valor new-plugin valor-swish --kind activation --output projects/swish

The package is called as the distribution, my_activation, and so is what it provides; a leading
valor- is left out of the latter: valor-swish provides swish."""

FAST_HELP = "let the engine reorder sums: faster, with other last digits"
