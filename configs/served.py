"""Answers that a server gave: OpenAI's interface, as vLLM speaks it.

    python -m uncertainty.main --config=configs/served.py \
      --workdir=runs/served --config.data.path=questions.csv \
      --config.data.responses=responses.jsonl

Asked with `logprobs=true, top_logprobs=20`, each line of the JSONL file is a
response, with the item's id as its `custom_id`, or in the items' order. They
are answers in letters (A, B, …); `:free` takes written answers, in braces or
not. What the k likeliest tokens leave open is missing, and said to be.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False, free=False)
  config = common.default()
  config.data.name = 'table'
  config.data.responses = 'responses.jsonl'
  config.prompt.answer = 'free' if arg.free else 'letters'
  if arg.quicktest:
    common.shrink(config)
  return config
