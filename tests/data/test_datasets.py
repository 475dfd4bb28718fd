import polars as pl
import pytest

from normcast.data import Panel
from normcast.data.datasets import weather, weather_path


def test_the_shipped_weather_is_the_public_file_byte_for_byte(shared_data):
    assert weather_path().read_bytes() == (shared_data / "seattle_newyork_weather_daily.csv.gz").read_bytes()


@pytest.mark.parametrize("kind", ["pandas", "polars"])
def test_the_shipped_weather_makes_a_panel(kind):
    panel = Panel.from_frame(weather(kind), id_col="location", target_col="temp_max", hist_exog=["wind"])
    assert panel.ids == ("Seattle", "New York")
    assert (panel.freq, panel.season, panel.lengths.tolist(), panel.frame_type) == (
        "D",
        7,
        [1461, 1461],
        kind,
    )


def test_the_frames_hold_the_same():
    assert (
        pl.from_pandas(weather())
        .select(pl.exclude("date"))
        .equals(weather("polars").select(pl.exclude("date")))
    )
    with pytest.raises(ValueError, match=r"no frame 'panda'.*Did you mean 'pandas'"):
        weather("panda")
