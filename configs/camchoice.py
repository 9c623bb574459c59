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
  return common.asked('camchoice', 'letters', arg, paper=True)
