"""Is a model unsure of the next word where readers are?

Provo (Luke & Christianson 2018): 2 689 words of 55 passages, with what about
40 people each expected there, and the reading times of 84 others. The passage
is read as it stands, with the word that came behind it: `fr_first_…` are
measures of the next-token distribution there, held against the entropy of
people's words and reading times. No word is right, so that nothing is graded.

    python -m uncertainty.main --config=configs/provo.py --workdir=runs/provo

Not run on the real file, which could not be reached where this was written.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  config = common.asked('provo', 'response', arg)
  config.prompt.style = 'completion'
  return config
