"""Source is parsed, never run: layers that it loses are found with their line, and sound ones are clean."""

import json
import textwrap

import pytest

from normcast.check import check_source, formatted
from normcast.cli import run

IMPORTS = """
import keras
from keras import layers
from keras.layers import Conv1D, Dense, Dropout, LSTM
from keras import Input, Model, Sequential
"""


def found(tmp_path, source, name="net.py", imports=IMPORTS):
    file = tmp_path / name
    file.write_text(imports + textwrap.dedent(source))
    before = imports.count("\n")
    return [(each.layers[0], each.line - before, each.message) for each in check_source(file)]


FAULTS = {  # the script; the name, the line and the word that the one finding must have
    "a head without (x)": (
        """
        inputs = Input((8, 3))
        outputs = Dense(1)
        model = Model(inputs, outputs)
        """,
        ("outputs", 3, "never called: the model"),
    ),
    "a head made in the model": (
        "inputs = Input((8, 3))\nmodel = Model(inputs=inputs, outputs=[Dense(1)])\n",
        ("dense", 2, "never called"),
    ),
    "a layer given to a layer": (
        """
        x = inputs = Input((8, 3))
        h = LSTM(4)
        model = Model(inputs, Dense(1)(h))
        """,
        ("h", 3, "Dense is given the layer"),
    ),
    "overwritten values": (
        """
        inputs = Input((8, 3))
        x = Conv1D(4, 3)(inputs)
        x = LSTM(4)(inputs)
        model = Model(inputs, Dense(1)(x))
        """,
        ("x", 3, "something else in line 9 before"),
    ),
    "an overwritten layer": (
        """
        inputs = Input((8, 3))
        x = LSTM(4)
        x = Dense(4)(inputs)
        model = Model(inputs, x)
        """,
        ("x", 3, "is made, but x is given something else"),
    ),
    "a dropout whose values are dropped": (
        """
        inputs = Input((8, 3))
        x = LSTM(4)(inputs)
        Dropout(0.2)(x)
        model = Model(inputs, Dense(1)(x))
        """,
        ("dropout", 4, "dropped"),
    ),
    "an output that is in no model": (
        """
        def build():
            inputs = Input((8, 3))
            x = LSTM(4)(inputs)
            other = Dense(2)(x)
            return Model(inputs, Dense(1)(x))
        """,
        ("other", 5, "read nowhere"),
    ),
    "a layer that a function never calls": (
        """
        def block(x):
            drop = Dropout(0.2)
            return LSTM(4)(x)
        """,
        ("drop", 3, "never called"),
    ),
    "a layer that a class never calls": (
        """
        class Net(Model):
            def __init__(self):
                super().__init__()
                self.lstm = LSTM(4)
                self.drop = Dropout(0.2)
            def call(self, x):
                return self.lstm(x)
        """,
        ("self.drop", 6, "Net never calls it"),
    ),
    "a layer that a class never calls, beside the layers of a module": (
        """
        class Net(keras.Model):
            def __init__(self):
                super(Net, self).__init__()
                self.lstm = keras.layers.LSTM(4)
                self.drop = keras.layers.Dropout(0.2)
            def call(self, x):
                return self.lstm(x)
        """,
        ("self.drop", 6, "Net never calls it"),
    ),
    "values overwritten in call": (
        """
        class Net(keras.layers.Layer):
            def __init__(self):
                super().__init__()
                self.a, self.name_ = None, "a"
                self.b = LSTM(4)
                self.c = Dense(4)
            def call(self, x):
                h = self.b(x)
                h = self.c(x)
                return h
        """,
        ("h", 9, "something else in line 15"),
    ),
    "a layer of the script's own": (
        """
        class Norm(layers.Layer):
            def call(self, x):
                return x
        inputs = Input((8, 3))
        norm = Norm()
        model = Model(inputs, Dense(1)(inputs))
        """,
        ("norm", 6, "Norm is made"),
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_lost_layer_is_found_with_its_line(tmp_path, name):
    source, (layer, line, words) = FAULTS[name]
    ((found_layer, found_line, message),) = found(tmp_path, source)
    assert (found_layer, found_line) == (layer, line)
    assert words in message


@pytest.mark.parametrize(
    ("imports", "maker"),
    [
        ("import keras\n", "keras.layers.Dense"),
        ("import keras.layers as L\nimport keras\n", "L.Dense"),
        ("from keras import layers as L\nimport keras\n", "L.Dense"),
        ("import tensorflow as tf\nfrom tensorflow import keras\n", "tf.keras.layers.Dense"),
        ("import tensorflow as tf\nkeras = tf.keras\nL = keras.layers\n", "L.Dense"),
        ("from tensorflow.keras.layers import *\nimport keras\n", "Dense"),
        ("from keras.layers import Dense as D\nimport keras\n", "D"),
        ("from keras import *\nimport keras\n", "layers.Dense"),
        (
            "try:\n    import keras\nexcept ImportError:\n    from tensorflow import keras\n",
            "keras.layers.Dense",
        ),
        ("import tf_keras as keras\n", "keras.layers.Dense"),
        ("from keras.layers.core import Dense\nimport keras\n", "Dense"),
    ],
)
def test_keras_is_known_by_whatever_name(tmp_path, imports, maker):
    source = f"x = keras.Input((8,))\ny = {maker}(1)\nmodel = keras.Model(x, y)\n"
    assert [line for _, line, _ in found(tmp_path, source, imports=imports)] == [2]


SOUND = {
    "functional": "x = inputs = Input((8, 3))\nx = LSTM(4)(x)\nx = Dense(1)(x)\nmodel = Model(inputs, x)\n",
    "sequential": "model = Sequential([LSTM(4), Dense(1)])\nmodel.add(Dense(1))\nmodel.compile('adam')\n",
    "a loop": """
        x = inputs = Input((8, 3))
        for units in (4, 4):
            x = LSTM(units, return_sequences=True)(x)
            x = Dropout(0.2)(x)
        model = Model(inputs, x)
        """,
    "branches": """
        inputs = Input((8, 3))
        x = LSTM(4)(inputs)
        if inputs.shape[1] > 4:
            x = Dense(4)(x)
        else:
            x = Dropout(0.2)(x)
        model = Model(inputs, x)
        """,
    "a choice that is overwritten": """
        def build(deep):
            inputs = Input((8, 3))
            x = LSTM(4)(inputs)
            if deep:
                x = Dense(4)(inputs)
            return Model(inputs, x)
        """,
    "lists, comprehensions and dictionaries": """
        inputs = Input((8, 3))
        stack = [Dense(4) for _ in range(3)]
        named = {"a": LSTM(4), "b": Dense(1)}
        x = inputs
        for layer in stack:
            x = layer(x)
        model = Model(inputs, named["b"](named["a"](x)))
        """,
    "a class with lists": """
        class Net(Model):
            def __init__(self, depth):
                super().__init__()
                self.blocks = [Dense(4) for _ in range(depth)]
                self.first = Dense(4)
                self.last = Dense(1)
                self.stack = [self.first, self.last]
            def call(self, x):
                for block in self.stack:
                    x = block(x)
                return x
        """,
    "a class that reads itself by name": """
        class Net(Model):
            def __init__(self):
                super().__init__()
                self.dense_1 = Dense(4)
            def call(self, x):
                return getattr(self, f"dense_{1}")(x)
        """,
    "a class that goes through its layers": """
        class Net(keras.Model):
            def __init__(self):
                super().__init__()
                self.one = keras.layers.Dense(4)
            def call(self, x):
                for layer in self.layers:
                    x = layer(x)
                return x
        """,
    "a class on a base that is not known": """
        from blocks import Base
        class Net(Base):
            def __init__(self):
                self.head = Dense(1)
            def call(self, x):
                return super().call(x)
        """,
    "layers of another library": """
        from torch import nn
        drop = nn.Dropout(0.2)
        nn.LSTM(4, 4)
        """,
    "tuning": """
        def build(hp):
            model = Sequential()
            for i in range(hp.Int("layers", 1, 3)):
                model.add(LSTM(hp.Int(f"units_{i}", 4, 8), return_sequences=True))
            if hp.Boolean("drop"):
                model.add(Dropout(0.2))
            return model
        """,
    "wrapped, shared and called later": """
        inputs = Input((8, 3))
        cell = keras.layers.LSTMCell(4)
        rnn = keras.layers.RNN(cell)
        shared = Dense(4)
        both = layers.Bidirectional(LSTM(4))(inputs)
        h, state, c = LSTM(4, return_state=True)(inputs)
        def head(x):
            return shared(x)
        model = Model(inputs, [head(rnn(inputs)), head(both), h])
        """,
    "a module of parts": "norm = layers.LayerNormalization()\nhead = Dense(1)\n",
    "a test of a layer": """
        import pytest
        def test_rate():
            with pytest.raises(ValueError):
                Dropout(2.0)
            layers.Dense(3)
        """,
    "names that the text hides": "x = Input((8, 3))\nhead = Dense(1)\nmodel = Model(x, eval('head')(x))\n",
    "unpacking and ignoring": "x = Input((8, 3))\n_ = Dense(4)(x)\nmodel = Model(x, Dense(1)(x))\n",
    "a name that is no layer": "def Dense(n):\n    return n\nx = Input((8,))\nDense(1)\nm = Model(x, x)\n",
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_and_undecidable_scripts_are_clean(tmp_path, name):
    assert found(tmp_path, SOUND[name]) == []


def test_nothing_of_a_script_is_run(tmp_path):
    source = f"open({str(tmp_path / 'ran')!r}, 'w')\nimport nothing_like_it\nraise SystemExit(3)\n"
    assert found(tmp_path, source) == []
    assert not (tmp_path / "ran").exists()


def notebook(*cells):
    code = [{"cell_type": "code", "source": list(cell.splitlines(keepends=True))} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": "# A network"}, *code]})


def test_a_notebook_names_cell_and_line_and_passes_over_what_is_not_python(tmp_path):
    file = tmp_path / "net.ipynb"
    file.write_text(
        notebook(
            "%matplotlib inline\n!pip install keras\nfrom keras import Input, Model, layers\nlayers?",
            "%%bash\necho hello",
            "x = Input((8, 3))\nlayers.Dense(3)",
            "y = layers.Dense(1)\nmodel = Model(x, y)",
        )
    )
    (one,) = check_source(file)
    assert (one.line, one.layers) == (None, ("y",))
    assert one.message.startswith("cell 5, line 1: Dense is made")


HOSTILE = {
    "deep.py": b"x = " + b"(" * 5000 + b")" * 5000,
    "sum.py": b"x = " + b"1 + " * 50_000 + b"1",
    "elif.py": b"if a:\n  pass\n" + b"elif b:\n  pass\n" * 4000,
    "null.py": b"x = 1\0\n",
    "latin.py": "x = 'é'".encode("latin-1"),
    "two.py": b"print 'hello'\n",
    "huge.py": b"x = 1\n" * 500_000,
    "none.ipynb": b"{}",
    "text.ipynb": b"cells",
    "broken.ipynb": notebook("x = 1", "x = (").encode(),
    "deep.ipynb": b"[" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_python_is_refused_in_our_words(tmp_path, name, capsys):
    (tmp_path / name).write_bytes(HOSTILE[name])
    assert run(["check", str(tmp_path / name)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"check: {tmp_path / name}")
    assert len(printed.err.splitlines()) == 1


@pytest.fixture
def faulty(tmp_path):
    file = tmp_path / "50% of my #1 näive.py"
    file.write_text(IMPORTS + "inputs = Input((8, 3))\noutputs = Dense(1)\nmodel = Model(inputs, outputs)\n")
    return file


def test_every_format_has_the_line(faulty, capsys):
    assert run(["check", str(faulty)]) == 1
    printed = capsys.readouterr()
    assert f"{faulty}:7:outputs: NC001 layer-never-called [error]" in printed.out
    assert "it was not run" in printed.err
    findings = check_source(faulty)
    assert json.loads(formatted(findings, "json"))["findings"][0]["line"] == 7
    assert formatted(findings, "github", where="a b.py").startswith("::error file=a b.py,line=7,title=NC001")


def test_a_place_in_sarif_is_a_uri(faulty):
    def place(where):
        log = json.loads(formatted(check_source(faulty), "sarif", where=where))
        return log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]

    assert place("50% of #1/näive.py") == {
        "artifactLocation": {"uri": "50%25%20of%20%231/n%C3%A4ive.py"},
        "region": {"startLine": 7},
    }
    assert place("/tmp/a b.py")["artifactLocation"]["uri"] == "file:///tmp/a%20b.py"


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (["--run"], "--run"),
        (["--data", "x.npz"], "--data"),
        (["--causal"], "causal_required"),
        (["--fix", "safe", "-o", "a.keras"], "--fix"),
    ],
)
def test_what_needs_a_model_is_refused_for_source(faulty, call, what, capsys):
    assert run(["check", str(faulty), *call]) == 2
    assert f"{what} needs a model" in capsys.readouterr().err


def test_rules_are_chosen_for_source_as_for_models(faulty):
    assert check_source(faulty, ignore=["NC001"]) == []
    assert check_source(faulty, select=["dropout-before-bn"]) == []
    with pytest.raises(ValueError, match="no rule 'NC190'"):
        check_source(faulty, select=["NC190"])
