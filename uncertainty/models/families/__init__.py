"""The table of model families: how to read a config, where weights go.

A family turns a `config.json` into a `DecoderConfig`, and says for every
parameter of the `Decoder` which tensors of a checkpoint make it:

    family = families.for_architecture('LlamaForCausalLM')
    config = family.config(hf_config)            # raises UserError
    for m in family.mapping(config):             # one entry per parameter
      m.path       'layers/attention/qkv', a path in params
      m.stacked    True: params hold [L, *m.shape]; fill row after row
      m.shape      shape without the layer axis
      m.sources(layer)   canonical tensor names, one per part
      m.parts[i].source_shape    shape that tensor must have
      m.convert(arrays)  one layer's value from its arrays, one per part
      m.float32    keep float32 in every mode (norm scales and biases)

`convert` is views (rows, reshape, transpose), a concatenation along `m.axis`
and `+ m.add`; a loader that wants one slice of a destination can take each
`part.read(array)` (a view: no copy of a memory map) and slice that before
joining. Two parts may read the same tensor (fused projections). Sources and
parts are a bijection: every element of a source is used exactly once, but in
tied models, where the head is `ignored`.

Canonical names have no model prefix: `canonical_name(family, name)` strips
`model.`, `transformer.`, `language_model.model.` and so on, and returns None
for tensors that are named as ignored (rotary buffers, attention masks, vision
towers, the head of a tied model). Layouts are those of transformers: GGUF
readers undo their own permutation of query and key rows, and take 1 off
Gemma's norms, before they hand tensors over under these names.
"""

import dataclasses
import re
from collections.abc import Callable
from collections.abc import Mapping as Map
from typing import Any

from uncertainty.models.config import DecoderConfig
from uncertainty.models.families import gemma, llama
from uncertainty.models.families.mapping import Mapping, Part
from uncertainty.types import UserError

_PREFIXES = ('language_model.model.', 'model.language_model.',
             'language_model.', 'model.', 'transformer.', 'gpt_neox.')

_IGNORED = (r'.*rotary_emb\..*', r'.*\.attention\.(bias|masked_bias)',
            r'h\.\d+\.attn\.(bias|masked_bias)', r'vision_tower\..*',
            r'vision_model\..*', r'multi_modal_projector\..*')


@dataclasses.dataclass(frozen=True)
class Family:
  """One row of the table.

  Attributes:
    name: such as `llama`.
    config: `config.json` as a dict → `DecoderConfig`; UserError for a field
      that would change the result and is not implemented.
    mapping: config → one `Mapping` per parameter.
    head: canonical name of the output head, ignored in tied models.
  """

  name: str
  config: Callable[[Map[str, Any]], DecoderConfig]
  mapping: Callable[[DecoderConfig], tuple[Mapping, ...]]
  head: str = 'lm_head.weight'


FAMILIES: dict[str, Family] = {
    'llama': Family('llama', llama.config, llama.mapping),
    'gemma3': Family('gemma3', gemma.gemma3_config, gemma.mapping),
}

ARCHITECTURES: dict[str, str] = {
    'LlamaForCausalLM': 'llama',
    'Gemma3ForCausalLM': 'gemma3',
    'Gemma3ForConditionalGeneration': 'gemma3',
}


def for_architecture(architecture: str) -> Family:
  """The family of `config.json`'s `architectures[0]`."""
  if architecture not in ARCHITECTURES:
    raise UserError(
        f'model architecture {architecture!r} is not implemented; known: '
        + ', '.join(sorted(ARCHITECTURES)))
  return FAMILIES[ARCHITECTURES[architecture]]


def canonical_name(family: Family, name: str, *,
                   tied: bool = False) -> str | None:
  """A tensor's name without model prefixes; None if it is to be ignored."""
  for prefix in _PREFIXES:
    if name.startswith(prefix):
      name = name[len(prefix):]
      break
  if any(re.fullmatch(pattern, name) for pattern in _IGNORED):
    return None
  return None if tied and name == family.head else name


__all__ = ['ARCHITECTURES', 'FAMILIES', 'Family', 'Mapping', 'Part',
           'canonical_name', 'for_architecture']
