"""Calibration on MMLU: 57 subjects, no human answers (Hendrycks et al. 2020).

    python -m uncertainty.main --config=configs/mmlu.py --workdir=runs/mmlu \\
      --config.model.source=Llama_3.2_1B

`--config.data.subset=anatomy` takes one subject.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False, paper=False)
  config = common.default()
  config.data.name = 'mmlu'
  config.prompt.answer = 'letters'
  config.prompt.profile = 'paper' if arg.paper else 'clean'
  if arg.quicktest:
    common.shrink(config)
  return config
