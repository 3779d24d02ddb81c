"""The settings of the report's Playground tables are the report's."""

import pytest

from helpers.report import tables
from helpers.report.claims import all_claims, claim


@pytest.mark.parametrize(
    ("name", "features", "hidden", "activation", "penalty", "rate"),
    [
        ("t1-circle", ("xSquared", "ySquared"), (5, 5), "sigmoid", "none", 0),
        ("t2-xor-l2", tuple(tables.INPUTS.values()), (5, 5), "sigmoid", "L2", 0.01),
        ("t3-xor-tanh", ("x", "y"), (5, 5), "tanh", "none", 0),
    ],
)
def test_a_setting_is_the_reports(name, features, hidden, activation, penalty, rate):
    config = tables.config_of(claim(name))
    assert (config.features, config.hidden, config.activation) == (features, hidden, activation)
    assert (config.regularization, config.regularization_rate) == (penalty, rate)
    assert (config.learning_rate, config.train_percent, config.batch_size) == (0.1, 70, 10)


def test_every_row_of_a_table_and_nothing_else_has_a_setting():
    claims = all_claims().items()
    rows = {name for name, one in claims if one.place.startswith("Table") and one.kind == "measured"}
    assert tables.table_claims().keys() == rows
