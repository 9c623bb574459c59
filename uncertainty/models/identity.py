"""What makes a model this model: a digest of each part that decides a number.

Two checkpoints have one fingerprint if, and only if, every byte of their
weights, their config, tokenizer, chat template and generation config agree;
what the files are called and when they were written does not count.
"""

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

from uncertainty import file_digest
from uncertainty.models.tokenizer import PreTrainedTokenizerFast

# The setting without which `transformers` cleans no text of BPE.
_CLEANS_BPE = (
    'clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output')


@dataclasses.dataclass(frozen=True)
class Identity:
  """A digest of each part, 64 hexadecimal digits.

  Attributes:
    weights: every byte of the checkpoint's files.
    config: of the architecture, as it was read.
    tokenizer: vocabulary, merges, normalisation and special tokens; whether
      special tokens are cut up and written text is cleaned.
    chat_template: as text; of nothing for a base model.
    generation: generation_config.json; of nothing where there is none.
  """

  weights: str
  config: str
  tokenizer: str
  chat_template: str
  generation: str

  @property
  def fingerprint(self) -> str:
    """One digest of all parts."""
    return file_digest.of_parts(dataclasses.astuple(self))


def identify(
    files: Iterable[pathlib.Path], hf_config: Mapping[str, Any],
    generation: Mapping[str, Any], tokenizer: PreTrainedTokenizerFast, *,
    remembered: bool = True,
) -> Identity:
  """Digests of a checkpoint.

  Args:
    files: that hold its weights.
    hf_config: of the architecture.
    generation: generation_config.json, or {}.
    tokenizer: with its chat template.
    remembered: whether the digest of a large file that has not changed may
      come from the user's cache.

  Returns:
    The digests.
  """
  return Identity(
      weights=of_weights(files, remembered=remembered),
      config=_of(hf_config),
      tokenizer=file_digest.of_parts([
          tokenizer.backend_tokenizer.to_str(),
          json.dumps(tokenizer.special_tokens_map, sort_keys=True,
                     default=str), *_habits(tokenizer)]),
      chat_template=_of(tokenizer.chat_template),
      generation=_of(generation))


def of_weights(
    files: Iterable[pathlib.Path], *, remembered: bool = True) -> str:
  """The digest of every byte of a checkpoint's files.

  Args:
    files: that hold its weights, in their order.
    remembered: as `identify` takes it.

  Returns:
    64 hexadecimal digits.

  Raises:
    OSError: a file cannot be read.
  """
  return file_digest.of_parts(
      file_digest.digest(path, remembered=remembered) for path in files)


def _habits(tokenizer: PreTrainedTokenizerFast) -> list[str]:
  """What `tokenizer_config.json` alone decides, where it is not the rule."""
  cleans = tokenizer.clean_up_tokenization_spaces and (
      type(tokenizer.backend_tokenizer.model).__name__ != 'BPE' or getattr(
          tokenizer, _CLEANS_BPE, False))
  return [*['split_special_tokens'] * bool(tokenizer.split_special_tokens),
          *['clean_up_tokenization_spaces'] * bool(cleans)]


def _of(value: Any) -> str:
  return file_digest.of_parts([json.dumps(value, sort_keys=True, default=str)])
