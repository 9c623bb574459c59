"""What `bench_gpu.py` measures of PyTorch: transformers on the same shapes."""

import pathlib
import time
from collections.abc import Callable
from typing import Any

import gpu_shapes  # beside this file
import numpy as np
import torch
import torch_reference  # beside this file
import transformers

Note = Callable[..., None]


def device() -> str:
  """Where it runs."""
  return 'cuda' if torch.cuda.is_available() else 'cpu'


def random_model(hf: dict[str, Any]) -> Any:
  """transformers' model of random bfloat16 weights, made on the device."""
  with torch.device(device()):
    return transformers.AutoModelForCausalLM.from_config(
        transformers.LlamaConfig(**hf), dtype=torch.bfloat16).eval()


def _peak_gib() -> float:
  if device() == 'cpu':
    return 0.0
  return torch.cuda.max_memory_allocated() / 2**30


def _timed(run: Callable[[], Any]) -> float:
  if device() == 'cuda':
    torch.cuda.synchronize()
  start = time.perf_counter()
  run()
  if device() == 'cuda':
    torch.cuda.synchronize()
  return time.perf_counter() - start


def scoring(size: str, args: Any, note: Note, model: Any) -> None:
  """Items scored a second, the paper's way and at PyTorch's best."""
  hf = gpu_shapes.SHAPES[size]
  prompts = gpu_shapes.work(hf['vocab_size'], args.prompts).prompts
  letters = gpu_shapes.LETTERS
  sizes = map(int, args.torch_batches.split(','))
  for way, n in (('paper', 32), *(('best', n) for n in sizes)):
    batches = torch_reference.PLANS[way](prompts, n)
    run = torch_reference.WAYS[way]

    def measured(batches=batches, run=run, way=way):
      for _, logits in run(model, prompts, batches):
        if way == 'paper':
          [torch_reference.measures(x) for x in logits]
          [torch_reference.choices(x, letters) for x in logits]
        else:
          torch_reference.fast_measures(logits)
          logs = torch.log_softmax(logits.float(), -1)
          torch.stack([logs[:, list(ids)].logsumexp(1)
                       for ids in letters], 1).cpu()

    if device() == 'cuda':
      torch.cuda.reset_peak_memory_stats()
    measured(batches=batches[:2])
    rounds = args.rounds if way == 'best' else 1
    name = f'{way}{n}' if way == 'best' else way
    note(f'scoring-{size}-torch-{name}', items=len(prompts),
         seconds=min(_timed(measured) for _ in range(rounds)),
         peak=_peak_gib())


@torch.inference_mode()
def generation(size: str, args: Any, note: Note, model: Any) -> None:
  """Milliseconds a token of transformers' `generate`, in one padded batch."""
  hf = gpu_shapes.SHAPES[size]
  prompts = gpu_shapes.work(hf['vocab_size'], args.batch_size).prompts
  width = max(map(len, prompts))
  ids = torch.zeros(len(prompts), width, dtype=torch.long)
  mask = torch.zeros_like(ids)
  for row, tokens in enumerate(prompts):
    ids[row, width - len(tokens):] = torch.tensor(tokens)
    mask[row, width - len(tokens):] = 1
  ids, mask = ids.to(model.device), mask.to(model.device)

  def run(n: int) -> None:
    model.generate(ids, attention_mask=mask, max_new_tokens=n,
                   min_new_tokens=n, do_sample=False, pad_token_id=0)

  if device() == 'cuda':
    torch.cuda.reset_peak_memory_stats()
  run(2)
  reading = _timed(lambda: run(1))
  seconds = _timed(lambda: run(args.max_tokens))
  note(f'generation-{size}-torch-bare', seconds=seconds, peak=_peak_gib(),
       ms=1e3 * (seconds - reading) / (args.max_tokens - 1))


def checkpoint(hf: dict[str, Any], folder: pathlib.Path) -> None:
  """A random model on disk, with a tokenizer of bytes."""
  from tiny_checkpoint import byte_tokenizer
  torch.manual_seed(0)
  model = random_model(hf)
  # Such a model would find all letters about equally probable.
  torch.nn.init.normal_(model.lm_head.weight, std=0.1)
  model.save_pretrained(folder)
  byte_tokenizer().save_pretrained(folder)


@torch.inference_mode()
def choices(folder: pathlib.Path, dtype: str,
            prompts: list[list[int]]) -> np.ndarray:
  """ln p of the letters after each prompt, one prompt at a time."""
  model = transformers.AutoModelForCausalLM.from_pretrained(
      folder, dtype=getattr(torch, dtype)).eval().to(device())
  return np.array([torch_reference.choices(
      model(input_ids=torch.tensor([p], device=device())).logits[0, -1],
      gpu_shapes.LETTERS) for p in prompts])
