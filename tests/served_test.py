"""Responses of a server: what their top k allows, and what is missing."""

import json
import logging
import math

import numpy as np
import pytest

from uncertainty import plugins, served, study
from uncertainty.results import manifest, schema
from uncertainty.specs import DataSpec, PromptSpec, StudySpec
from uncertainty.types import Item, UserError

_ITEMS = [Item('a', 'x?'), Item('b', 'y?')]


def _top(**shares):
  return [{'token': text, 'logprob': math.log(p)}
          for text, p in shares.items()]


def _chat(*tokens, model='org/model-7b', finish='stop', **wrapped):
  """Tokens are mappings of their texts to probabilities, the chosen first."""
  content = [{**_top(**t)[0], 'top_logprobs': _top(**t)} for t in tokens]
  return json.dumps({**wrapped, 'response': {'body': {
      'model': model, 'choices': [{
          'finish_reason': finish, 'logprobs': {'content': content},
          'message': {'content': ''.join(t['token'] for t in content)}}]}}})


@pytest.fixture
def place(tmp_path):
  (tmp_path / 'questions.csv').write_text(
      'item_id,question,choices,answer\n'
      'a,Which?,sky|blood|grass,B\nb,What?,one|two,A\nc,Who?,you|me,\n')
  return tmp_path


def _run(place, lines, answer='letters', workdir='run'):
  (place / 'responses.jsonl').write_text('\n'.join(lines) + '\n')
  spec = StudySpec(
      data=DataSpec(name='table', path=str(place / 'questions.csv'),
                    responses=str(place / 'responses.jsonl')),
      prompt=PromptSpec(answer=answer))
  study.run(spec, place / workdir, ['score'])
  ((_, table),) = schema.read_results(place / workdir).items()
  return table.set_index('item_id')


def test_choices_are_those_of_the_first_token(place, caplog):
  with caplog.at_level(logging.WARNING, 'absl'):
    table = _run(place, [
        _chat({'B': 0.5, ' B': 0.1, 'A': 0.2, 'c': 0.1}, custom_id='a'),
        _chat({'The': 0.9, 'A': 0.05}, custom_id='b'),
        _chat({'I': 0.9}, custom_id='c')])
  a, b, c = (table.loc[name] for name in 'abc')
  np.testing.assert_allclose(np.exp(a['choice_logprobs']), [0.2, 0.6, 0.1])
  p = np.array([2, 6, 1]) / 9
  assert a['mc_choice_entropy'] == pytest.approx(
      -(p * np.log(p)).sum() / np.log(3), rel=1e-5)
  assert (a['prediction'], a['correct']) == (1, 1)
  assert a['mc_choice_log_mass'] == pytest.approx(math.log(0.9), rel=1e-5)
  # Of two labels one is seen: it is the likelier, and no more is known.
  assert (b['prediction'], b['correct']) == (0, 1)
  assert b['mc_choice_logprob'] == pytest.approx(math.log(0.05), rel=1e-5)
  assert np.isnan(b['choice_logprobs'][1])
  for name in ('mc_choice_entropy', 'mc_choice_log_mass',
               'mc_choice_log_margin'):
    assert np.isnan(b[name]), name
  assert np.isnan(c[['prediction', 'mc_choice_logprob']].astype(float)).all()
  assert a['mc_top1_logprob'] == pytest.approx(math.log(0.5))
  assert a['mc_nucleus_size_0.75'] == 3 and np.isnan(a['mc_top_k_entropy_5'])
  assert 'mc_total_entropy' not in table
  assert 'total_entropy, varentropy and activations are missing' in caplog.text
  assert 'mc_choice_entropy of 67%' in caplog.text
  assert set(table['kind']) == {'instruct'}
  assert manifest.read(place / 'run')['models']['org--model-7b']


def test_written_answers_have_their_perplexity(place):
  answers = [_chat({'Adam': 0.5, 'Eve': 0.3}, {'}': 0.9, '.': 0.05},
                   finish='length')]
  answers += [_chat({'no': 0.8})] * 2
  table = _run(place, answers, 'free')
  row = table.loc['a']
  assert row['fr_answer'] == 'Adam' and list(row['fr_tokens']) == ['Adam', '}']
  assert row['fr_perplexity'] == pytest.approx((0.5 * 0.9) ** -0.5)
  assert row['bracket_perplexity'] == pytest.approx(2)
  assert row['fr_nucleus_size_0.5'] == 1 and row['fr_hit_cap']
  # The first step's .8 leave its nucleus of .9 open, and so the sequence's.
  assert np.isnan(row['fr_nucleus_size_0.9'])
  assert np.isnan(row['fr_nucleus_entropy_0.9'])
  assert row['fr_correct'] == 0


def test_completions_in_the_older_form(place):
  lines = [json.dumps({'model': 'm', 'item_id': name, 'choices': [{
      'text': ' A', 'finish_reason': 'stop', 'logprobs': {
          'tokens': [' A'], 'token_logprobs': [-0.1],
          'top_logprobs': [{' A': -0.1, ' B': -3.0, 'C': -4}]}}]})
      for name in 'abc']
  table = _run(place, lines)
  assert set(table['kind']) == {'base'} and set(table['prediction']) == {0}


def test_a_row_says_which_response_it_is_of(place):
  lines = [_chat({'A': 0.5, 'B': 0.4, 'C': 0.1})] * 3
  first = _run(place, lines)
  lines[1] = _chat({'B': 0.5, 'A': 0.4})
  second = _run(place, lines)
  changed = first['prompt_digest'] != second['prompt_digest']
  assert list(changed) == [False, True, False]
  assert first['settings_digest'].equals(second['settings_digest'])


@pytest.mark.parametrize('lines, message', [
    (['{"error": {"message": "busy"}}', _chat({'A': 1})],
     'line 1: is an error'),
    (['{', ''], r'line 1: cannot be read'),
    ([_chat({'A': 1}, custom_id='z')] * 2, "line 1: 'z' is no item"),
    ([_chat({'A': 1}, custom_id='a')] * 2, "line 2: 'a' is answered twice"),
    ([_chat({'A': 1})] * 3, '3 lines are not 2 items'),
    (['{"choices": [{"message": {"content": "A"}}]}'] * 2,
     'line 1: holds no probabilities'),
])
def test_what_is_no_response_names_its_line(tmp_path, lines, message):
  path = tmp_path / 'r.jsonl'
  path.write_text('\n'.join(lines))
  with pytest.raises(UserError, match=message):
    served.read(str(path), _ITEMS)


def test_measures_of_plugins_are_of_these_tables_too(place, monkeypatch):
  monkeypatch.setattr(plugins, 'measured', lambda t: t.assign(mc_mine=.25))
  table = _run(place, [
      _chat({'B': 0.5}, custom_id='a'), _chat({'A': 0.5}, custom_id='b'),
      _chat({'A': 0.9}, custom_id='c')])
  assert (table['mc_mine'] == .25).all()


def test_letters_need_choices(place):
  (place / 'questions.csv').write_text('item_id,question\na,Who?\n')
  with pytest.raises(UserError, match='item a has no choices .*served:free'):
    _run(place, [_chat({'A': 1})])


def test_an_item_without_a_response_is_named(place):
  with pytest.raises(UserError, match="no response of org/model-7b to 2 of 3"):
    _run(place, [_chat({'A': 1}, custom_id='b')])
  assert not (place / 'run' / 'manifest.json').exists()
  with pytest.raises(UserError, match='answer one of letters, numbers, free'):
    _run(place, [], 'verbal')
