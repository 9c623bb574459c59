"""What do a small model's activations know of people's uncertainty?

    python -m uncertainty.main --config=configs/coane_probe.py \\
      --workdir=runs/coane_probe --config.data.manual_dir=../shared/data

2 cores of an AMD EPYC, SmolLM2-135M-Instruct, other work beside: 90 s to
score, 156 s to probe, 16 s to analyse and report. Human entropy is readable
from layer 2 of 30 on and best at layer 20 (R² = .12 of held-out items), the
model's own entropy at layer 28 (R² = .93). `:paper`, quiet: 83 s in all, of
which 66 s to score.

General-knowledge questions (Coane & Umanath 2021): probes of every layer for
human entropy, response times, proportions correct and the model's own entropy,
by the paper's protocol and by the sound one. `:paper` keeps to the paper's
prompts and protocol, the last layer after the final norm included, and scores
in float64: its least squares on nearly equal rows makes .008 of R² of the
rounding of float32 (`--config.model.dtype=float32`: half the time and memory).
`--config.probe.published=…/coane_activations_10fold.parquet` shows the paper's
eight models beside.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False, paper=False)
  config = common.default()
  config.data.name = 'coane'
  config.prompt.answer = 'letters'
  config.probe.sites = 'embedding,residual,final_norm'
  config.probe.protocol = 'paper,sound'
  # 1 000 for a paper; 200 tell p = .05 apart and take a fifth of the time.
  config.probe.n_permutations = 200
  if arg.paper:
    config.prompt.profile = 'paper'
    config.model.dtype = 'float64'
    config.probe.protocol = 'paper'
    config.probe.sites = 'residual,final_norm'
    config.probe.n_permutations = 1000
    config.mode = 'reproduction'
  if arg.quicktest:
    common.shrink(config)
  return config
