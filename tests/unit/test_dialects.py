"""Any table that Python's csv, pandas or pyarrow writes is read back exactly, for training and
for predictions, whatever its texts look like."""

import pytest
from example_written import WRITERS, check
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("dialects")


@pytest.mark.parametrize("writer", WRITERS, ids=" ".join)
@given(data=st.data())
def test_what_was_written_is_read_back_exactly(folder, writer, data):
    check(folder, data.draw(WRITERS[writer]))
