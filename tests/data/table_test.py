"""A user's own table: formats, column names, answers, shares, bad input."""

import json

import pandas as pd
import pytest

from uncertainty import data
from uncertainty.data import table
from uncertainty.specs import DataSpec
from uncertainty.types import UserError

ROWS = [
    {'question': 'Two and two?', 'choices': ['3', '4', '5'], 'answer': 'B',
     'human_counts': [1, 8, 1], 'human_rt': 1200.5, 'topic': 'sums'},
    {'question': 'Best fruit?', 'choices': ['fig', 'pear', 'plum'],
     'human_counts': [2, 2, 1]},
]


def _load(path):
  return data.load(DataSpec('table', path=str(path)))


def _write(tmp_path, text, name='t.csv'):
  path = tmp_path / name
  path.write_text(text, encoding='utf-8')
  return path


def _csv(tmp_path):
  return _write(
      tmp_path, 'question,choices,answer,human_counts,human_rt,topic\n'
      'Two and two?,3|4|5,B,1|8|1,1200.5,sums\n'
      'Best fruit?,fig; pear; plum,,2;2;1,,\n')


def _jsonl(tmp_path):
  return _write(tmp_path, '\n'.join(map(json.dumps, ROWS)), 't.jsonl')


def _parquet(tmp_path):
  path = tmp_path / 't.parquet'
  pd.DataFrame(ROWS).to_parquet(path)
  return path


@pytest.mark.parametrize('make', [_csv, _jsonl, _parquet])
def test_every_format_gives_the_same_items(tmp_path, make):
  first, second = _load(make(tmp_path))
  assert first.question == 'Two and two?' and first.item_id == '0'
  assert first.choices == ('3', '4', '5')
  assert first.answer == 1 and first.answer_text == '4'
  assert first.human_shares == (0.1, 0.8, 0.1) and first.human_count == 10
  assert first.human == {'human_rt': 1200.5} and first.group == 'sums'
  assert second.answer is None and second.human_shares == (0.4, 0.4, 0.2)
  assert second.choices == ('fig', 'pear', 'plum')
  assert second.group == ''


def test_one_column_per_choice_may_leave_the_last_ones_empty(tmp_path):
  first, second = _load(_write(
      tmp_path, 'Prompt,A,B,C,Correct\nQ?,x,y,z,z\nR?,x,y,,1\n'))
  assert first.choices == ('x', 'y', 'z') and first.answer == 2
  assert second.choices == ('x', 'y') and second.answer == 0
  [item] = _load(_write(tmp_path, 'text,choice_10,choice_2,choice_1\nQ?,c,b,a'))
  assert item.choices == ('a', 'b', 'c')


def test_the_published_table_s_own_columns_are_understood(tmp_path):
  path = tmp_path / 't.parquet'
  pd.DataFrame({
      'Question': ['Q?'], 'Answers': [['a', 'b']], 'Answer_Ratios': [[.3, .7]],
      'Correct_Answer': ['A'], 'Response_Count': [20]}).to_parquet(path)
  [item] = _load(path)
  assert item.choices == ('a', 'b') and item.answer == 0
  assert item.human_shares == pytest.approx((.3, .7))
  assert item.human_count == 20


@pytest.mark.parametrize(('answer', 'index'), [
    ('4', 1), ('b', 1), ('B', 1), ('3', 0), ('Five', 2), ('five', 2)])
def test_an_answer_is_its_words_else_its_letter_or_number(
    tmp_path, answer, index):
  [item] = _load(_write(tmp_path, 'question,choices,answer\n'
                        f'Q?,3|4|five,{answer}\n'))
  assert item.answer == index


def test_percentages_and_json_lists(tmp_path):
  [item] = _load(_write(
      tmp_path, 'question,choices,shares\n'
      'Q?,"[""a; b"", ""c""]",25%|75%\n'))
  assert item.choices == ('a; b', 'c') and item.human_shares == (.25, .75)


@pytest.mark.parametrize(('text', 'words'), [
    ('question,choices\nQ?,a\n', r'item 0 of .*1 choice\(s\)'),
    ('question,choices\nQ?,"a, b"\n', r'1 choice\(s\).*parted by \| in a'),
    ('question,choices\nQ?,' + '|'.join(map(str, range(27))), '27 choice'),
    ('question,choices,answer\nQ?,a|b,E\n', "'E' is not among the choices"),
    ('question,choices,answer\nQ?,a|b,3\n', "'3' is not among the choices"),
    ('question,choices,shares\nQ?,a|b,0.9|0.9\n', 'sum to 1.8'),
    ('question,choices,shares\nQ?,a|b,-0.5|1.5\n', 'negative'),
    ('question,choices,shares\nQ?,a|b,|1\n', 'NaN'),
    ('question,choices,shares\nQ?,a|b,x|1\n', "'x' is not a number"),
    ('question,choices,shares\nQ?,a|b,"3,4"\n', r'\| parts numbers'),
    ('question;choices\nQ?;a|b\n', 'in a .csv, commas part columns'),
    ('question,choices,counts\nQ?,a|b,-1|2\n', 'must be zero or more'),
    ('question,choices,counts\nQ?,a|b,0|0\n', 'not all zero'),
    ('question,choices,shares\nQ?,a|b,1\n', '1 human shares for 2 choices'),
    ('question,choices\n,a|b\n', 'question is empty'),
    ('query,choices\nQ?,a|b\n', 'no column named question'),
    ('question,choices\nQ?,[a\n', 'JSON list'),
    ('id,question,choices\n1,Q?,a|b\n1,R?,a|b\n', 'two rows have the item_id'),
    ('question,choices\n', 'no rows'),
])
def test_bad_tables_say_what_where_and_what_to_do(tmp_path, text, words):
  path = _write(tmp_path, text)
  with pytest.raises(UserError, match=words) as caught:
    _load(path)
  assert '\n' not in str(caught.value) and 't.csv' in str(caught.value)


@pytest.mark.parametrize(('record', 'words'), [
    ('{"question": "Q?", "choices": [null, "b"]}', 'its choices: None is'),
    ('{"question": "Q?", "choices": [["a"], ["b"]]}', r"\['a'\] is neither"),
    ('{"question": ["Q?"], "choices": ["a", "b"]}', 'its question: '),
    ('{"question": "Q?", "choices": [{"a": 1}, "b"]}', 'neither words nor')])
def test_what_is_no_words_is_no_question_and_no_choice(tmp_path, record, words):
  with pytest.raises(UserError, match=words):
    _load(_write(tmp_path, record, 't.jsonl'))


def test_numbers_and_truths_are_choices(tmp_path):
  item, = _load(_write(
      tmp_path, '{"question": 5, "choices": [true, 2]}', 't.jsonl'))
  assert (item.question, item.choices) == ('5', ('True', '2'))


def test_a_table_of_very_many_columns_is_refused(tmp_path):
  names = ','.join(f'c{i}' for i in range(6000))
  with pytest.raises(UserError, match='6002 columns; 5000 at most'):
    _load(_write(tmp_path, f'question,choices,{names}\nQ?,a|b{"," * 6000}\n'))


@pytest.mark.parametrize(('name', 'words'), [
    ('absent.csv', 'no such file'), ('t.xlsx', r'cannot read \.xlsx'),
    ('t.parquet', 'cannot be read'),
    ('t.jsonl', 'cannot be read')])
def test_files_that_cannot_be_read(tmp_path, name, words):
  if name != 'absent.csv':
    _write(tmp_path, '{broken', name)
  with pytest.raises(UserError, match=words):
    _load(tmp_path / name)


@pytest.mark.parametrize(('headings', 'said'), [
    ('question,choices,answr', 'column answr.*did you mean answer'),
    ('question,choices,anwser', 'column anwser.*did you mean answer'),
    ('question,choices,Respose', 'column Respose.*did you mean response'),
    ('question,choices,human_coutn', 'human_coutn.*did you mean human_count?'),
    ('question,choices,humancounts', 'humancounts.*mean human_counts'),
    ('question,chocies,notes', 'column chocies.*did you mean choices'),
    ('questoin,question,shaers', 'column shaers.*did you mean shares')])
def test_a_misspelt_heading_is_no_other_column(tmp_path, headings, said):
  path = _write(tmp_path, f'{headings}\nQ?,a|b,1\n')
  with pytest.raises(UserError, match=said) as caught:
    _load(path)
  assert 't.csv' in str(caught.value) and 'Rename' in str(caught.value)


def test_what_is_far_off_or_already_there_is_ignored_and_named(tmp_path):
  path = _write(tmp_path, (
      'question,A,B,answer,notes,prompt_1,answr,option,human_rt,Source\n'
      'Q?,x,y,x,new,z,y,z,3,book\n'))
  [item] = _load(path)
  assert item.answer == 0 and item.human == {'human_rt': 3.}
  assert table.ignored(DataSpec('table', path=str(path))) == (
      'notes', 'prompt_1', 'answr', 'option', 'Source')


@pytest.mark.parametrize('cell', ['1|2', '3.5', '25%', '-2', 'inf', 'many'])
def test_a_number_of_people_that_is_none_says_what_it_takes(tmp_path, cell):
  path = _write(tmp_path, 'question,choices,human_count\nP?,a|b,20\n'
                f'Q?,a|b,{cell}\n')
  with pytest.raises(UserError) as caught:
    _load(path)
  for part in ('t.csv', 'row 2', 'column human_count:', repr(cell),
               'a whole number such as 20', 'human_counts'):
    assert part in str(caught.value), part


@pytest.mark.parametrize('role', ['human_counts', 'shares', 'human_rt'])
def test_a_number_that_is_none_says_in_which_column(tmp_path, role):
  path = _write(tmp_path, f'question,choices,{role}\nQ?,a|b,x|1\n')
  with pytest.raises(UserError, match=f'row 1.*column {role}: .x'):
    _load(path)


def test_a_table_needs_a_path():
  with pytest.raises(UserError, match='config.data.path'):
    data.load(DataSpec('table'))


def test_a_response_goes_with_its_item(tmp_path):
  path = tmp_path / 'given.csv'
  path.write_text('question,Response\nWho?,"Adam, of course"\nWhat?,\n')
  first, second = _load(path)
  assert first.extra['response'] == 'Adam, of course'
  assert 'response' not in second.extra


@pytest.mark.parametrize(('fields', 'said'), [
    ({'human_counts': [10**18, 1]}, '1e[+]18 people behind one item'),
    ({'human_counts': [1e308, 1e308]}, 'inf people behind one item'),
    ({'human_count': 1e308}, '1e[+]308 people behind one item'),
    ({'human_shares': ['9' * 500, 1]}, 'negative or infinite'),
    ({'cluster': '\ud800'}, 'no text in Unicode'),
    ({'response': '\ud800'}, 'no text in Unicode'),
    ({'choices': ['9' * 4000, '9' * 4000]}, 'are the same'),
    ({'answer': '9' * 4000}, 'is not among the choices'),
    ({'human_x': 'x' * 4000}, 'is not a number'),
])
def test_what_no_row_can_hold_is_said_of_the_row_in_a_short_line(
    tmp_path, fields, said):
  path = tmp_path / 'a.jsonl'
  path.write_text('\n'.join(json.dumps(
      {'question': 'q', 'choices': ['a', 'b']} | more)
      for more in ({}, fields)))
  with pytest.raises(UserError, match=said) as error:
    table.load(DataSpec('table', path=str(path)))
  assert 'row 2' in str(error.value)
  assert len(str(error.value)) < 300 + len(str(tmp_path))
