import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from normcast.windows.arrays import with_room


@given(
    st.lists(st.integers(1, 6), min_size=1, max_size=5),
    st.integers(0, 3),
    st.sampled_from([(), (0,), (2,)]),
)
def test_room_stands_behind_each_series_and_values_stay_in_order(lengths, h, rest):
    rows = sum(lengths)
    values = np.arange(rows * int(np.prod(rest))).reshape(rows, *rest)
    got = with_room(values, np.array(lengths), h, -1)
    expected = [
        np.concatenate([part, np.full((h, *rest), -1)]) for part in np.split(values, np.cumsum(lengths)[:-1])
    ]
    np.testing.assert_array_equal(got, np.concatenate(expected))
    assert got.dtype == values.dtype
