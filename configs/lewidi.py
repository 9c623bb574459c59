"""Does a model share the disagreements of LeWiDi 2025?

Sarcasm, irony, paraphrases and inferences with the label of every person.
DIR/lewidi holds the folders CSC, MP, Paraphrase and VariErrNLI, or some;
--config.data.subset takes csc, mp, par, varierrnli, train, dev, test.

    python -m uncertainty.main --config=configs/lewidi.py \\
      --workdir=runs/lewidi --config.data.manual_dir=DIR

Not timed on all of it.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('lewidi', 'letters', arg)
