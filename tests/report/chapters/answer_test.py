"""The answer: sentences from claims, and the rows of its plot."""

import json
import re

import pytest

from uncertainty.report.chapters import answer


def _plot(chapter):
  text = ''.join(chapter.blocks)
  return json.loads(re.findall(
      r'<div data-answer><script[^>]*>(.*?)</script>', text)[0])


def _claim(verdict, claim='aligned', model='A', estimate=.3):
  return {'claim': claim, 'data': 'coane', 'model': model, 'verdict': verdict,
          'estimate': estimate, 'low': estimate - .25, 'high': estimate + .25,
          'n_items': 38, 'n_raters': 50.0, 'measure': 'mc_choice_entropy',
          'sentence': f'{model} is {verdict}.'}


def test_primary_measure_error_and_ceiling_stand_in_a_row(
    made, spec, alignment_cells, calibration_cells):
  chapter = answer.chapter(made(
      alignment=alignment_cells, calibration=calibration_cells,
      ceiling=[{'dataset': 'coane', 'signal': 'human_entropy',
                'ceiling': float('nan'), 'ceiling_low': .8,
                'ceiling_high': 1.0}]), spec)
  plot = _plot(chapter)
  assert plot['ceiling'] == [.8, None, 1.0]
  first, second = plot['rows']
  # B's .60 is not of the primary measure: A comes first with .30.
  assert (first['model'], first['rho'], first['n']) == ('A', [.3, .1, .5], 40)
  assert second['error'] == [.3, .05, .35]  # the paper's map
  assert first['fifths'] is None
  assert 'number is not published' in ''.join(chapter.blocks)


@pytest.mark.parametrize(('known', 'graded', 'fifths'), [
    (['accuracy', 'agreement'], 'Accuracy', [.9, .4]),
    (['agreement'], 'Agreement with people', [.8, .3]), ([], 'Accuracy', None)])
def test_fifths_are_of_right_answers_or_else_of_people(
    made, spec, alignment_cells, known, graded, fifths):
  values = {'accuracy': (.9, .4), 'agreement': (.8, .3)}
  summary = [
      {'dataset': 'coane', 'model': 'A', 'statistic': f'{name}_{end}',
       'value': value, 'n': 40}
      for name in known for end, value in zip(
          ('surest_fifth', 'least_sure_fifth'), values[name])]
  plot = _plot(answer.chapter(
      made(alignment=alignment_cells, summary=summary), spec))
  assert plot['rows'][0]['fifths'] == fifths and plot['graded'] == graded


def test_a_number_that_is_claimed_has_the_claims_interval(
    made, spec, alignment_cells):
  claims = [_claim('cannot tell'),
            _claim('too little data', model='B', estimate=float('nan'))]
  first, second = _plot(answer.chapter(
      made(alignment=alignment_cells, claims=claims), spec))['rows']
  assert (first['rho'], first['n']) == ([.3, .05, .55], 38)
  assert second['rho'] == [.1, -.1, .3]  # of the table


def test_the_error_is_the_claims_and_says_of_what(
    made, spec, alignment_cells, calibration_cells):
  tables = {'alignment': alignment_cells, 'calibration': calibration_cells}
  plot = _plot(answer.chapter(made(**tables), spec))
  assert plot['error'] == 'of the letter mass, smooth'
  claims = [_claim('cannot tell', 'calibrated'),
            _claim('too little data', 'calibrated', 'B', float('nan'))]
  plot = _plot(answer.chapter(made(claims=claims, **tables), spec))
  assert plot['error'] == (
      'of the probability over the choices, L2, less its noise')
  assert [row['error'] for row in plot['rows']] == [[.3, .05, .55], None]


def test_what_intervals_are_over_is_said(made, spec, alignment_cells):
  page = ''.join(answer.chapter(made(alignment=alignment_cells), spec).blocks)
  assert ('Intervals of alignment are over items, each with its raters.'
          in page)


@pytest.mark.parametrize(('verdicts', 'said'), [
    (['supported'], 'A is supported.'),
    (['supported', 'supported', 'cannot tell'],
     ('2 of 3 models are unsure where people are, of 1 it cannot be told '
      '(ρ 0.30 to 0.30 in the middle half, median 0.30).')),
    (['contradicted', 'cannot tell'],
     '1 of 2 models is sure where people are unsure'),
    (['too little data', 'cannot tell'], 'Of all 2 models it cannot be told')])
def test_one_sentence_a_question(
    made, spec, alignment_cells, verdicts, said):
  claims = [_claim(v, model='ABC'[i]) for i, v in enumerate(verdicts)]
  text = ''.join(answer.chapter(
      made(alignment=alignment_cells, claims=claims), spec).blocks)
  assert f'</b> <span>{said}' in text
  assert 'Nothing in these data is right or wrong.' in text


def test_several_models_say_by_which_measure_if_not_by_choices(
    made, spec, alignment_cells):
  claims = [{**_claim('supported', model=m), 'measure': 'fr_perplexity'}
            for m in 'AB']
  text = ''.join(answer.chapter(
      made(alignment=alignment_cells, claims=claims), spec).blocks)
  assert '(perplexity of the answer; ρ 0.30 to' in text
  assert '"by": "perplexity of the answer"' in text  # for the filter


def test_of_several_models_the_page_knows_each_verdict_to_filter(
    made, spec, alignment_cells):
  claims = [_claim('supported'), _claim('cannot tell', model='B')]
  text = ''.join(answer.chapter(
      made(alignment=alignment_cells, claims=claims), spec).blocks)
  found = json.loads(re.findall(
      r'</span><script type="application/json">(.*?)</script></p>', text)[0])
  assert found['means']['supported'] == 'unsure where people are'
  assert found['rows'] == [['A', 'supported', 'A is supported.'],
                           ['B', 'cannot tell', 'B is cannot tell.']]


@pytest.mark.parametrize(('graded', 'right'), [
    ('accuracy', 'B is right.'), ('fr_accuracy', 'is under Calibration.'),
    ('agreement', 'below is how often it chooses what people choose.')])
def test_without_people_no_question_is_answered_by_the_other(
    made, spec, calibration_cells, graded, right):
  """MMLU was said to hold nothing right or wrong, as it holds no people."""
  claims = [{**_claim('supported', 'sure_and_right', 'B'),
             'sentence': 'B is right.'}] if graded == 'accuracy' else []
  summary = [{'dataset': 'coane', 'model': 'B', 'statistic': graded,
              'value': .5, 'n': 40}]
  text = ''.join(answer.chapter(made(
      calibration=calibration_cells, claims=claims, summary=summary),
                                spec).blocks)
  unsure, sure = re.findall(
      r'class="question"><b>.*?</b> <span>(.*?)</span>', text)
  assert unsure == (
      'No shares of people&#39;s answers are known for these questions.')
  assert sure.endswith(right)
  assert 'Alignment is that' not in text


def test_instruct_follows_its_base_in_families_by_their_best(
    made, spec, alignment_cells):
  cells = alignment_cells.replace({'model': {'A': 'L_Ins', 'B': 'G'}})
  base = cells[cells['model'] == 'L_Ins'].assign(model='L', rho=.05)
  scores = [{'model': m, 'kind': k, 'family': f, 'size': 1.0} for m, k, f in (
      ('G', 'base', 'Gemma'), ('L', 'base', 'Llama'),
      ('L_Ins', 'instruct', 'Llama'))]
  rows = _plot(answer.chapter(made(
      alignment=[*base.to_dict('records'), *cells.to_dict('records')],
      scores=scores, effects_pairs=[{'base': 'L', 'instruct': 'L_Ins'}]),
                              spec))['rows']
  assert [r['model'] for r in rows] == ['L', 'L_Ins', 'G']


def test_without_scores_there_is_no_answer(made, spec):
  assert answer.chapter(made(), spec) is None
