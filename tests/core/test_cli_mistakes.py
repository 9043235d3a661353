"""Mistakes that are easily made: each is told in a line, with its place and with what to do.

Columns, shapes, names, types and paths, on the command line and in a configuration. Nothing is
written, nothing is trained, and the exit code is 2.
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once

PETS = """\
kg,cm,age,colour,pet
4,25,3,red,cat
30,60,5,blue,dog
5,24,2,red,cat
28,55,9,green,dog
3.5,22,1,blue,cat
"""
TABLES = {
    "pets.csv": PETS,
    "semicolons.csv": PETS.replace(",", ";"),
    "numbers.csv": "1,2,3\n4,5,6\n",
    "empty.csv": "",
    "header.csv": "kg,cm,age,colour,pet\n",
    "gap.csv": PETS.replace("60", ""),
    "na.csv": PETS.replace("60", "NA"),
    "words.csv": PETS.replace("60", "sixty"),
    "comma.csv": PETS.replace("3.5", '"3,5"'),
    "ragged.csv": PETS.replace("30,60,5", "30,60"),
    "twice.csv": PETS.replace("cm", "kg"),
    "one.csv": PETS.replace("dog", "cat"),
    "birds.csv": PETS.replace("dog", "bird"),
    "short.csv": "kg,age,colour,pet\n4,3,red,cat\n",
    "weights.csv": "kg,cm,w,pet\n4,25,1,cat\n30,60,-1,dog\n5,24,1,cat\n",
}
OPTIONS = [
    "--data", "pets.csv", "--target", "pet", "--categorical", "pet,colour", "--layers", "3,1",
    "--activation", "tanh,sigmoid", "--loss", "binary_cross_entropy", "--epochs", "3",
]  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with tables."""
    for variable in ("VALOR_DISABLE_PLUGINS", "VALOR_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("VALOR_PLUGINS", "none")
    for name, text in TABLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "latin.csv").write_bytes("peso,raça\n1,2\n".encode("latin-1"))
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_without_a_mistake_it_trains(run: Any) -> None:
    code, out, err = run("train", *OPTIONS)
    assert (code, err) == (0, "")
    assert "target pet" in out


# What is added to the options above; and below it what is then said, "..." standing for the rest.
ON_THE_COMMAND_LINE = r"""
# Files
--data pet.csv
    --data: pet.csv: No such file or directory, did you mean 'pets.csv'?
--data folder
    --data: no reader is meant for 'folder' by its suffix; there are: csv (.csv), parquet
    (.parquet .pq)
--data pets.xlsx
    --data: no reader is meant for 'pets.xlsx' by its suffix; there are: csv (.csv), parquet
    (.parquet .pq)
--data empty.csv
    empty.csv, line 1: the first line must name the columns, but the file is empty
--data numbers.csv
    numbers.csv, line 1: the first line must name the columns, not hold numbers
--data latin.csv
    latin.csv: it must be UTF-8 text, but 'utf-8' codec can't decode byte 0xe7 in position 7:
    invalid continuation byte
--data ragged.csv
    ragged.csv, line 3: it has 4 values, but the first line names 5 columns
--data twice.csv
    twice.csv, line 1: two columns are named 'kg'
--data header.csv
    header.csv: it must hold at least one sample below the names of the columns
--data gap.csv
    gap.csv, line 3, column cm: the value is missing; fill it in, or leave out the line
--data na.csv
    na.csv, line 3, column cm: the value is missing ('NA'); fill it in, or leave out the line
--data words.csv
    words.csv, line 3, column cm: expected a finite number, not 'sixty'; if the column holds
    categories, name it as categorical
--data comma.csv
    comma.csv, line 6, column kg: expected a finite number, not '3,5'; if the column holds
    categories, name it as categorical
--data one.csv
    one.csv: column 'pet' has only one value, 'cat': there is nothing to predict
--output pets.csv
    --output: cannot write to 'pets.csv': it is a file, not a folder
--output pets.csv/run
    --output: cannot write to 'pets.csv/run': Not a directory
# Columns
--target Pet
    --target: pets.csv has no column 'Pet', did you mean 'pet'?; it has: kg, cm, age, colour,
    pet
--target pet,
    --target: pets.csv has no column ''; it has: kg, cm, age, colour, pet
--target pet,pet
    --target[1]: column 'pet' is named twice
--inputs kg,pet,colour
    --inputs[1]: column 'pet' is a target, so it cannot be an input too
--inputs kg,weight,colour
    --inputs: pets.csv: no column is named 'weight'; there are: kg, cm, age, colour, pet
--inputs kg,cm
    --categorical[1]: column 'colour' is neither an input nor a target
--categorical pet
    pets.csv, line 2, column colour: expected a finite number, not 'red'; if the column holds
    categories, name it as categorical
--categorical pet,color
    --categorical: pets.csv: no column is named 'color', did you mean 'colour'?; there are: kg,
    cm, age, colour, pet
--categorical pet,colour,kg
    pets.csv: column 'kg' has a different value in each of the 5 samples, so that they are no
    categories; give it as a number, or leave it out
--inputs kg cm
    cm: No such file or directory; here a configuration is expected, or the folder of a run
    (names that belong to one option have commas between them, and no blanks)
# Shapes
--layers 3
    --layers: the last layer must be as wide as there are targets, 1 (pet=dog), not 3
--layers 3,2
    --layers: the last layer must be as wide as there are targets, 1 (pet=dog), not 2
--layers 3-1
    --layers[0]: expected an int of at least 1, not '3-1'
--layers 0,1
    --layers[0]: expected an int of at least 1, not 0
--layers 2.5,1
    --layers[0]: expected an int of at least 1, not 2.5
--activation tanh,tanh,sigmoid
    --activation: activation must be one, or one for each of the 2 layers, not 3
# Names
--activation thanh
    --activation: no activation is named 'thanh'; there are: ...; did you mean 'tanh'?
--loss mse
    --loss: no loss is named 'mse'; there are: ...
--loss adam
    --loss: no loss is named 'adam'; there are: ...
--optimizer Adam
    --optimizer: no optimizer is named 'Adam'; there are: ...; did you mean 'adam' or 'nadam'
    or 'adamw'?
--metrics acc
    --metrics[0]: no metric is named 'acc'; there are: ...; did you mean 'auc'?
--metrics accuracy,accuracy
    --metrics: metrics must have names of their own, not two 'accuracy'
--scale-inputs standart
    --scale-inputs: no scaler is named 'standart'; there are: min_max, standard; did you mean
    'standard'?
--initializer he
    --initializer: no initializer is named 'he'; there are: ...
--engine gpu
    --engine: no engine is named 'gpu'; there are: native; for a Trainer, "auto" and "eager"
    are always there
--metric accuracy
    unrecognized arguments: --metric, did you mean '--metrics'?
--learning_rate 0.1
    unrecognized arguments: --learning_rate, did you mean '--learning-rate'?
--batchsize 4
    unrecognized arguments: --batchsize, did you mean '--batch-size'?
# Types and ranges
--epochs 1e3
    --epochs: expected an int of at least 1, not 1000.0
--epochs ten
    --epochs: expected an int of at least 1, not 'ten'
--batch-size 0
    --batch-size: expected an int of at least 1, not 0
--seed abc
    --seed: expected an int, not 'abc'
--threads two
    --threads: expected an int of at least 1, not 'two'
--learning-rate 0,1
    --learning-rate: optimizer 'gradient_descent' of plugin 'gradient_descent' of
    valor-framework ...: learning_rate must be a real number (int, float, NumPy scalar or
    fraction), not '0,1' of type str
--learning-rate -0.1
    --learning-rate: optimizer 'gradient_descent' of plugin 'gradient_descent' of
    valor-framework ...: 'learning_rate' must be > 0: -0.1
--validation 20%
    --validation: expected a share of the samples such as 0.2, or the path of a file, not
    '20%'
--validation 0,2
    --validation: expected a share of the samples such as 0.2, or the path of a file, not
    '0,2'
--validation 20
    --validation: expected a share of the samples such as 0.2, or the path of a file, not 20
--validation 1.0
    --validation: expected a share of the samples such as 0.2, or the path of a file, not 1.0
--shuffle=true
    argument --shuffle/--no-shuffle: ignored explicit argument 'true'
--data
    argument --data: expected one argument
# What does not go together
--validation none.csv
    --validation: none.csv: No such file or directory
--validation short.csv
    --validation: short.csv: no column is named 'cm'; there are: kg, age, colour, pet
--validation birds.csv
    --validation: birds.csv: sample 2, column 'pet': 'bird' is none of its categories; they
    are: 'cat', 'dog'
--scale-targets standard
    --scale-targets: categories are not scaled, and the target 'pet' holds some
--set training.stratify=true
    --set training.stratify: it is about the share of the samples to validate on; give that
    too, as in validation = 0.2
--resume
    --resume: there must be a folder with the checkpoint of a run: --output FOLDER, or folder
    in the table [output]
# Weights
--set training.class_weight=balance
    --set training.class_weight: expected "balanced", or a table with a number for each class,
    not 'balance'
--set training.class_weight.cat=2
    --set training.class_weight.cat: no weight is given for dog
--set training.class_weight.bird=2
    --set training.class_weight.bird: there is no such class; they are: cat, dog
--set training.class_weight.cat=-1
    --set training.class_weight.cat: expected a finite number from 0, not -1
--set data.weight=kgs
    --set data.weight: pets.csv has no column 'kgs', did you mean 'kg'?; it has: kg, cm, age,
    colour, pet
--set data.weight=pet
    --set data.weight: column 'pet' is an input or a target, so it cannot hold the weights of
    the samples
--set data.weight=colour
    --categorical[1]: column 'colour' is neither an input nor a target
--data weights.csv --categorical pet --set data.weight=w
    weights.csv: sample 2, column 'w': a weight must not be negative, but is -1
# --set
--set momentum=0.9
    --set momentum: there is no such table; there are: ...
--set optimizer.momentum
    --set: expected TABLE.KEY=VALUE, not 'optimizer.momentum'
--set optimizer.momentun=1
    --set optimizer.momentun: optimizer 'gradient_descent' of plugin 'gradient_descent' of
    valor-framework ... has no hyperparameter 'momentun'; it has: learning_rate, momentum,
    nesterov, weight_decay
--set optimizer.momentum=big
    --set optimizer.momentum: optimizer 'gradient_descent' of plugin 'gradient_descent' of
    valor-framework ...: momentum must be a real number (int, float, NumPy scalar or
    fraction), not 'big' of type str
--set callbacks=csv_log
    --set callbacks: expected a list of names, or of tables with a name and hyperparameters,
    not 'csv_log'; write ["csv_log"]
--set output.checkpoint_every=often
    --set output.checkpoint_every: expected a number of seconds, or 0 for never, not 'often'
--set output.every=3
    --set output.every: there is no such key; there are: folder, checkpoint_every
"""


def mistakes(text: str) -> list[Any]:
    """Return the mistakes of a table, each with what is said of it."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if line.startswith(" "):
            found[-1].append(line.strip())
        elif line and not line.startswith("#"):
            found.append([line])
    return [pytest.param(mistake, " ".join(said), id=mistake) for mistake, *said in found]


@pytest.mark.parametrize(("more", "message"), mistakes(ON_THE_COMMAND_LINE))
def test_on_the_command_line(run: Any, more: str, message: str) -> None:
    check_refusal(run("train", *OPTIONS, *more.split()), message)


def check_refusal(result: tuple[int, str, str], message: str) -> None:
    code, out, err = result
    assert (code, out) == (2, "")
    said = err.splitlines()[0]
    parts = map(re.escape, f"valor: error: {message}".split("..."))
    assert re.fullmatch(".*".join(parts), said), said
    assert "Traceback" not in err
    tables = [*TABLES, "latin.csv", "folder", "run.toml"]
    assert [name for name in os.listdir() if name not in tables] == []
    assert os.listdir("folder") == []


def test_a_hyperparameter_is_given_with_set(run: Any) -> None:
    _, _, err = run("train", *OPTIONS, "--momentum", "0.9")
    assert err.splitlines() == [
        "valor: error: unrecognized arguments: --momentum",
        "  hyperparameters are given with --set, as in --set optimizer.momentum=0.9",
        "  (see valor train --help)",
    ]
    _, _, err = run("predict", "m.json", "--data", "d.csv", "--momentum", "0.9")
    assert "--set" not in err


RUN = """\
[data]
file = "pets.csv"
target = "pet"
categorical = ["pet", "colour"]

[model]
layers = [3, 1]
seed = 1

[training]
epochs = 3
"""

# What stands in place of what, \n for a new line; and below it what is said after the file's name.
IN_A_CONFIGURATION = r"""
epochs = 3 => epochs = '3'
    , line 11: [training] epochs: expected an int of at least 1, not '3'
epochs = 3 => epoch = 3
    , line 11: [training] epoch: there is no such key, did you mean 'epochs'?
epochs = 3 => epochs = 3\nepochs = 4
    : it is not TOML: Cannot overwrite a value (at line 12, column 11)
epochs = 3 => epochs = 3\nmetrics = ['accuracy']
    , line 12: [training] metrics: there is no such key; it stands at the top of the file, above
    all tables
epochs = 3 => epochs = 3,
    : it is not TOML: Expected newline or end of document after a statement (at line 11,
    column 11)
epochs = 3 => epochs = 3\nshuffle = True
    : it is not TOML: Invalid value (at line 12, column 11); texts stand in quotes, and true and
    false are written like this
epochs = 3 => epochs = 3\nshuffle = 'yes'
    , line 12: [training] shuffle: expected true or false, not 'yes'
epochs = 3 => epochs = 3\nvalidation = 20
    , line 12: [training] validation: expected a share of the samples such as 0.2, or the path
    of a file, not 20
epochs = 3 => epochs = 3\nvalidation = 'a.csv'
    , line 12: [training] validation: a.csv: No such file or directory
epochs = 3 => epochs = 3\nstratify = true
    , line 12: [training] stratify: it is about the share of the samples to validate on; give
    that too, as in validation = 0.2
epochs = 3 => epochs = 3\nclass_weight = 2
    , line 12: [training] class_weight: expected "balanced", or a table with a number for each
    class, not 2
epochs = 3 => epochs = 3\nclass_weight = {}
    , line 12: [training] class_weight: it is empty; expected a number for each class
epochs = 3 => epochs = 3\nclass_weight = { cat = 1 }
    , line 12: [training] class_weight: no weight is given for dog
epochs = 3 => epochs = 3\n[training.class_weight]\ncat = 1\ndog = 'x'
    , line 14: [training] class_weight.dog: expected a finite number from 0, not 'x'
epochs = 3 => epochs = 3\nscale_inputs = true
    , line 12: [training] scale_inputs: expected a name, or a table with a name and
    hyperparameters, not true
epochs = 3 => epochs = 3\nscale_inputs = { name = 'min_max', low = 2 }
    , line 12: [training] scale_inputs: low must be below high, but low is 2.0 and high is 1.0
epochs = 3 => epochs = 3\n[output]\ncheckpoint_every = -1
    , line 13: [output] checkpoint_every: expected a number of seconds, or 0 for never, not -1
epochs = 3 => epochs = 3\n[[metrics]]\nname = 'acc'
    , line 12: [[metrics]] number 1: no metric is named 'acc'; there are: ...; did you mean
    'auc'?
epochs = 3 => epochs = 3\n[metrics]\nname = 'f1'
    , line 12: [metrics]: expected a list of names, or of tables with a name and
    hyperparameters, not a table; a block for each begins with two brackets, as in [[callbacks]]
epochs = 3 => epochs = 3\n[[callbacks]]\nname = 'early_stopping'\npatience = 0
    , line 14: [[callbacks]] number 1 patience: callback 'early_stopping' of plugin
    'early_stopping' of valor-framework ...: 'patience' must be >= 1: 0
[training] => [train]
    , line 10: [train]: there is no such table, did you mean 'training'?
[training] => [training
    : it is not TOML: Expected ']' at the end of a table declaration (at line 10, column 10)
[3, 1] => 3, 1
    : it is not TOML: Expected newline or end of document after a statement (at line 7, column
    11)
[3, 1] => 3
    , line 7: [model] layers: expected a list of widths such as [3, 2, 1], one a layer, not 3
[3, 1] => [3,\n  0]
    , line 7: [model] layers[1]: expected an int of at least 1, not 0
[3, 1] => [3, 2]
    , line 7: [model] layers: the last layer must be as wide as there are targets, 1
    (pet=dog), not 2
seed = 1 => activation = 'sigmoide'
    , line 8: [model] activation: no activation is named 'sigmoide'; there are: ...; did you
    mean 'sigmoid' or 'hard_sigmoid'?
seed = 1 => activation = ['relu']
    , line 8: [model] activation: activation must be one, or one for each of the 2 layers, not
    1
"pets.csv" => pets.csv
    : it is not TOML: Invalid value (at line 2, column 8); texts stand in quotes, and true and
    false are written like this
"pets.csv" => "C:\users"
    : it is not TOML: Invalid hex value (at line 2, column 13); in double quotes a backslash is
    written twice, in single quotes once
"pet" => "pets"
    , line 3: [data] target: pets.csv has no column 'pets', did you mean 'pet'?; it has: kg,
    cm, age, colour, pet
"pet" => "pet"\nweight = 3
    , line 4: [data] weight: expected a text, not 3
"pet" => "pet"\nx = [1]
    , line 2: [data] file: it is about a file, but x and y hold the data themselves
[data] => optimizer = 3\n[data]
    , line 1: [optimizer]: expected a name, or a table with a name and hyperparameters, not 3
[data] => [optimizer]\nlearning_rate = '0.1'\n[data]
    , line 2: [optimizer] learning_rate: optimizer 'gradient_descent' of plugin
    'gradient_descent' of valor-framework ...: learning_rate must be a real number (int,
    float, NumPy scalar or fraction), not '0.1' of type str
[data] => [optimizer.learning_rate]\nfirst = 1\n[data]
    , line 1: [optimizer] learning_rate: expected a table with a name; it has none
"""


@pytest.mark.parametrize(("change", "message"), mistakes(IN_A_CONFIGURATION))
def test_in_a_configuration(run: Any, change: str, message: str) -> None:
    old, new = change.split(" => ")
    assert old in RUN
    Path("run.toml").write_text(RUN.replace(old, new.replace("\\n", "\n"), 1))
    check_refusal(run("train", "run.toml"), f"run.toml{message}")


OF_OTHER_COMMANDS = r"""
trian
    argument COMMAND: invalid choice: 'trian' (choose from ...)
train
    the command line lacks --data, --target, --layers, --epochs
train none.toml
    none.toml: No such file or directory
train folder
    folder: it is a folder without config.toml: it is not that of a run, or the run did not come
    to the end of its first step
train pets.csv --target pet
    pets.csv: it is not TOML: Expected '=' after a key in a key/value pair (at line 1, column 3);
    a table of samples is given with --data
compile folder
    folder: it is a folder without config.toml: ...
predict folder --data pets.csv
    folder: it is a folder without model.json: ...
predict pets.csv --data pets.csv
    pets.csv: it is not a whole JSON document: ...
predict model.json
    the following arguments are required: --data
graph folder
    folder: it is a folder without model.json: ...
graph none.toml
    none.toml: No such file or directory
inspect folder
    folder: it is not the folder of a run: there is no run.json, checkpoint.valor or model.json
inspect pets.csv
    pets.csv: it is neither a model file, nor a checkpoint, nor the folder of a run
plugins --hook
    unrecognized arguments: --hook, did you mean '--hooks'?
"""


@pytest.mark.parametrize(("arguments", "message"), mistakes(OF_OTHER_COMMANDS))
def test_of_other_commands(run: Any, arguments: str, message: str) -> None:
    check_refusal(run(*arguments.split()), message)
