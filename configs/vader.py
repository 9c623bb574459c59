"""Is a model unsure of a word's valence where ten raters are?

    python -m uncertainty.main --config=configs/vader.py --workdir=runs/vader

2 cores of an AMD EPYC, SmolLM2-135M-Instruct, all 7 155 words: 2 min 22 s.
Agreement with people .60 [.59, .61], always the commonest answer .42, ρ of
mean answers .67.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  config = common.asked('vader', 'text', arg)
  config.prompt.style = 'completion'  # in a chat, small models lose the signal
  config.prompt.text_score = 'sum'  # the examples already set the base rates
  return config
