"""Two runs beside each other: what changed, and what it did to each claim.

    python -m uncertainty.main --config=configs/compare.py \
      --workdir=runs/compared --config.results_dir=runs/a,runs/b

Prints what differs in config, data and weights, and the difference of every
claim with its paired interval, over the items that both runs asked alike;
`analysis/changes.parquet` and `analysis/differences.parquet` hold both. No
model is needed: about 4 s of one core of an AMD EPYC for two runs of 2 models
on 400 items, start included.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False)
  config = common.default()
  config.mode = 'compare'
  if arg.quicktest:
    common.shrink(config)
  return config
