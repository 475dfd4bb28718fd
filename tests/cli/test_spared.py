"""What a command leaves out of what Keras imports, and others still find."""

import subprocess
import sys

SCRIPT = """
import sys
from normcast.cli.spared import spare
spare()
import keras
assert "sklearn" not in sys.modules, "Keras found it"
assert issubclass(keras.wrappers.SKLearnClassifier, object)
import sklearn.base
"""


def test_keras_finds_no_scikit_learn_and_all_others_do():
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
