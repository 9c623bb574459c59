"""What the chapter on calibration calls its numbers."""

from uncertainty.report.chapters import calibration, instruct


def test_labels_of_calibration_errors_say_their_norm():
  labels = {name: label for name, (label, *_) in calibration.METRICS.items()
            if name.startswith('ece_')}
  assert labels
  for name, label in labels.items():
    assert ('L1' in label) != ('L2' in label), name
    assert not name.endswith('_l2') or 'L2' in label
  assert 'L2' in instruct.OUTCOMES['ece']
  # The number of bins is a setting.
  assert not any('15' in label for label in labels.values())
