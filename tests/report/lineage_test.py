"""What is known of the models."""

from uncertainty.report import lineage


def test_scores_and_pairs_say_who_a_model_is(made):
  scores = [
      {'model': m, 'kind': k, 'family': 'Llama 3', 'size': s}
      for m, k, s in (('L', 'base', 8.0), ('L_Ins', 'instruct', float('nan')))]
  known = lineage.known(made(
      scores=scores, effects_pairs=[{'base': 'L', 'instruct': 'L_Ins'}]))
  assert known['L'] == lineage.Lineage('base', 'Llama 3', 8.0)
  assert known['L_Ins'] == lineage.Lineage('instruct', 'Llama 3', None, 'L')


def test_without_scores_nothing_is_known(made):
  assert lineage.known(made()) == {}
