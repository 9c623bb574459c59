"""What a steered table's columns are, and which directions are controls."""

from uncertainty.results import columns, steering_columns


def test_a_steered_table_has_the_columns_of_results_and_its_own():
  for name in (steering_columns.DOSE, columns.CHOICE_ENTROPY, columns.ITEM_ID):
    assert steering_columns.find(name).name
  assert steering_columns.find('unheard_of') is None
  assert columns.find(steering_columns.DOSE) is None


def test_controls_are_known_by_kind_and_number():
  kinds = {name: steering_columns.control_kind(name) for name in (
      'shuffled-1', 'random-12', 'random', 'people_entropy', 'shuffled-x')}
  assert kinds == {'shuffled-1': 'shuffled', 'random-12': 'random',
                   'random': '', 'people_entropy': '', 'shuffled-x': ''}
