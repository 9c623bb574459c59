"""Every column of a results table: its name, type, unit, writer and meaning.

One row an item, DIR/results/DATASET/MODEL.parquet. Code that names a column
takes the name from here; what the analysis makes of them is described in
`analysis_columns`, and `docs/results.md` is written from both (`page`).
Measures have a table of their own, `measures.registry`.
"""

from uncertainty.measures import registry
from uncertainty.results import answer_columns
from uncertainty.results.column import Column, by

# Names that code uses.
ITEM_ID, QUESTION, CHOICES = 'item_id', 'question', 'choices'
ANSWER, ANSWER_TEXT, GROUP = 'answer', 'answer_text', 'group'
CLUSTER, N_CHOICES = 'cluster', 'n_choices'
# How what is known of people starts.
OF_PEOPLE = 'human_'
HUMAN_SHARES, HUMAN_COUNT = 'human_shares', 'human_count'
HUMAN_ENTROPY = 'human_entropy'
HUMAN_MC_PROP_CORRECT = 'human_mc_prop_correct'
HUMAN_MC_PROP_WRONG = 'human_mc_prop_wrong'
HUMAN_MC_RT_CORRECT = 'human_mc_rt_correct'
HUMAN_MC_RT_WRONG = 'human_mc_rt_wrong'
HUMAN_MC_RT_COMBINED = 'human_mc_rt_combined'
HUMAN_FR_PROP_CORRECT = 'human_fr_prop_correct'
HUMAN_FR_PROP_WRONG = 'human_fr_prop_wrong'
HUMAN_FR_PROP_DK, HUMAN_FR_PROP_DR = 'human_fr_prop_dk', 'human_fr_prop_dr'
HUMAN_FR_PROP_ANSWERED = 'human_fr_prop_answered'
HUMAN_FR_PROP_NOT_ANSWERED = 'human_fr_prop_not_answered'
HUMAN_FR_RT_CORRECT = 'human_fr_rt_correct'
HUMAN_FR_RT_WRONG = 'human_fr_rt_wrong'
HUMAN_FR_RT_DK, HUMAN_FR_RT_DR = 'human_fr_rt_dk', 'human_fr_rt_dr'
HUMAN_FR_RT_ANSWERED = 'human_fr_rt_answered'
HUMAN_FR_RT_NOT_ANSWERED = 'human_fr_rt_not_answered'
HUMAN_VALENCE, HUMAN_VALENCE_SD = 'human_valence', 'human_valence_sd'
HUMAN_RATING, HUMAN_RATING_SD = 'human_rating', 'human_rating_sd'
HUMAN_ORDINAL_ENTROPY = 'human_ordinal_entropy'
HUMAN_CLOZE_ENTROPY = 'human_cloze_entropy'
HUMAN_CLOZE_PROP_CORRECT = 'human_cloze_prop_correct'
HUMAN_FIRST_FIXATION = 'human_first_fixation'
HUMAN_GAZE_DURATION = 'human_gaze_duration'
HUMAN_GO_PAST_TIME = 'human_go_past_time'
CHOICE_SCALE = 'choice_scale'
HUMAN_RATER_CHOICES = 'human_rater_choices'
HUMAN_RATER_VALUES = 'human_rater_values'
HUMAN_RATER_TEXTS = 'human_rater_texts'
HUMAN_RATER_IDS = 'human_rater_ids'
HUMAN_RATER_TIMES = 'human_rater_times'
HUMAN_RATER_GROUPS = 'human_rater_groups'
PROMPT, N_TOKENS = 'prompt', 'n_tokens'
PREDICTION, CORRECT, AGREES = 'prediction', 'correct', 'agrees'
CHOICE_LOGPROBS = 'choice_logprobs'
CHOICE_LOGPROBS_SUM = 'choice_logprobs_sum'
CHOICE_LOGPROBS_TOKENS = 'choice_logprobs_tokens'
CHOICE_LOGPROBS_BYTES = 'choice_logprobs_bytes'
CHOICE_LOGPROBS_NEUTRAL = 'choice_logprobs_neutral'
ORDER_CHOICE_LOGPROBS = 'order_choice_logprobs'
TOP_LOGPROBS, TOP_TOKENS = registry.TOP_LOGPROBS, registry.TOP_TOKENS
REST_LOGPROB = registry.REST_LOGPROB
CAPTURED_TOKENS = 'captured_tokens'
FR_PROMPT, FR_ANSWER, FR_GRADE = 'fr_prompt', 'fr_answer', 'fr_grade'
FR_TOKENS, FR_TOKEN_IDS = 'fr_tokens', 'fr_token_ids'
FR_N_TOKENS, FR_HIT_CAP = 'fr_n_tokens', 'fr_hit_cap'
FR_BRACKET_FOUND, FR_REASON = 'fr_bracket_found', 'fr_reason'
FR_BRACKET_INFERRED = 'fr_bracket_inferred'
FR_STEP_TOP_LOGPROBS = 'fr_step_top_logprobs'
FR_STEP_TOP_TOKENS = 'fr_step_top_tokens'
FR_STEP_REST_LOGPROB = 'fr_step_rest_logprob'
(FR_CORRECT, FR_CORRECT_EXACT, FR_CORRECT_ALIAS, FR_CORRECT_EDIT,
 FR_CORRECT_REASON) = answer_columns.grade_names(
    answer_columns.FREE)
FR_CORRECT_AUTO = 'fr_correct_auto'
FR_CORRECT_MODEL = 'fr_correct_model'
FR_CORRECT_MODEL_REASON = 'fr_correct_model_reason'
VERBAL_CORRECT, SAMPLE_CORRECT = (
    answer_columns.grade_names(start)[0]
    for start in (answer_columns.VERBAL, answer_columns.SAMPLE))
SAMPLE_SHARE_CORRECT = 'sample_share_correct'
P_TRUE_ANSWER, P_TRUE_MASS = 'p_true_answer', 'p_true_mass'
P_TRUE_LABEL_SHIFT, P_TRUE_REASON = 'p_true_label_shift', 'p_true_reason'
SAMPLE_ANSWERS, SAMPLE_ANSWER = 'sample_answers', 'sample_answer'
SAMPLE_LOGPROBS, SAMPLE_LENGTHS = 'sample_logprobs', 'sample_lengths'
SAMPLE_ENTAILMENTS = 'sample_entailments'
SAMPLE_SIMILARITIES = 'sample_similarities'
SAMPLE_TOKEN_LOGPROBS = 'sample_token_logprobs'
SAMPLE_TOKEN_RELEVANCES = 'sample_token_relevances'
SEMANTIC_CLUSTERS, SEMANTIC_VARIANT = 'semantic_clusters', 'semantic_variant'
SEMANTIC_REASON = 'semantic_reason'
MODEL, DATASET, ANSWER_FORMAT = 'model', 'dataset', 'answer_format'
ITEM_DIGEST, PROMPT_DIGEST = 'item_digest', 'prompt_digest'
QUESTION_DIGEST = 'question_digest'
MODEL_FINGERPRINT = 'model_fingerprint'
SETTINGS_DIGEST = 'settings_digest'
PACKAGE_VERSION, RUN_ID = 'package_version', 'run_id'
KIND, FAMILY, SIZE, BASE = 'kind', 'family', 'size', 'base'
MODEL_SIZE = 'model_size'
TUNED_FROM, RECIPE = 'tuned_from', 'tuning_recipe'

# Of analysis tables, where several have them (`analysis_columns`).
MEASURE, SIGNAL, OUTCOME, VARIANT = 'measure', 'signal', 'outcome', 'variant'
VALUE, N, RHO, CEILING = 'value', 'n', 'rho', 'ceiling'
CONFIDENCE, ACCURACY = 'confidence', 'accuracy'
CORRECTNESS, SECOND = 'correctness', 'second'
FORM, WEIGHTS = 'form', 'weights'
P_VALUE, CI_LOW, CI_HIGH = 'p_value', 'ci_low', 'ci_high'
P_HOLM, P_BH, N_TESTS = 'p_holm', 'p_bh', 'n_tests'
CONFIDENCE_MAP, N_FAMILIES = 'confidence_map', 'n_families'
TIE_FREE = 'tie_free'

# The measures that code names, of a choice where nothing else is said.
CHOICE_ENTROPY = registry.PRIMARY['letters']
CHOICE_LOGPROB = registry.column(registry.MC, registry.CHOICE_LOGPROB)
CHOICE_LOG_MASS = registry.column(registry.MC, registry.CHOICE_LOG_MASS)
TOTAL_ENTROPY = registry.column(registry.MC, registry.TOTAL_ENTROPY)
TOP1_LOGPROB = registry.column(registry.MC, registry.TOP1_LOGPROB)
FR_TOTAL_ENTROPY = registry.column(registry.FR, registry.TOTAL_ENTROPY)
BRACKET_PERPLEXITY = registry.column(registry.BRACKET, registry.PERPLEXITY)
VERBAL_CONFIDENCE = registry.PRIMARY['verbal']

ITEMS = by(
    'data set',
    (ITEM_ID, 'string', '', 'Identifies the item within its data set.'),
    (QUESTION, 'string', '', 'The question as the data set has it.'),
    (CHOICES, 'list of string', '', 'Its options; empty if it is open.'),
    (ANSWER, 'float', 'index', ('Place of the right choice, from 0; missing '
     'where nothing is right (opinions).')),
    (ANSWER_TEXT, 'string', '', 'The right answer in words; empty if none.'),
    (GROUP, 'string', '', 'Subject or topic, for grouped folds.'),
    (CLUSTER, 'string', '', ('Passage, subject or repeated question: items '
     'that are resampled together; empty if the item stands alone.')),
    (N_CHOICES, 'int', 'choices', 'Number of options K.'),
    (HUMAN_SHARES, 'list of float', 'share', ('Share of people behind each '
     'choice; sums to 1.')),
    (HUMAN_COUNT, 'float', 'people', 'Number of people behind the shares.'),
    (HUMAN_ENTROPY, 'float', 'of ln K', ('H(human_shares) / ln K: 0 if all '
     'agree, 1 if every choice is as common.')),
)

HUMAN = by(
    'data set',
    (HUMAN_MC_PROP_CORRECT, 'float', 'share', 'People who chose right.'),
    (HUMAN_MC_PROP_WRONG, 'float', 'share', 'People who chose wrong.'),
    (HUMAN_MC_RT_CORRECT, 'float', 'ms', 'Mean time of right choices.'),
    (HUMAN_MC_RT_WRONG, 'float', 'ms', 'Mean time of wrong choices.'),
    (HUMAN_MC_RT_COMBINED, 'float', 'ms', 'Mean time of all choices.'),
    (HUMAN_FR_PROP_CORRECT, 'float', 'share', ('People who recalled the right '
     'answer.')),
    (HUMAN_FR_PROP_WRONG, 'float', 'share', 'People who wrote a wrong one.'),
    (HUMAN_FR_PROP_DK, 'float', 'share', 'People who did not know.'),
    (HUMAN_FR_PROP_DR, 'float', 'share', 'People who did not remember.'),
    (HUMAN_FR_PROP_ANSWERED, 'float', 'share', 'Right and wrong together.'),
    (HUMAN_FR_PROP_NOT_ANSWERED, 'float', 'share', ('Did not know or not '
     'remember.')),
    (HUMAN_FR_RT_CORRECT, 'float', 'ms', 'Mean time of right recalls.'),
    (HUMAN_FR_RT_WRONG, 'float', 'ms', 'Mean time of wrong recalls.'),
    (HUMAN_FR_RT_DK, 'float', 'ms', 'Mean time to say: I do not know.'),
    (HUMAN_FR_RT_DR, 'float', 'ms', 'Mean time to say: I do not remember.'),
    (HUMAN_FR_RT_ANSWERED, 'float', 'ms', 'Mean time of all answers.'),
    (HUMAN_FR_RT_NOT_ANSWERED, 'float', 'ms', 'Mean time without one.'),
    (HUMAN_VALENCE, 'float', '−4 to 4', 'Mean rating of a word.'),
    (HUMAN_VALENCE_SD, 'float', '−4 to 4', 'Spread of its ratings.'),
    (HUMAN_RATING, 'float', 'of the scale', ('Mean rating on the data set\'s '
     'own scale.')),
    (HUMAN_RATING_SD, 'float', 'of the scale', ('Its standard deviation over '
     'people.')),
    (HUMAN_ORDINAL_ENTROPY, 'float', '0 to 1', ('ordinal_entropy '
     '(measures.md) of human_shares, where choices stand on a scale: 1 if '
     'half the people are at either end.')),
    (HUMAN_CLOZE_ENTROPY, 'float', 'nats', ('H of the words that people '
     'wrote next.')),
    (HUMAN_CLOZE_PROP_CORRECT, 'float', 'share', ('People who wrote the word '
     'that came.')),
    (HUMAN_FIRST_FIXATION, 'float', 'ms', ('Mean duration of readers\' first '
     'fixation of it.')),
    (HUMAN_GAZE_DURATION, 'float', 'ms', ('Mean time of readers on it before '
     'they leave it first.')),
    (HUMAN_GO_PAST_TIME, 'float', 'ms', ('Mean time until readers go past '
     'it.')),
    ('human_NAME', 'float', '', ('Any further number about people that a '
     'table of one\'s own has.')),
)

RATERS = by(
    'data set',
    (CHOICE_SCALE, 'list of float', 'of the scale', ('Where each choice stands '
     'on the scale that they are parts of; empty without one.')),
    (HUMAN_RATER_CHOICES, 'list of int', 'index', ('The choice of each person '
     'behind the shares, from 0; −1 for none of them.')),
    (HUMAN_RATER_VALUES, 'list of float', 'of the scale', ('Their ratings; '
     'missing where there is none.')),
    (HUMAN_RATER_TEXTS, 'list of string', '', 'Their answers in words.'),
    (HUMAN_RATER_IDS, 'list of string', '', ('Who they are, alike over '
     'items.')),
    (HUMAN_RATER_TIMES, 'list of float', 'ms', 'How long each took.'),
    (HUMAN_RATER_GROUPS, 'list of string', '', ('Which groups each belongs '
     'to, as JSON: {"gender": "Woman"}.')),
)

# Lists beside an item's signals, which are single numbers.
RATER_LISTS = frozenset(column.name for column in RATERS)

CHOICE = by(
    'letters, numbers, text',
    (PREDICTION, 'int', 'index', 'Place of the most probable choice, from 0.'),
    (CORRECT, 'float', '0 or 1', ('Whether that is the right one; missing '
     'where none is known.')),
    (AGREES, 'float', '0 or 1', ('Whether it is people\'s commonest choice, or '
     'one of several that are tied.')),
    (CHOICE_LOGPROBS, 'list of float', 'nats', ('ln p of each choice, mean p '
     'over option orders; of `text`, normalised unless text_score=sum.')),
    (TOP_LOGPROBS, 'list of float', 'nats', ('ln p of the most probable next '
     'tokens (config.score.top_k), descending.')),
    (TOP_TOKENS, 'list of int', 'token id', 'Which tokens they are.'),
    (REST_LOGPROB, 'float', 'nats', 'ln of what all others have together.'),
    (ORDER_CHOICE_LOGPROBS, 'list of list of float', 'nats',
     'choice_logprobs of each option order (n_orders > 1), own order first.'),
    (CHOICE_LOGPROBS_SUM, 'list of float', 'nats', ('Of `text`: Σ ln p of '
     'each choice\'s words.')),
    (CHOICE_LOGPROBS_TOKENS, 'list of int', 'tokens', 'Their tokens.'),
    (CHOICE_LOGPROBS_BYTES, 'list of int', 'bytes', 'Their length.'),
    (CHOICE_LOGPROBS_NEUTRAL, 'list of float', 'nats', ('Σ ln p of the same '
     'words after a content-free question, the reference of PMI.')),
)

ASKED = by(
    'every task',
    (PROMPT, 'string', '', ('What the model read, special tokens written out; '
     'of the first task in config.prompt.answer.')),
    (N_TOKENS, 'int', 'tokens', 'Its length.'),
    ('TASK_prompt', 'string', '', ('The same of a further task, and of any '
     'that asks for no choice.')),
    ('TASK_n_tokens', 'int', 'tokens', 'The same of a further task.'),
    (CAPTURED_TOKENS, 'string or list of string', '', ('Text of the token(s) '
     'whose activations were kept; a list where probe.positions has several.')),
)


FREE = by(
    'free',
    (FR_ANSWER, 'string', '', 'What stands inside the braces.'),
    (FR_TOKENS, 'list of string', '', 'The generated tokens as text.'),
    (FR_TOKEN_IDS, 'list of int', 'token id', 'The same as ids.'),
    (FR_N_TOKENS, 'int', 'tokens', 'How many were generated.'),
    (FR_HIT_CAP, 'bool', '', 'Whether config.free.max_tokens ended it.'),
    (FR_BRACKET_FOUND, 'bool', '', 'Whether a closing brace was written.'),
    (FR_BRACKET_INFERRED, 'bool', '', ('Whether the whole generation stands '
     'in for what the braces hold.')),
    (FR_REASON, 'string', '', ('Why there is no plain answer; empty if '
     'there is.')),
    *answer_columns.grades(answer_columns.FREE, 'the answer'),
    (FR_CORRECT_MODEL, 'float', '0 or 1', ('The scored model\'s own grade '
     '(config.free.grader=model).')),
    (FR_CORRECT_MODEL_REASON, 'string', '', 'Why that is missing.'),
    (FR_STEP_TOP_LOGPROBS, 'list of float', 'nats', ('ln p of every step\'s '
     'most probable tokens, flat: steps × config.score.top_k.')),
    (FR_STEP_TOP_TOKENS, 'list of int', 'token id', 'Which they are.'),
    (FR_STEP_REST_LOGPROB, 'list of float', 'nats', ('ln of the rest, by '
     'step.')),
)

VERBAL = answer_columns.stated()

P_TRUE = by(
    'p_true',
    (P_TRUE_ANSWER, 'string', '', 'The greedy answer that was judged.'),
    (P_TRUE_MASS, 'float', 'probability', ('Raw mass of True and False, '
     'the smaller of both orders.')),
    (P_TRUE_LABEL_SHIFT, 'float', 'probability', ('Half of what swapping '
     'the letters changes.')),
    (P_TRUE_REASON, 'string', '', 'Why p_true is missing.'),
    *answer_columns.grades(answer_columns.P_TRUE, 'that answer'),
)

SAMPLES = by(
    'samples',
    (SAMPLE_ANSWERS, 'list of string', '', 'The sampled answers.'),
    (SAMPLE_LOGPROBS, 'list of float', 'nats', 'ln p of each.'),
    (SAMPLE_LENGTHS, 'list of int', 'tokens', 'Length of each.'),
    (SAMPLE_ANSWER, 'string', '', 'The commonest.'),
    *answer_columns.grades(answer_columns.SAMPLE, 'the commonest'),
    (SAMPLE_SHARE_CORRECT, 'float', 'share', 'Of all that are right so.'),
    (SAMPLE_ENTAILMENTS, 'list of list of float', '0 to 1', ('How sure the '
     'judge is that the row\'s answer entails each; or cosine, shared words.')),
    (SAMPLE_SIMILARITIES, 'list of list of float', '0 to 1', ('The same, a '
     'neutral pair counting ½ where the judge knows of neutrality.')),
    (SAMPLE_TOKEN_LOGPROBS, 'list of list of float', 'nats', 'By token.'),
    (SAMPLE_TOKEN_RELEVANCES, 'list of list of float', '0 to 1', ('1 − '
     'similarity of the answer without the token; 0 outside its braces.')),
    (SEMANTIC_CLUSTERS, 'list of int', 'cluster', 'Meaning of each.'),
    (SEMANTIC_VARIANT, 'string', '', ('Judge, sampling and correction that '
     'ran.')),
    (SEMANTIC_REASON, 'string', '', ('How many pairs were judged neither '
     'way.')),
)

RUN = by(
    'study',
    (MODEL, 'string', '', 'The model\'s name, as the file\'s.'),
    (DATASET, 'string', '', 'The data set\'s name.'),
    (KIND, 'string', '', '`instruct` or `base`.'),
    (FAMILY, 'string', '', ('The series it belongs to (`Llama 3`), or its '
     'architecture where the model is not in the table of models.')),
    (SIZE, 'float', 'billions', 'Parameters, counted from the weights.'),
    (BASE, 'string', '', ('Name of the model that it was tuned from; empty '
     'for base models, where unknown, and for those of `tuned_from`.')),
    (TUNED_FROM, 'string', '', ('Name of the model that the stage `tune` '
     'started from; empty for all others.')),
    (RECIPE, 'string', '', ('In words, all that was chosen of that tuning but '
     'its seed.')),
    (ANSWER_FORMAT, 'string', '', 'The first task.'),
)

PROVENANCE = by(
    'study',
    (ITEM_DIGEST, 'string', '', ('Digest of the item: its texts, choices, '
     'answer, shares and worked examples.')),
    (QUESTION_DIGEST, 'string', '', ('The same without people\'s shares; in '
     'shards only.')),
    (PROMPT_DIGEST, 'string', '', ('Digest of all that the model read of it; '
     'of the first task in config.prompt.answer.')),
    ('TASK_prompt_digest', 'string', '', 'The same of a further task.'),
    (MODEL_FINGERPRINT, 'string', '', ('Digest of the model: every byte of its '
     'weights, config, tokenizer, chat template, generation config.')),
    (SETTINGS_DIGEST, 'string', '', ('Digest of the config\'s fields that '
     'decide a number.')),
    (PACKAGE_VERSION, 'string', '', ('Version of this package that wrote the '
     'row; in shards only.')),
    (RUN_ID, 'string', '', ('Start of the program that wrote the row, as in '
     'manifest.json; in shards only.')),
)

FOREIGN = by(
    'published files',
    (FR_PROMPT, 'string', '', 'The paper\'s free-response prompt.'),
    (FR_GRADE, 'string', '', 'Its graders\' ruling: Y, N or ?.'),
    (MODEL_SIZE, 'float', 'billions', 'Size as its files state it.'),
) + by(
    'grades',
    (FR_CORRECT_AUTO, 'float', '0 or 1', ('The automatic grade where people\'s '
     'took its place.')),
)

ANY_MEASURE = Column(
    'PREFIX_MEASURE', 'float', 'see measures.md', 'see measures.md',
    ('A measure of uncertainty, such as mc_choice_log_mass; docs/measures.md '
     'has them all, with units and tasks.'))

RESULTS: dict[str, tuple[Column, ...]] = {
    'The item': ITEMS,
    'People': HUMAN,
    'Each person': RATERS,
    'What was asked': ASKED,
    'Choices': CHOICE,
    'Measures': (ANY_MEASURE,),
    'Free answers': FREE,
    'Stated confidence': VERBAL,
    'Self-evaluation': P_TRUE,
    'Samples': SAMPLES,
    'The run': RUN,
    'Where a row comes from': PROVENANCE,
    'Files of others': FOREIGN,
}


def find(name: str) -> Column | None:
  """What describes a column of a results table.

  Args:
    name: the column's.

  Returns:
    Its description: an exact name before one with a placeholder; `ANY_MEASURE`
    for a measure; None if nothing describes it.
  """
  if registry.is_measure(name):
    return ANY_MEASURE
  found = [c for part in RESULTS.values() for c in part if c.matches(name)]
  return min(found, key=lambda c: c.name != name, default=None)
