"""Logs of lm-evaluation-harness: choices, written answers, and bad lines."""

import json

import pytest

from tests.prompts import templates
from uncertainty import config_files, data, prompts, specs
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

_STAMP = '2025-01-02T03-04-05.678901'
_CONTEXT = 'Question: Which is red?\nAnswer:'
# As versions 0.4.9 and 0.4.2 write them.
_NEW = {'doc_id': 3, 'doc': {'q': 'x'}, 'target': '1',
        'arguments': {'gen_args_0': {'arg_0': _CONTEXT, 'arg_1': ' sky'},
                      'gen_args_1': {'arg_0': _CONTEXT, 'arg_1': ' blood'}},
        'resps': [[['-3.5', 'False']], [['-0.5', 'True']]],
        'filtered_resps': [['-3.5', 'False'], ['-0.5', 'True']], 'acc': 1.0}
_OLD = _NEW | {'doc_id': 4, 'target': 0, 'arguments': [
    [_CONTEXT, ' sky'], [_CONTEXT, ' blood']]}
_WRITTEN = {'doc_id': 0, 'target': '72', 'arguments': {'gen_args_0': {
    'arg_0': 'Q: 9 times 8?\nA:', 'arg_1': {'until': ['Q:']}}},
    'resps': [[' It is 72.']], 'filtered_resps': [' It is 72.']}


def _log(folder, task, *samples):
  folder.mkdir(exist_ok=True)
  (folder / f'samples_{task}_{_STAMP}.jsonl').write_text(
      '\n'.join(map(json.dumps, samples)) + '\n')


def _load(path, **more):
  return data.load(DataSpec('lm_eval', path=str(path), **more))


def test_choices_of_either_version(tmp_path):
  _log(tmp_path / 'logs', 'arc_easy', _NEW, _OLD)
  first, second = _load(tmp_path)  # in any nesting
  assert (first.item_id, first.question, first.choices, first.answer) == (
      'arc_easy-3', _CONTEXT, ('sky', 'blood'), 1)
  assert second.item_id == 'arc_easy-4' and second.answer == 0
  assert first.group == 'arc_easy'


def test_written_answers_are_kept_as_responses(tmp_path):
  _log(tmp_path, 'gsm8k', _WRITTEN)
  _log(tmp_path, 'arc', _NEW)
  (item,) = _load(tmp_path, subset='gsm8k')
  assert item.choices == () and item.answer_text == '72'
  assert item.extra['response'] == ' It is 72.'


def test_a_context_is_read_as_it_was(tmp_path):
  _log(tmp_path, 'arc', _NEW)
  spec = specs.parse(config_files.load('lm_eval').to_dict())
  (prompt,) = prompts.build(
      _load(tmp_path), spec.prompt, templates.tokenizer(bos='<s>'),
      dataset='lm_eval')
  assert prompt.text == f'<s>{_CONTEXT}'
  assert prompt.continuations == (' sky', ' blood')


@pytest.mark.parametrize('sample, message', [
    ({'doc_id': 1}, r"line 1: cannot be read \(KeyError: 'arguments'"),
    (_NEW | {'arguments': [['a', ' x'], ['b', ' y']]}, 'contexts of their own'),
    (_NEW | {'arguments': [['a', ' x']]}, 'has one continuation'),
])
def test_what_is_no_sample_names_its_line(tmp_path, sample, message):
  _log(tmp_path, 'arc', sample)
  with pytest.raises(UserError, match=message):
    _load(tmp_path)


def test_missing_and_double_logs(tmp_path):
  with pytest.raises(UserError, match='needs logs'):
    data.load(DataSpec('lm_eval'))
  with pytest.raises(UserError, match='run lm_eval with --log_samples'):
    _load(tmp_path)
  _log(tmp_path, 'arc', _NEW)
  _log(tmp_path / 'again', 'arc', _NEW)
  with pytest.raises(UserError, match='keep one log of each task'):
    _load(tmp_path)
