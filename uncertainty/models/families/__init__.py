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

from uncertainty import files
from uncertainty.models.families import gemma, gpt, llama, phi
from uncertainty.models.families.config import DecoderConfig
from uncertainty.models.families.mapping import Mapping, Part
from uncertainty.types import UserError

_PREFIXES = ('language_model.model.', 'model.language_model.',
             'language_model.', 'model.', 'transformer.', 'gpt_neox.')

_IGNORED = (r'.*rotary_emb\..*', r'.*\.attention\.(bias|masked_bias)',
            r'h\.\d+\.attn\.(bias|masked_bias)', r'vision_tower\..*',
            r'vision_model\..*', r'multi_modal_projector\..*')

# Older names on the hub of what transformers 5 calls otherwise.
_RENAMED = {('gpt_neox', 'embed_out.weight'): 'lm_head.weight'}

_REMEDY = 'take the file from the checkpoint it came with'


@dataclasses.dataclass(frozen=True)
class Family:
  """One row of the table.

  Attributes:
    name: such as `llama`.
    read_config: `config.json` as a dict → `DecoderConfig`.
    mapping: config → one `Mapping` per parameter.
  """

  name: str
  read_config: Callable[[Map[str, Any]], DecoderConfig]
  mapping: Callable[[DecoderConfig], tuple[Mapping, ...]]

  def config(self, hf_config: Map[str, Any]) -> DecoderConfig:
    """The decoder that a config describes.

    Args:
      hf_config: `config.json` in transformers' spelling.

    Returns:
      Its frozen description.

    Raises:
      UserError: a field that would change the result and is not implemented,
        or whose value makes no sense.
    """
    with files.malformed(f'config.json of a {self.name} model', _REMEDY):
      return self.read_config(hf_config)


FAMILIES: dict[str, Family] = {
    'llama': Family('llama', llama.config, llama.mapping),
    'mistral': Family('mistral', llama.mistral_config, llama.mapping),
    'qwen2': Family('qwen2', llama.qwen2_config, llama.mapping),
    'qwen3': Family('qwen3', llama.qwen3_config, llama.mapping),
    'olmo2': Family('olmo2', llama.olmo2_config, llama.mapping),
    'smollm3': Family('smollm3', llama.smollm3_config, llama.mapping),
    'phi3': Family('phi3', phi.config, phi.mapping),
    'gemma': Family('gemma', gemma.gemma1_config, gemma.mapping),
    'gemma2': Family('gemma2', gemma.gemma2_config, gemma.mapping),
    'gemma3': Family('gemma3', gemma.gemma3_config, gemma.mapping),
    'gpt2': Family('gpt2', gpt.gpt2_config, gpt.gpt2_mapping),
    'gpt_neox': Family('gpt_neox', gpt.neox_config, gpt.neox_mapping),
}

ARCHITECTURES: dict[str, str] = {
    'LlamaForCausalLM': 'llama',
    'MistralForCausalLM': 'mistral',
    'Qwen2ForCausalLM': 'qwen2',
    'Qwen3ForCausalLM': 'qwen3',
    'Olmo2ForCausalLM': 'olmo2',
    'SmolLM3ForCausalLM': 'smollm3',
    'Phi3ForCausalLM': 'phi3',
    'GemmaForCausalLM': 'gemma',
    'Gemma2ForCausalLM': 'gemma2',
    'Gemma3ForCausalLM': 'gemma3',
    'Gemma3ForConditionalGeneration': 'gemma3',
    'GPT2LMHeadModel': 'gpt2',
    'GPTNeoXForCausalLM': 'gpt_neox',
}


# Of the modules that hold a decoder, as PyTorch transformers names them.
_MODULE_PREFIXES = {
    'GPT2LMHeadModel': 'transformer.', 'GPTNeoXForCausalLM': 'gpt_neox.',
    'Gemma3ForConditionalGeneration': 'model.language_model.'}


def for_architecture(architecture: str) -> Family:
  """The family of `config.json`'s `architectures[0]`.

  Args:
    architecture: such as `LlamaForCausalLM`.

  Returns:
    The family.

  Raises:
    UserError: it is not implemented.
  """
  if architecture not in ARCHITECTURES:
    raise UserError(
        f'model architecture {architecture!r} is not implemented; known: '
        + ', '.join(sorted(ARCHITECTURES)))
  return FAMILIES[ARCHITECTURES[architecture]]


def canonical_name(family: Family, name: str, *,
                   tied: bool = False) -> str | None:
  """A tensor's name without model prefixes.

  Args:
    family: whose older names are known.
    name: as the file has it.
    tied: the head is the embedding, so that a stored one is ignored.

  Returns:
    The canonical name; None for a tensor to ignore.
  """
  for prefix in _PREFIXES:
    if name.startswith(prefix):
      name = name[len(prefix):]
      break
  if any(re.fullmatch(pattern, name) for pattern in _IGNORED):
    return None
  name = _RENAMED.get((family.name, name), name)
  return None if tied and name == 'lm_head.weight' else name


def hub_name(architecture: str, name: str) -> str:
  """What PyTorch transformers calls a tensor: `canonical_name` backward.

  Args:
    architecture: such as `LlamaForCausalLM`.
    name: canonical.

  Returns:
    The name in a state dict of that class.
  """
  if name.startswith('lm_head.'):
    return name
  return _MODULE_PREFIXES.get(architecture, 'model.') + name


__all__ = ['ARCHITECTURES', 'FAMILIES', 'Family', 'Mapping', 'Part',
           'canonical_name', 'for_architecture', 'hub_name']
