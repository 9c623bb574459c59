"""Does a model doubt an effect that people rate differently?

ProbCOPA (Kamath et al. 2026): 210 inferences, 25 to 30 people each, who rated
them from 0 to 100; asked for by the letters of five bins. DIR/probcopa holds
both files of its authors.

    python -m uncertainty.main --config=configs/probcopa.py \\
      --workdir=runs/probcopa --config.data.manual_dir=DIR

2 cores of an AMD EPYC, SmolLM2-135M-Instruct, much other work beside: 167
processor seconds. Agreement with people .19 [.14, .25], always the commonest
answer .39; ρ of entropies −.04 [−.16, .09], of mean answers .19 [.10, .27]: a
model this small reads no likelihood from the letters.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('probcopa', 'letters', arg)
