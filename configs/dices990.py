"""Whose doubt of what is safe does a model share?

DICES (Aroyo et al. 2023): 990 conversations with a chatbot, each rated by
60 to 70 of 173 people of two countries, whose groups are known.

    python -m uncertainty.main --config=configs/dices990.py \\
      --workdir=runs/dices990

Not run on the real file, which could not be reached where this was written.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('dices990', 'letters', arg)
