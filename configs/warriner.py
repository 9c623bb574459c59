"""Does a model spread over ratings where people do? Warriner's norms.

13 915 words with mean and deviation of about 20 people (Warriner et al. 2013),
out of the package labmtsimple (pip install labmtsimple==2.8.8): valence;
--config.data.subset=arousal and dominance are asked alike.

    python -m uncertainty.main --config=configs/warriner.py \\
      --workdir=runs/warriner

Not timed on all of it.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('warriner', 'letters', arg)
