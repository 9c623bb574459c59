"""Is a model unsure of opinions that the world is divided on?

GlobalOpinionQA (Durmus et al. 2023): 2 556 survey questions with the shares of
many countries. DIR/globalopinionqa holds the file.

    python -m uncertainty.main --config=configs/globalopinionqa.py \\
      --workdir=runs/globalopinionqa --config.data.manual_dir=DIR

Not run on the real file, which could not be reached where this was written.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('globalopinionqa', 'letters', arg)
