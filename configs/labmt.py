"""Does a model spread over ratings where people do? Happiness of words.

labMT (Dodds et al. 2011): 10 222 words with mean and deviation of 50 people,
out of the package labmtsimple (pip install labmtsimple==2.8.8).

    python -m uncertainty.main --config=configs/labmt.py \\
      --workdir=runs/labmt

Not timed on all of it.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('labmt', 'letters', arg)
