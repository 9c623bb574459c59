"""Do activations tell true statements from false ones, on new topics?

    python -m uncertainty.main --config=configs/truth.py --workdir=runs/truth \\
      --config.data.manual_dir=../shared/data

2 cores of an AMD EPYC, SmolLM2-135M-Instruct, 6 933 statements, other work
beside: 225 s to score, 479 s for seven probes of 30 layers, before each topic
was also read by those before it (a quarter more). On topics left out, LDA does
best: .61 [.59, .62] (chance .5).

Statements of six topics and their negations (Bürger et al. 2024): mass-mean,
logistic, discriminant, TTPD, CCS, Mahalanobis and MLP probes of every layer,
each tested on the topic that training left out, and on German; the claim
`truth_readable` goes by topics that are read one after another.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False)
  config = common.default()
  config.data.name = 'truth'
  config.prompt.answer = 'statement'
  config.probe.sites = 'residual'
  config.probe.mlp = True
  if arg.quicktest:
    common.shrink(config)
    # The first twelve statements are of one topic; probes need two.
    config.data.limit = None
    config.data.subset = 'animal_class,element_symb'
    config.probe.mlp = False
  return config
