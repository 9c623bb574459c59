"""Reading items of Cambridge exams with candidates' choices (CamChoice).

The licence forbids copies: ask its holder for the files and put them, as
shipped, into MANUAL/camchoice.

    python -m uncertainty.main --config=configs/camchoice.py \\
      --workdir=runs/camchoice --config.data.manual_dir=MANUAL \\
      --config.model.source=Llama_3.2_1B
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False, paper=False)
  config = common.default()
  config.data.name = 'camchoice'
  config.prompt.answer = 'letters'
  config.prompt.profile = 'paper' if arg.paper else 'clean'
  if arg.quicktest:
    common.shrink(config)
  return config
