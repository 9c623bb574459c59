"""Is a model unsure of an inference where fifty people differ?

NLI variation (Pavlick & Kwiatkowski 2019): 496 pairs, rated by sliders; asked
for by the letters of five bins. DIR/nli_variation holds the file, which states
no licence.

    python -m uncertainty.main --config=configs/nli_variation.py \\
      --workdir=runs/nli_variation --config.data.manual_dir=DIR

Not timed on all of it.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('nli_variation', 'letters', arg)
