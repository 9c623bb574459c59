"""Can a model's doubt be read off its activations?

    python -m uncertainty.main --config=configs/doubt_probe.py \\
      --workdir=runs/doubt_probe --config.data.manual_dir=../shared/data

Written answers to general-knowledge questions (Coane & Umanath 2021), greedy
and sampled, and probes before and after them: semantic entropy (SEP), P(IK),
SAPLMA, the exact answer token, and the same of people's entropy and of the
share of people who are right. `--config.data.name=mmlu` into the same workdir
adds the other data set, and how probes do on data that they were not fitted to.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False)
  config = common.default()
  config.data.name = 'coane'
  # Letters for the output's confidence, which a claim must go beyond.
  config.prompt.answer = 'letters,free,samples'
  config.probe.sites = 'residual'
  config.probe.positions = (
      'before_generating,second_last,answer_end,exact_answer')
  config.probe.protocol = 'doubt'
  config.free.keep_steps = False
  if arg.quicktest:
    common.shrink(config)
  return config
