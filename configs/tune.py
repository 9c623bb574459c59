"""Can a model learn how unsure people are of a word's valence?

    python -m uncertainty.main --config=configs/tune.py --stages=tune \
      --workdir=runs/tuned
    python -m uncertainty.main --config=configs/vader.py --workdir=runs/after \
      --config.model.source=runs/tuned/model

Tunes adapters of SmolLM2-135M-Instruct on the shares of ten raters over 300
words, and leaves a model that is asked as any other. `--config.tune.objective`
chooses what is learnt: the right answer, plain (hard) or smoothed, people's
shares (human), whether the model's own answers are right (calibration), or
answers in words (answers); `--config.tune.shuffle=true` is the control, in
which words have each other's shares.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False)
  config = common.default()
  config.data.name = 'vader'
  config.data.limit = 375  # 300 to learn from and 75 to ask after
  config.prompt.answer = 'text'
  config.prompt.style = 'completion'
  config.prompt.text_score = 'sum'
  if arg.quicktest:
    common.shrink(config)
  return config
