"""How errors about names are worded."""

from normcast.errors import closest, plural, unknown


def test_the_message_lists_what_there_is_and_guesses_what_was_meant():
    message = unknown("preset", "conv-lstn", ["conv-lstm", "patch-lstm"], where="Forecaster")
    assert message == (
        "Forecaster: no preset 'conv-lstn'; presets are conv-lstm, patch-lstm. Did you mean 'conv-lstm'?"
    )


def test_nothing_is_guessed_when_nothing_is_close():
    assert "Did you mean" not in unknown("column", "zzz", ["date", "y"])
    assert closest("zzz", ["date", "y"]) is None


def test_an_empty_list_is_said_to_be_empty():
    assert unknown("column", "y", []) == "no column 'y'; there are no columns."


def test_plurals():
    assert [plural(word) for word in ("day", "frequency", "series")] == ["days", "frequencies", "series"]
