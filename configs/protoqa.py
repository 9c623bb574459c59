"""Opinions: is a model unsure where people disagree on the common answer?

8 724 questions of the kind "name something that …" with the shares of about a
hundred people's answers (Boratko et al. 2020). None is right or wrong. The
files list answers by popularity, A always the commonest: here each item's
choices are shuffled; `:paper` leaves them, as the paper did.

    python -m uncertainty.main --config=configs/protoqa.py \\
      --workdir=runs/protoqa --config.model.source=Llama_3.2_1B
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False, paper=False)
  config = common.default()
  config.data.name = 'protoqa'
  config.prompt.answer = 'letters'
  config.prompt.profile = 'paper' if arg.paper else 'clean'
  config.prompt.shuffle_choices = not arg.paper
  if arg.quicktest:
    common.shrink(config)
  return config
