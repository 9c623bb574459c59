"""The kinds of uncertainty that the field measures, and which are here.

After the taxonomy of Shorinwa et al. 2025 (A survey on uncertainty
quantification of large language models, arXiv 2412.05563): four kinds of
quantification, then two of calibration.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Kind:
  """One kind of the taxonomy.

  Attributes:
    group: its branch.
    kind: what is done.
    here: measures, tasks, modules or tables that do it; '' if nothing does.
    absent: what of it is not here, and why; '' if nothing is missing.
  """

  group: str
  kind: str
  here: str
  absent: str = ''


_TOKEN, _VERBAL = 'token level', 'self-verbalised'
_SEMANTIC, _INSIDE = 'semantic similarity', 'mechanistic interpretability'
_FREE, _TRAINED = 'calibration without training', 'calibration by training'

KINDS = (
    Kind(_TOKEN, 'entropy of the next token', '`total_entropy`, `varentropy`, '
         '`top_k_entropy_K`, `nucleus_entropy_P`, `choice_entropy`'),
    Kind(_TOKEN, 'probability of the answer', '`choice_logprob`, '
         '`top1_logprob`, `perplexity`, `choice_log_margin`',
         'likelihood ratios to a second model, which runs do not load'),
    Kind(_TOKEN, 'entropy over sampled sequences', '`sample_entropy`, '
         '`semantic_entropy_sequence`'),
    Kind(_TOKEN, 'tokens weighed by what they mean', '`token_sar`, `sar`',
         'claim-conditioned probability, which needs answers cut into claims'),
    Kind(_TOKEN, 'the model\'s own judgement', '`p_true`; P(IK) as a probe, '
         '`uncertainty.probes.doubt`', 'P(IK) by training the whole model'),
    Kind(_VERBAL, 'a number in words', '`verbal_…_confidence`'),
    Kind(_VERBAL, 'a phrase in words', '`verbal_phrase_…_confidence`; hedges '
         'in free answers, by a stated list: `hedges`'),
    Kind(_VERBAL, 'models taught to say it', '',
         'needs training of the model on its own confidence'),
    Kind(_SEMANTIC, 'words in common', '`lexical_similarity`, '
         '`sample_modal_share`, `sample_n_distinct`'),
    Kind(_SEMANTIC, 'clusters of meaning', '`semantic_entropy`, '
         '`semantic_entropy_discrete`, `semantic_n_clusters`; by words, '
         'embeddings, entailment or the model (`config.free.judge`)'),
    Kind(_SEMANTIC, 'graphs of meaning', '`degree_uncertainty`, '
         '`eigenvalue_sum`, `eccentricity`'),
    Kind(_SEMANTIC, 'kernels of meaning', '`kernel_entropy_heat`, '
         '`kernel_entropy_matern`', 'their kernel over whole clusters: with '
         'one weight a pair of samples, it adds nothing to `semantic_entropy`'),
    Kind(_SEMANTIC, 'density and agreement about one answer',
         '`semantic_density`, `sentence_sar`, `cocoa_sequence`, '
         '`cocoa_perplexity`', 'CoCoA by the mean entropy of tokens: samples '
         'are drawn without measures of their steps'),
    Kind(_SEMANTIC, 'claims of a long answer', '',
         'answers here are a word or a sentence; nothing cuts them into '
         'claims'),
    Kind(_INSIDE, 'probes of activations', '`uncertainty.probes`: people\'s '
         'entropy, the model\'s own, truth; semantic entropy (SEP), P(IK), '
         'SAPLMA, the exact answer token'),
    Kind(_INSIDE, 'spread of activations over samples', '`eigen_score` '
         '(INSIDE)', 'clipping of extreme features, which would change the '
         'answers'),
    Kind(_INSIDE, 'attention', '`rauq`', 'measures of whole attention maps: '
         'only the weights on the newest token leave the forward pass'),
    Kind(_INSIDE, 'features and circuits', '',
         'needs sparse autoencoders of each model'),
    Kind(_FREE, 'rescaling a confidence', 'Platt, isotonic and other '
         'confidence maps, by folds: `uncertainty.analysis.calibration`'),
    Kind(_FREE, 'conformal prediction', 'sets by LAC and APS, risk control: '
         'the tables `sets`, `sets_by_group` and `abstention`',
         'sets of free answers, whose possible answers are not listed'),
    Kind(_FREE, 'averaging over prompts', 'option orders '
         '(`config.prompt.n_orders`), wordings of stated confidence',
         'ensembles of models'),
    Kind(_TRAINED, 'tuning towards calibrated answers', 'the stage `tune`: '
         'smoothed labels, people\'s shares, its own answers graded'),
)


def table() -> str:
  """The taxonomy as a Markdown table.

  Returns:
    A line a kind: branch, kind, what is here, what is not and why.
  """
  lines = ['| branch | kind | here | not here, and why |', '|---|---|---|---|']
  lines += [f'| {k.group} | {k.kind} | {k.here or "–"} | {k.absent or "–"} |'
            for k in KINDS]
  return '\n'.join(lines)
