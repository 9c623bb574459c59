"""Whose doubt of what is safe does a model share?

DICES (Aroyo et al. 2023): 350 conversations with a chatbot, each rated by
all of 123 people of five ethnicities, whose groups are known.

    python -m uncertainty.main --config=configs/dices350.py \\
      --workdir=runs/dices350

Not run on the real file, which could not be reached where this was written.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('dices350', 'letters', arg)
