"""What may be steered, and what is refused before a model is asked."""

import pytest

from uncertainty import steer_settings
from uncertainty.errors import UserError
from uncertainty.specs import ProbeSpec, PromptSpec, SteerSpec, StudySpec

_PROBED = ProbeSpec(sites='attention,residual')


def _check(probe=_PROBED, **changes):
  steer_settings.check(StudySpec(
      prompt=PromptSpec(answer='letters,p_true'), probe=probe,
      steer=SteerSpec(**{'directions': 'people_entropy'} | changes)),
      [2, 30])


@pytest.mark.parametrize(('changes', 'says'), [
    ({'doses': '0,1'}, '0 is the results table'),
    ({'doses': '1,1'}, 'different numbers'),
    ({'doses': '1,nan'}, 'different numbers'),
    ({'doses': '1,inf'}, 'different numbers'),
    ({'doses': ''}, 'one or more'),
    ({'doses': 'much'}, 'not numbers'),
    ({'layers': 'first'}, 'whole numbers'),
    ({'layers': '2'}, 'layers 0 to 1'),
    ({'layers': '-1'}, 'layers 0 to 1'),
    ({'directions': 'doubt'}, 'names .doubt.'),
    ({'answer': 'verbal'}, 'config.prompt.answer does not'),
    ({'probe': ProbeSpec()}, 'config.probe.sites=residual'),
    ({'probe': ProbeSpec(sites='residual', store='sums')}, 'store=rows'),
    ({'probe': ProbeSpec(sites='residual', positions='answer')},
     'positions=last_prompt'),
])
def test_what_cannot_be_steered_is_refused(changes, says):
  with pytest.raises(UserError, match=says):
    _check(**changes)


def test_what_can_be_steered_passes():
  _check()
  _check(layers='0, 1', doses='-2', answer='p_true')


def test_doses_are_sorted_numbers():
  assert steer_settings.doses(SteerSpec(doses='2, -1')) == (-1, 2)


def test_tasks_are_those_asked_in_their_order():
  spec = StudySpec(prompt=PromptSpec(answer='letters,free,p_true'))
  assert steer_settings.tasks(spec) == ('letters', 'free', 'p_true')


def test_the_middle_layer_is_steered_unless_told():
  assert steer_settings.layers(SteerSpec(), 30) == (14,)
  assert steer_settings.layers(SteerSpec(layers='3, 5'), 30) == (3, 5)
