"""Calibration on MMLU: 57 subjects, no human answers (Hendrycks et al. 2020).

    python -m uncertainty.main --config=configs/mmlu.py --workdir=runs/mmlu \\
      --config.model.source=Llama_3.2_1B

`--config.data.subset=anatomy` takes one subject.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('mmlu', 'letters', arg, paper=True)
