"""How docs/scale.md is written: numbers come from launch/scale.py."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

H100_PRICE, V5E_PRICE = 3.99, 1.20  # dollars a chip-hour
_CPU_FLOPS = 29.07 * 4.1e12 / 421  # docs/benchmarks.md, section Scoring
_BEGIN, _END = '<!-- measured -->', '<!-- end of measured -->'
_NOTHING = '''Not measured yet: `python launch/bench.py sweep` on a quiet
machine, then `python launch/scale.py --measured`.'''

_ROWS = '''`launch/bench_sweep.py` says at its head what each row is. The aims:
Ray with one worker takes at most 1.1 × the loop; two workers are at least 1.6
times as fast as one on a study bound by loading. Loading from a bucket was not
measured.'''

_HEAD = '''# What other machines would take

Written by `python launch/scale.py`; do not edit. Of these machines one H100 was
at hand, for minutes; eight of them and a TPU were not. What is said of them is
arithmetic: a speed that was measured, a peak that the maker publishes, and
lengths of prompts. `python launch/scale.py --out=- --h100=PRICE --v5e=PRICE
--read=GB_A_SECOND` prints the page with prices and storage of your own.
'''

_FORMULA = '''## The formula

A model is a task of one worker; tasks go to the worker that is free, the
costliest first; the machine is paid for until the last one ends.

```text
seconds of a model = starting + loading + scoring + writing
starting = 2.2 + 5 × (data sets and ways of asking)
loading  = bytes of the weights in bfloat16 ÷ {read:g} GB/s
scoring  = operations ÷ (chips × peak × share of the peak)
writing  = reading the prompts, as above
           + batches of 64 × 48 steps × seconds of a step
seconds of a step = bytes read ÷ (chips × bandwidth × share of the bandwidth)
           + 20.1 ms × bandwidth of an H100 ÷ (chips × bandwidth)
dollars  = seconds until the last model ends ÷ 3600 × all chips × price
```

Operations and bytes are those of `launch/gpu_shapes.py`, by which the GPU
benchmark is judged: what prompts share is read once, two operations a
multiplication, attention by pairs of tokens, the vocabulary at each prompt's
last place.

What is assumed:

- **Shares.** As below at 1B and 8B, between them by the logarithm of the
  weights, and beyond them as at the nearer end. They are of 256 prompts of 150
  to 400 random tokens in rows of 512 (2 % padding); with the default
  `score.row_tokens` of 256 padding took 21 %.
- **TPU.** The same shares of its peaks. Nothing was measured on one: this
  engine's kernels for NVIDIA's GPUs are not there, and XLA is at home. Four
  chips share a model's prompts and, where weights do not fit, its weights;
  what they then tell each other is taken to be free.
- **Starting.** Imports and plan as on two cores of an AMD EPYC; a data set and
  way of asking compiles once, as an H100's first batch did. With compiled
  programs in a cache it is less. Making the machine, and the environment on
  it, is not counted.
- **Loading.** {read:g} GB/s for each worker, all at once: an assumption. The
  {forty:.0f} GB of 40 models are downloaded before.
- **Writing.** Every batch takes all 48 steps, since it waits for its longest
  answer. What every measure adds to a step was measured at 1B on an H100,
  before the search for nuclei got shorter; on other chips it goes by
  bandwidth.
- **Prompts.** SmolLM2's tokenizer for all models (Gemma 3's counts 3 to 4 %
  fewer), in the paper's profile: base models complete, instruct models chat.
- **CamChoice.** Its licence forbids copies: 504 items (those whose shares are
  published) of 1 000 tokens are assumed.
- **Forty models.** The paper's 30, and ten of the shape of Llama 3.1 8B
  Instruct.
- **Host.** Tokenising and writing tables keep up with the device; the benchmark
  did not do them.
- Probes, analysis and report are not in it; the last two take 2 to 3 min on
  two cores for the paper's study ([benchmarks](benchmarks.md)).
'''

_CPU = '''The {flops:.1f} · 10¹⁷ operations of 40 models × MMLU would
take {days:.0f} days at the {rate:.0f} GFLOP/s that two cores of an AMD EPYC
reach with SmolLM2 (bfloat16 operands, [benchmarks](benchmarks.md)).
'''
_ONE_H100 = '''On one H100 ([benchmarks](benchmarks.md), section GPU,
2026-11-27):
'''
_MEASURED_PEAKS = '''Shares there are of peaks that were measured (805 TFLOP/s,
2.88 TB/s), and so larger.
'''
_PRICES = '''Prices without commitment. H100: Lambda, 8 × H100 SXM
(lambda.ai/instances, as transcribed on 2026-09-20); others ask 2.69 to 12.29.
v5e: what Google listed when it became available (2023-11,
cloud.google.com/tpu/pricing), not looked up since: that page could not be read
from here. Give your own.
'''


def text(machines: Sequence[Any], read: float,
         shares: Mapping[str, tuple[float, float]],
         speeds: Mapping[str, tuple[float, float]],
         prompts: Mapping[str, Mapping[str, Any]],
         totals: Mapping[tuple[str, str], Any],
         single: Mapping[tuple[str, str], Any], mmlu_flops: float,
         gigabytes: float, kept: str) -> str:
  """The page.

  Args:
    machines: `scale.Machine`s.
    read: bytes a second at which weights are read.
    shares: size → what it made of an H100's peaks.
    speeds: size → items/s and ms a token, as measured.
    prompts: `scale.PROMPTS`.
    totals: (study, machine) → `scale.Total`.
    single: (model, machine) → `scale.Cost` of MMLU in chat.
    mmlu_flops: operations of MMLU by 40 models.
    gigabytes: weights of 40 models.
    kept: what stands under the last heading.

  Returns:
    Markdown.
  """
  n_mmlu = prompts['chat']['MMLU'].n
  parts = [
      _HEAD,
      _table(('study', 'machine', 'items asked', 'items/s', 'seconds', 'time',
              'dollars', 'starting, loading', 'waiting for the last'), (
          (study, name, f'{x.items:,}'.replace(',', ' '),
           f'{x.items / x.seconds:.0f}', f'{x.seconds:.0f}', _time(x.seconds),
           f'{x.dollars:.2f}',
           f'{x.overhead:.0%}', f'{x.idle:.0%}')
          for (study, name), x in totals.items())),
      'One model × MMLU as a chat, on one worker:\n',
      _table(('model', 'machine', 'chips', 'starting, loading', 'scoring',
              'items/s while scoring'), (
          (model, name, str(next(
              m.chips for m in machines if m.name == name)),
           f'{x.starting + x.loading:.0f} s', f'{x.scoring:.0f} s',
           f'{n_mmlu / x.scoring:.0f}')
          for (model, name), x in single.items())),
      _CPU.format(flops=mmlu_flops / 1e17, rate=_CPU_FLOPS / 1e9,
                  days=mmlu_flops / _CPU_FLOPS / 86400),
      _FORMULA.format(read=read / 1e9, forty=gigabytes),
      '## What goes into it\n',
      _table(('chip', 'bfloat16, dense', 'bandwidth', 'memory', 'source',
              'dollars a chip-hour'), (
          (m.name.replace('8 × ', '').replace('-16', ''),
           f'{m.chip.flops / 1e12:g} TFLOP/s',
           f'{m.chip.bandwidth / 1e12:.3g} TB/s', f'{m.chip.memory / 1e9:g} GB',
           m.chip.source, f'{m.price:.2f}') for m in machines)),
      _prices(machines),
      _ONE_H100,
      _table(('size', 'scoring, items/s', 'of the published peak',
              'a token of 64 answers', 'of the published bandwidth'), (
          (size, f'{speeds[size][0]:g}', f'{products:.1%}',
           f'{speeds[size][1]:g} ms', f'{bandwidth:.1%}')
          for size, (products, bandwidth) in shares.items())),
      _MEASURED_PEAKS,
      _table(('prompts', 'style', 'how many', 'tokens, mean', 'sd',
              'shared by all'), (
          (name, style, str(x.n), f'{x.mean:g}', f'{x.sd:g}', str(x.n_shared))
          for style, named in prompts.items() for name, x in named.items())),
      f'## What Ray and a cluster add\n\n{_BEGIN}\n{kept}\n{_END}']
  return '\n'.join(parts) + '\n'


def _prices(machines: Sequence[Any]) -> str:
  if [m.price for m in machines] != [H100_PRICE, V5E_PRICE]:
    return 'Prices are those that were given.\n'
  return _PRICES


def _table(head: Sequence[str], rows: Any) -> str:
  lines = [head, ['---' for _ in head], *rows]
  return '\n'.join('| ' + ' | '.join(row) + ' |' for row in lines) + '\n'


def _time(seconds: float) -> str:
  minutes = round(seconds / 60)
  return f'{minutes} min' if minutes < 60 else (
      f'{minutes // 60} h {minutes % 60:02} min')


def kept(page: str) -> str:
  """What a page says was measured.

  Args:
    page: as written before; '' if there is none.

  Returns:
    The part between the marks.
  """
  found = re.search(f'{_BEGIN}\n(.*?)\n{_END}', page, re.DOTALL)
  return found.group(1) if found else _NOTHING


def measured(runs: Sequence[Mapping[str, Any]]) -> str:
  """The last numbers of each kind in a log of benchmarks.

  Args:
    runs: of `sweep`, in their order.

  Returns:
    A table of each run, and what it is true of.

  Raises:
    ValueError: there is no run.
  """
  if not runs:
    raise ValueError('no run of launch/bench.py sweep in the log')
  last = {next(iter(run['rows'])): run for run in runs}
  parts = [_ROWS]
  for run in last.values():
    where = run['environment']
    numbers = list(dict.fromkeys(
        name for row in run['rows'].values() for name in row))
    command = ' '.join(run['command'])
    parts.append(
        f'{run["time"][:10]}, code {where["commit"]}, {where["cores"]} cores '
        f'of {where["processor"]},\nload {where["load"]:g} at the end'
        + (f': `{command}`' if command else '') + '\n\n'
        + _table(('', *numbers), (
            (name, *(f'{row[n]:.3g}' if n in row else '' for n in numbers))
            for name, row in run['rows'].items())).rstrip())
  return '\n\n'.join(parts)
