"""Does a model doubt an inference that a hundred people disagree on?

ChaosNLI (Nie et al. 2020): 100 annotators an item, so that the human
distribution is known well.

    python -m uncertainty.main --config=configs/chaosnli.py \\
      --workdir=runs/chaosnli --config.model.source=Llama_3.2_1B_Ins

2 cores of an AMD EPYC, SmolLM2-135M-Instruct, 4 645 items, other work beside:
13 min. Accuracy .32 [.31, .33], below always the commonest answer, .47: a
model this small reads no inference from the letters.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('chaosnli', 'letters', arg)
