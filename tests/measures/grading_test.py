import pandas as pd
import pytest

from uncertainty.measures import grading


def _verdicts(*args, **kwargs):
  g = grading.grade(*args, **kwargs)
  return g.exact, g.alias, g.edit, g.rules


@pytest.mark.parametrize('answer, right', [
    ('the beatles', 'The Beatles'),
    ('Galápagos', 'Galapagos'),
    ('twenty-one', '21'),
    ('two hundred and five', '205'),
    ('fifth', '5th'),
    ("O'Connor", 'OConnor'),
    ('{Gaggle', 'gaggle'),
    ('Saint Gregory', 'St. Gregory'),
    ('東京', '東京'),
    ('МОСКВА', 'Москва'),
    ('हम', 'हम'),
])
def test_exact_after_normalisation(answer, right):
  assert _verdicts(answer, right) == (1, 1, 1, 1)


def test_alias_edit_and_rules_are_increasing_tolerances():
  assert _verdicts('CO2', 'Carbon dioxide', ['CO2']) == (0, 1, 1, 1)
  assert _verdicts('Dostoevsky', 'Dostoyevsky') == (0, 0, 1, 1)
  assert _verdicts('Fyodor Dostoevsky', 'Dostoyevsky') == (0, 0, 0, 1)
  assert _verdicts('Tolstoy', 'Dostoyevsky') == (0, 0, 0, 0)


@pytest.mark.parametrize('answer, right, reason', [
    ('Loch Ness', 'Ness', 'contains the right answer'),
    ('The Hatfields', 'Hatfield', 'spelling'),
    ('Dewey', 'Thomas Dewey', 'last word of the right answer'),
    ('ITF', 'International Tennis Federation', 'initials'),
    ('abdication', 'Abdicate', 'same key words'),
    ('Mt Damavand', 'Damavand', 'same key words'),
    ('UN', 'United Nations', 'initials'),
    ('red blood', 'red blood cells', 'most of the right answer'),
    # Six words beyond the right ones are a description still.
    ('It is deep, cold Loch Ness', 'Ness', 'contains the right answer'),
    ('it is the deep and cold Loch Ness', 'Ness', 'contains the right answer'),
])
def test_rules_name_themselves(answer, right, reason):
  grade = grading.grade(answer, right)
  assert (grade.rules, grade.reason) == (1.0, reason)


@pytest.mark.parametrize('answer, right', [
    ('1919', '1918'),  # digits never differ by spelling
    ('Iran', 'Iraq'),  # nor do short words
    ('Niger', 'Tiger'),
    ('not the Beatles', 'The Beatles'),
    ('a b c d e f g h gold', 'gold'),  # lost in an essay
    ('brands', 'Cigar bands'),
    ('東', '東京'),
])
def test_wrong_answers_stay_wrong(answer, right):
  assert grading.grade(answer, right).rules == 0


def test_words_of_the_question_may_be_left_out_but_not_suffice():
  question = 'Which Super console hero is a plumber?'
  assert grading.grade('Mario', 'Super Mario', (), question).rules == 1
  assert grading.grade('Super', 'Super Mario', (), question).rules == 0
  question = 'Which cells carry oxygen?'
  left_open = grading.grade('red blood', 'red blood cells', (), question)
  assert left_open.reason == 'all that the question leaves open'
  question = 'What does VOIP stand for?'
  right = 'Voice Over Internet Protocol'
  assert grading.grade('VOIP', right, (), question).rules == 0


@pytest.mark.parametrize('answer', ['', ' ', '}', '{ }', '...'])
def test_an_empty_answer_is_wrong_and_says_so(answer):
  assert grading.grade(answer, 'Kilt') == grading.Grade(
      0.0, 0.0, 0.0, 0.0, 'empty answer')


def test_no_right_answer_is_refused():
  with pytest.raises(ValueError, match='no'):
    grading.grade('Kilt', '')


def test_edit_distance_counts_swaps_once():
  assert grading.edit_distance('', 'abc') == 3
  assert grading.edit_distance('kitten', 'sitting') == 3
  assert grading.edit_distance('ab', 'ba') == 1
  assert grading.edit_distance('abcd', 'abdc') == 1
  assert grading.edit_distance('same', 'same') == 0


def test_marks_stay_with_the_letters_of_their_script():
  assert grading.normalise('हिन्दी') == ('हिन्दी',)


def test_stems_keep_four_letters():
  assert grading.stem('walking') == 'walk'
  assert grading.stem('baking') == 'baking'


def test_numbers_from_words():
  number = grading.number_from_words
  assert number(['twenty', 'one']) == 21
  assert number(['two', 'thousand', 'and', 'nineteen']) == 2019
  assert number(['hundred']) == 100
  assert number(['three', 'hundred', 'million']) == 300_000_000
  assert number(['cat']) is None
  assert number([]) is None


# The rules were written while looking at the disagreements of these four.
DEVELOPED_ON = ('Falcon3_1B', 'Gemma2_2B_Ins', 'Llama_3.2_1B',
                'Mistral_0.1_Ins')


@pytest.mark.shared
def test_automatic_grade_agrees_with_people(shared):
  agree = {True: [], False: []}
  for path in sorted((shared / 'published/coane').glob('*.parquet')):
    developed = path.stem.removeprefix('coane_') in DEVELOPED_ON
    for row in pd.read_parquet(path).to_dict('records'):
      if row['fr_correct?'] == '?':
        continue
      grade = grading.grade(row['fr_model_answer'].split('}')[0],
                            row['Correct_Answer_Text'], (), row['Question'])
      agree[developed].append(grade.rules == (row['fr_correct?'] == 'Y'))
  shares = {k: sum(v) / len(v) for k, v in agree.items()}
  # Measured: .973 on the models developed on, .968 on the four held out.
  assert shares[True] > 0.965
  assert shares[False] > 0.96
