"""The study's models: its 38 names, where they are published, who pairs.

The names of the first thirty are those of the paper's own result files
(arXiv 2605.30675); its experiment code also lists the eight Pythia sizes. Of
further models, what their names are not trusted to say (`lineage`).
"""

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True)
class StudyModel:
  """One model of the study.

  Attributes:
    name: as in the paper's result files.
    hub_id: repository on the Hugging Face hub.
    family: name in `families.FAMILIES`.
    size: billions of parameters, as the publisher rounds them.
    kind: `base` or `instruct`.
    series: the publisher's name and major version, such as `Llama 3`: what
      statistics that draw families as wholes take for one family.
    pair: name of its instruct or base counterpart; '' if it has none.
  """

  name: str
  hub_id: str
  family: str
  size: float
  kind: str
  series: str
  pair: str = ''


@dataclasses.dataclass(frozen=True)
class Lineage:
  """Where a model comes from.

  Attributes:
    family: its series, such as `Llama 3`.
    base: name of the model that it was tuned from; '' if none or unknown.
  """

  family: str
  base: str = ''


# Base name, instruct name, family, size, base repository, instruct repository,
# series.
_PAIRS = (
    ('Mistral_0.1', 'Mistral_0.1_Ins', 'mistral', 7,
     'mistralai/Mistral-7B-v0.1', 'mistralai/Mistral-7B-Instruct-v0.1',
     'Mistral'),
    ('Mistral_0.3', 'Mistral_0.3_Ins', 'mistral', 7,
     'mistralai/Mistral-7B-v0.3', 'mistralai/Mistral-7B-Instruct-v0.3',
     'Mistral'),
    ('Llama_2_7B', 'Llama_2_7B_Chat', 'llama', 7,
     'meta-llama/Llama-2-7b-hf', 'meta-llama/Llama-2-7b-chat-hf', 'Llama 2'),
    ('Llama_2_13B', 'Llama_2_13B_Chat', 'llama', 13,
     'meta-llama/Llama-2-13b-hf', 'meta-llama/Llama-2-13b-chat-hf', 'Llama 2'),
    ('Llama_3.1_8B', 'Llama_3.1_8B_Ins', 'llama', 8,
     'meta-llama/Llama-3.1-8B', 'meta-llama/Llama-3.1-8B-Instruct', 'Llama 3'),
    ('Llama_3.2_1B', 'Llama_3.2_1B_Ins', 'llama', 1,
     'meta-llama/Llama-3.2-1B', 'meta-llama/Llama-3.2-1B-Instruct', 'Llama 3'),
    ('Llama_3.2_3B', 'Llama_3.2_3B_Ins', 'llama', 3,
     'meta-llama/Llama-3.2-3B', 'meta-llama/Llama-3.2-3B-Instruct', 'Llama 3'),
    ('Gemma_2B', 'Gemma_2B_Ins', 'gemma', 2,
     'google/gemma-2b', 'google/gemma-2b-it', 'Gemma'),
    ('Gemma_7B', 'Gemma_7B_Ins', 'gemma', 7,
     'google/gemma-7b', 'google/gemma-7b-it', 'Gemma'),
    ('Gemma2_2B', 'Gemma2_2B_Ins', 'gemma2', 2,
     'google/gemma-2-2b', 'google/gemma-2-2b-it', 'Gemma 2'),
    ('Gemma2_9B', 'Gemma2_9B_Ins', 'gemma2', 9,
     'google/gemma-2-9b', 'google/gemma-2-9b-it', 'Gemma 2'),
    ('Falcon3_1B', 'Falcon3_1B_Ins', 'llama', 1,
     'tiiuae/Falcon3-1B-Base', 'tiiuae/Falcon3-1B-Instruct', 'Falcon 3'),
    ('Falcon3_3B', 'Falcon3_3B_Ins', 'llama', 3,
     'tiiuae/Falcon3-3B-Base', 'tiiuae/Falcon3-3B-Instruct', 'Falcon 3'),
    ('Falcon3_7B', 'Falcon3_7B_Ins', 'llama', 7,
     'tiiuae/Falcon3-7B-Base', 'tiiuae/Falcon3-7B-Instruct', 'Falcon 3'),
    ('Falcon3_10B', 'Falcon3_10B_Ins', 'llama', 10,
     'tiiuae/Falcon3-10B-Base', 'tiiuae/Falcon3-10B-Instruct', 'Falcon 3'),
)

_SINGLES = (
    ('Pythia_70M', 'gpt_neox', 0.07, 'EleutherAI/pythia-70m'),
    ('Pythia_160M', 'gpt_neox', 0.16, 'EleutherAI/pythia-160m'),
    ('Pythia_410M', 'gpt_neox', 0.41, 'EleutherAI/pythia-410m'),
    ('Pythia_1B', 'gpt_neox', 1, 'EleutherAI/pythia-1b'),
    ('Pythia_1.4B', 'gpt_neox', 1.4, 'EleutherAI/pythia-1.4b'),
    ('Pythia_2.8B', 'gpt_neox', 2.8, 'EleutherAI/pythia-2.8b'),
    ('Pythia_6.9B', 'gpt_neox', 6.9, 'EleutherAI/pythia-6.9b'),
    ('Pythia_12B', 'gpt_neox', 12, 'EleutherAI/pythia-12b'),
)

MODELS: Mapping[str, StudyModel] = {
    model.name: model
    for base, instruct, family, size, base_id, instruct_id, series in _PAIRS
    for model in (
        StudyModel(base, base_id, family, size, 'base', series, instruct),
        StudyModel(instruct, instruct_id, family, size, 'instruct', series,
                   base))
} | {
    name: StudyModel(name, hub_id, family, size, 'base', 'Pythia')
    for name, family, size, hub_id in _SINGLES
}

# Models outside the study, by the name that results give them.
_FURTHER: Mapping[str, Lineage] = {
    'SmolLM2-135M-Instruct.Q4_1': Lineage('SmolLM 2', 'SmolLM2-135M'),
    'HuggingFaceTB--SmolLM2-135M': Lineage('SmolLM 2'),
    'HuggingFaceTB--SmolLM2-135M-Instruct': Lineage(
        'SmolLM 2', 'HuggingFaceTB--SmolLM2-135M'),
    'HuggingFaceTB--SmolLM2-360M': Lineage('SmolLM 2'),
    'HuggingFaceTB--SmolLM2-360M-Instruct': Lineage(
        'SmolLM 2', 'HuggingFaceTB--SmolLM2-360M'),
    'HuggingFaceTB--SmolLM2-1.7B': Lineage('SmolLM 2'),
    'HuggingFaceTB--SmolLM2-1.7B-Instruct': Lineage(
        'SmolLM 2', 'HuggingFaceTB--SmolLM2-1.7B'),
    'gemma-3-270m-q4_k_m': Lineage('Gemma 3'),
}

_BY_HUB_ID = {model.hub_id: model for model in MODELS.values()}


def by_hub_id(hub_id: str) -> StudyModel | None:
  """The study's entry for a hub repository.

  Args:
    hub_id: such as `meta-llama/Llama-3.2-1B`.

  Returns:
    The entry, or None if it has none.
  """
  return _BY_HUB_ID.get(hub_id)


def lineage(name: str, architecture: str) -> Lineage:
  """Family and base of a model, from the tables and never from its name.

  Args:
    name: as results give it.
    architecture: of its config; a model that no table lists counts as a
      family of all that share it.

  Returns:
    What the study's table, else the further one says.
  """
  if name in MODELS:
    model = MODELS[name]
    return Lineage(model.series, model.pair if model.kind == 'instruct' else '')
  return _FURTHER.get(name, Lineage(architecture))
