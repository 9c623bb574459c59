"""The paper's main question: general knowledge, multiple choice.

421 general-knowledge questions with people's choices, proportions correct and
response times (Coane & Umanath 2021).

    python -m uncertainty.main --config=configs/coane.py --workdir=runs/coane \\
      --config.model.source=Llama_3.2_1B_Ins

SmolLM2-135M-Instruct on 2 cores of an AMD EPYC in bfloat16: 26 s to score all
421 items, start and compilation included. With `:paper` prompts its choice
entropy has ρ = .02 with people's, its nucleus entropy (.9) ρ = .21.

`:paper` asks with the paper's prompts, stray brace included; `:free` adds
generated answers.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False, paper=False, free=False)
  config = common.default()
  config.data.name = 'coane'
  config.prompt.answer = 'letters,free' if arg.free else 'letters'
  config.prompt.profile = 'paper' if arg.paper else 'clean'
  if arg.quicktest:
    common.shrink(config)
  return config
