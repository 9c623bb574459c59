"""Can a model's doubt be read off its activations?

    python -m uncertainty.main --config=configs/doubt_probe.py \\
      --workdir=runs/doubt_probe --config.data.manual_dir=../shared/data

Written answers to general-knowledge questions (Coane & Umanath 2021), greedy
and sampled, and probes before and after them: semantic entropy (SEP), P(IK),
SAPLMA, the exact answer token, and the same of people's entropy and of the
share of people who are right. `--config.data.name=mmlu` into the same workdir
adds the other data set, and how probes do on data that they were not fitted to.

2 cores of an Intel Xeon at a load of 17, SmolLM2-135M-Instruct, 112 items with
`--config.data.limit=112 --config.prompt.style=completion
--config.free.max_tokens=10 --config.free.n_samples=5
--config.free.temperature=0.5 --config.free.judge=words`: 24 min to score,
25 s a linear probe. So small a model answers 5 rightly: too few for P(IK) and
the exact answer token, and SAPLMA was not fitted. On 74 items of forward blocks
SEP reads nothing that this many could show (AUROC .42, .29 to .56, before the
answer; .47, .31 to .64, at its second last token), nor do the probes of
people's entropy (.61, .47 to .73) and of the share who are right (.53, .46 to
.59); beyond the output none is told from 0. In the chat style it writes years:
no answer of 120 is right.
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
