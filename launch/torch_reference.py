"""The same work in PyTorch: the reference of speed and of numbers.

Needs the extra `bench`. Nothing here shares code with `uncertainty`, but for
finding the weight file.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import transformers

from uncertainty.models import source

TOP_KS = (5, 10, 25, 50, 100)
NUCLEUS_MASSES = (0.95, 0.9, 0.75, 0.5)


def load(name: str, dtype: str) -> Any:
  """transformers' own model, from its own reader of the weight file."""
  from transformers.modeling_gguf_pytorch_utils import load_gguf_checkpoint
  found = source.resolve(name)
  if found.form != 'gguf':
    return transformers.AutoModelForCausalLM.from_pretrained(
        found.path, dtype=getattr(torch, dtype)).eval()
  config = transformers.AutoConfig.from_pretrained(
      found.path.parent, gguf_file=found.path.name)
  model = transformers.AutoModelForCausalLM.from_config(
      config, dtype=torch.float32)
  # `from_pretrained` would ask for the package accelerate here.
  tensors = load_gguf_checkpoint(
      found.path, return_tensors=True, model_to_load=model)['tensors']
  missing = model.load_state_dict(tensors, strict=False)
  if missing.unexpected_keys or set(missing.missing_keys) - {'lm_head.weight'}:
    raise ValueError(f'{name}: {missing}')
  model.tie_weights()
  return model.to(getattr(torch, dtype)).eval()


def measures(logits_V: torch.Tensor,
             dtype: torch.dtype = torch.float32) -> dict[str, float]:
  """One item's measures, one by one: the paper's loop.

  As a reference of numbers, ask for float64: PyTorch's float32 softmax over
  49 152 tokens sums to 1 + 1e-5 on this CPU, enough to move a nucleus.
  """
  p = torch.softmax(logits_V.to(dtype), 0)
  logs = torch.log_softmax(logits_V.to(dtype), 0)
  h = -(p * logs).sum()
  ordered = torch.sort(p, descending=True).values
  out = {'total_entropy': (h / math.log(len(p))).item(),
         'varentropy': (p * (-logs - h) ** 2).sum().item(),
         'top1_logprob': torch.log(ordered[0]).item()}
  for k in TOP_KS:
    q = ordered[:k] / ordered[:k].sum()
    out[f'top_k_entropy_{k}'] = (-(q * torch.log(q)).sum()
                                 / math.log(k)).item()
  sums = torch.cumsum(ordered.double(), 0)
  for share in NUCLEUS_MASSES:
    n = int((sums < share).sum()) + 1
    q = ordered[:n] / ordered[:n].sum()
    out[f'nucleus_size_{share}'] = n
    out[f'nucleus_entropy_{share}'] = (
        (-(q * torch.log(q)).sum() / math.log(n)).item() if n > 1 else 0.0)
    # How far the nearest cumulative sum is from the threshold.
    out[f'nucleus_gap_{share}'] = float((sums - share).abs().min())
  return out


def choices(logits_V: torch.Tensor,
            letters: Sequence[Sequence[int]]) -> list[float]:
  """Log-probability of each letter, its variants summed."""
  logs = torch.log_softmax(logits_V.double(), 0)
  return [torch.logsumexp(logs[list(ids)], 0).item() for ids in letters]


def paper_plan(prompts: Sequence[Sequence[int]],
               batch_size: int) -> list[list[int]]:
  """Batches of equally long prompts."""
  by_length: dict[int, list[int]] = {}
  for i, tokens in enumerate(prompts):
    by_length.setdefault(len(tokens), []).append(i)
  return [indices[start:start + batch_size] for indices in by_length.values()
          for start in range(0, len(indices), batch_size)]


def best_plan(prompts: Sequence[Sequence[int]],
              batch_size: int) -> list[list[int]]:
  """Batches of prompts sorted by length."""
  order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
  return [order[start:start + batch_size]
          for start in range(0, len(order), batch_size)]


@torch.inference_mode()
def paper_way(model: Any, prompts: Sequence[Sequence[int]],
              batches: Sequence[list[int]],
              ) -> Iterator[tuple[list[int], torch.Tensor]]:
  """Whole prompts, with logits at every place."""
  for some in batches:
    ids = torch.tensor([prompts[i] for i in some], device=model.device)
    yield some, model(input_ids=ids, use_cache=False).logits[:, -1]


@torch.inference_mode()
def best_way(model: Any, prompts: Sequence[list[int]],
             batches: Sequence[list[int]],
             ) -> Iterator[tuple[list[int], torch.Tensor]]:
  """Shared prefix cached, the last place's logits only."""
  first, last = min(prompts), max(prompts)
  n_shared = next(i for i, (a, b) in enumerate(zip(first, last)) if a != b)
  prefix = model(
      input_ids=torch.tensor([first[:n_shared]], device=model.device),
      use_cache=True, logits_to_keep=1).past_key_values
  for some in batches:
    rest = [prompts[i][n_shared:] for i in some]
    ids, mask = padded(rest)
    mask = torch.cat([torch.ones(len(some), n_shared, dtype=torch.long), mask],
                     1)
    hidden = model.model(input_ids=ids.to(model.device),
                         attention_mask=mask.to(model.device),
                         past_key_values=repeated(prefix, len(some)),
                         use_cache=True
                         ).last_hidden_state
    ends = torch.tensor([len(tokens) - 1 for tokens in rest])
    yield some, model.lm_head(hidden[torch.arange(len(some)), ends])


def padded(prompts: Sequence[Sequence[int]],
           ) -> tuple[torch.Tensor, torch.Tensor]:
  """Token ids side by side, zeros behind the short ones, and their mask."""
  ids = torch.zeros(len(prompts), max(map(len, prompts)), dtype=torch.long)
  mask = torch.zeros_like(ids)
  for row, tokens in enumerate(prompts):
    ids[row, :len(tokens)] = torch.tensor(tokens)
    mask[row, :len(tokens)] = 1
  return ids, mask


def repeated(cache: Any, n_rows: int) -> transformers.DynamicCache:
  """A cache of one row, for `n_rows` that go on differently."""
  rows = transformers.DynamicCache()
  for layer, kept in enumerate(cache.layers):
    rows.update(kept.keys.expand(n_rows, -1, -1, -1),
                kept.values.expand(n_rows, -1, -1, -1), layer)
  return rows


PLANS = {'paper': paper_plan, 'best': best_plan}
WAYS = {'paper': paper_way, 'best': best_way}


def fast_measures(logits_BV: torch.Tensor) -> dict[str, np.ndarray]:
  """All rows at once, with one partial sort: what PyTorch can do."""
  logs = torch.log_softmax(logits_BV.float(), -1)
  p = logs.exp()
  h = -(p * logs).sum(-1)
  ordered = torch.sort(p, dim=-1, descending=True).values
  out = {'total_entropy': h / math.log(p.shape[-1]),
         'varentropy': (p * (-logs - h[:, None]) ** 2).sum(-1),
         'top1_logprob': torch.log(ordered[:, 0])}
  mass = torch.cumsum(ordered, -1)
  moment = torch.cumsum(torch.special.xlogy(ordered, ordered), -1)
  for k in TOP_KS:
    s, m = mass[:, k - 1], moment[:, k - 1]
    out[f'top_k_entropy_{k}'] = (torch.log(s) - m / s) / math.log(k)
  for share in NUCLEUS_MASSES:
    n = (mass < share).sum(-1) + 1
    s, m = (x.gather(1, n[:, None] - 1)[:, 0] for x in (mass, moment))
    size = torch.log(n.clamp(min=2).float())
    out[f'nucleus_size_{share}'] = n
    out[f'nucleus_entropy_{share}'] = torch.where(
        n > 1, (torch.log(s) - m / s) / size, torch.zeros_like(s))
  return {name: x.cpu().numpy() for name, x in out.items()}
