"""The paper's column names and ours."""

import re

from uncertainty.measures import registry

# Longest first: `fr_tok1_` also starts with `fr_`.
PREFIXES = {
    'bfr_tok1_': 'bracket_first_',
    'fr_tok1_': 'fr_first_',
    'bfr_': 'bracket_',
    'fr_': 'fr_',
    'mc_': 'mc_',
}
_STEMS = {m.paper_name: m.name for m in registry.MEASURES.values()
          if m.paper_name}
HUMAN = {
    'human-ent': 'human_entropy',
    'Answer_Ratios': 'human_shares',
    'Response_Count': 'human_count',
    'MC_Human_Prop_Correct': 'human_mc_prop_correct',
    'MC_Human_Proc_Wrong': 'human_mc_prop_wrong',  # the paper's spelling
    'MC_Human_Prop_Wrong': 'human_mc_prop_wrong',
    'MC_Human_RT_Correct': 'human_mc_rt_correct',
    'MC_Human_RT_Wrong': 'human_mc_rt_wrong',
    'MC_Human_RT_Combined': 'human_mc_rt_combined',
    'FR_Human_Prop_Correct': 'human_fr_prop_correct',
    'FR_Human_Prop_Wrong': 'human_fr_prop_wrong',
    'FR_Human_Prop_DK': 'human_fr_prop_dk',
    'FR_Human_Prop_DR': 'human_fr_prop_dr',
    'FR_Human_Prop_ANS': 'human_fr_prop_answered',
    'FR_Human_Prop_DNA': 'human_fr_prop_not_answered',
    'FR_Human_RT_Correct': 'human_fr_rt_correct',
    'FR_Human_RT_Wrong': 'human_fr_rt_wrong',
    'FR_Human_RT_DK': 'human_fr_rt_dk',
    'FR_Human_RT_DR': 'human_fr_rt_dr',
    'FR_Human_RT_ANS': 'human_fr_rt_answered',
    'FR_Human_RT_DNA': 'human_fr_rt_not_answered',
}
# The first of several spellings counts.
_PAPER_HUMAN = {ours: theirs for theirs, ours in reversed(HUMAN.items())}
_PAPER_PREFIXES = {ours: theirs for theirs, ours in PREFIXES.items()}
ITEM = {
    'Question': 'question',
    'Answers': 'choices',
    'Correct_Answer': 'answer',
    'Correct_Answer_Text': 'answer_text',
}
RUN = {
    'formatted_question_mcqa': 'prompt',
    'formatted_question_fr': 'fr_prompt',
    'mc_choice-pdf': 'choice_logprobs',
    'cloze_pred': 'prediction',
    'fr_model_answer': 'fr_answer',
    'fr_correct?': 'fr_grade',
    'fr_gen_length': 'fr_n_tokens',
    'fr_hit_cap': 'fr_hit_cap',
    'fr_bracket_found': 'fr_bracket_found',
    'fr_bracket_inferred': 'fr_bracket_inferred',
    'model_type': 'kind',
    'model_size': 'model_size',
    'model': 'model',
}
# A second copy of another column under an older name.
_REPEATED = re.compile(r'^b?fr_first-token-ent$')
# Every multiple-choice file should have these.
EXPECTED = (
    'mc_total-ent', 'mc_top-1-prob',
    *(f'mc_top-k-ent-{k}' for k in (5, 10, 25, 50, 100)),
    *(f'mc_top-p-{s}-{p}' for p in ('0.95', '0.9', '0.75', '0.5')
      for s in ('len', 'ent')),
    'mc_choice-ent', 'mc_choice-prob', 'mc_choice-pdf', 'cloze_pred',
    'model_type',
)


def measure(column: str) -> str | None:
  """Our name of a paper's measure column.

  Args:
    column: theirs, such as `mc_top-1-prob`.

  Returns:
    Ours (`mc_top1_logprob`), or None if it is no measure.
  """
  for theirs, ours in PREFIXES.items():
    if column.startswith(theirs):
      stem = _STEMS.get(column[len(theirs):])
      return None if stem is None else ours + stem
  return None


def paper_name(column: str) -> str | None:
  """The paper's name of our measure or human column.

  Args:
    column: ours.

  Returns:
    Theirs, or None if its files have no such column.
  """
  if column in _PAPER_HUMAN:
    return _PAPER_HUMAN[column]
  if not registry.is_measure(column):
    return None
  prefix, found = registry.parse(column)
  theirs = _PAPER_PREFIXES.get(f'{prefix}_')
  return theirs + found.paper_name if theirs and found.paper_name else None


def ours(column: str) -> str | None:
  """Our name of any column of the paper's files.

  Args:
    column: theirs.

  Returns:
    Ours, or None for what we have no name for and for second copies.
  """
  if _REPEATED.match(column):
    return None
  return (HUMAN.get(column) or ITEM.get(column) or RUN.get(column)
          or measure(column))
