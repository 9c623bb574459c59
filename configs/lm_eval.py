"""Your own logs of lm-evaluation-harness, asked again and measured.

    python -m uncertainty.main --config=configs/lm_eval.py --workdir=runs/logs \
      --config.data.path=FOLDER --config.model.source=MODEL

FOLDER is what `lm_eval --log_samples` wrote; each task is a subject
(`--config.data.subset=arc_easy`). Contexts are read as they were, worked
examples included, and choices are scored by their words as the harness does
(`acc`). `:response` reads the answers of tasks that generate, token by token,
instead of asking for choices.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False, response=False)
  config = common.default()
  config.data.name = 'lm_eval'
  config.prompt.answer = 'response' if arg.response else 'text'
  config.prompt.style = 'completion'
  config.prompt.few_shot = False  # the logged contexts hold their own
  config.prompt.text_score = 'sum'
  if arg.quicktest:
    common.shrink(config)
  return config
