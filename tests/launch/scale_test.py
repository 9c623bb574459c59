"""What other machines would take: inputs, arithmetic, and the page."""

import dataclasses
import importlib
import pathlib
import re

import numpy as np
import pytest

_ROOT = pathlib.Path(__file__).parents[2]
_PAGE = _ROOT / 'docs' / 'scale.md'
# Billions of weights of what the hub publishes.
_BILLIONS = {
    'Mistral_0.1': 7.242, 'Mistral_0.3': 7.248, 'Llama_2_7B': 6.738,
    'Llama_2_13B': 13.016, 'Llama_3.1_8B': 8.030, 'Llama_3.2_1B': 1.236,
    'Llama_3.2_3B': 3.213, 'Gemma_2B': 2.506, 'Gemma_7B': 8.538,
    'Gemma2_2B': 2.614, 'Gemma2_9B': 9.242, 'Falcon3_1B': 1.669,
    'Falcon3_3B': 3.228, 'Falcon3_7B': 7.456, 'Falcon3_10B': 10.306}


@pytest.fixture
def scale(monkeypatch):
  monkeypatch.syspath_prepend(str(_ROOT / 'launch'))
  return importlib.import_module('scale')


@pytest.fixture
def machines(scale):
  return scale.machines(scale.scale_page.H100_PRICE, scale.scale_page.V5E_PRICE)


def test_the_page_is_what_the_script_writes(scale, machines):
  text = _PAGE.read_text(encoding='utf-8')
  assert scale.page(machines, 1e9, scale.scale_page.kept(text)) == text, (
      'run python launch/scale.py')


def test_the_page_holds_its_arithmetic(scale, machines):
  text = _PAGE.read_text(encoding='utf-8')
  rows = [line.strip('| ').split(' | ') for line in text.splitlines()
          if line.startswith(('| the paper', '| 40 models'))]
  assert len(rows) == 4
  chips = {'8 × H100': 8, 'v5e-16': 16}
  prices = {machine.name: machine.price for machine in machines}
  for _, name, items, rate, seconds, time, dollars, *_ in rows:
    n, s = int(items.replace(' ', '')), float(seconds)
    assert float(rate) == pytest.approx(n / s, rel=.005)
    assert float(dollars) == pytest.approx(
        s / 3600 * chips[name] * prices[name], rel=.005)
    assert time == f'{s / 60:.0f} min'
  # Per model: Coane twice, CamChoice, ProtoQA and MMLU; then MMLU alone.
  assert [row[2] for row in rows[::2]] == [
      f'{n:,}'.replace(',', ' ') for n in (
          30 * (2 * 421 + 504 + 8724 + 14042), 40 * 14042)]


def test_the_formula_on_the_page_has_the_numbers_of_the_code(scale, machines):
  hf, text = scale.SHAPES['Llama_3.2_1B'], _PAGE.read_text(encoding='utf-8')
  start, step, share, steps = map(float, (
      re.search(pattern, text)[1] for pattern in (
          r'starting = (\S+) \+ 5 ×', r'\+ (\S+) ms × bandwidth',
          r'\| 1B \|.*\| (\S+)% \|\n', r'batches of 64 × (\d+) steps')))
  asked = scale.PROMPTS['chat']['Coane, written']
  assert asked.max_tokens == steps
  found = scale.cost(hf, [asked], machines[0], 2e9)
  assert found.starting == pytest.approx(start + 5)
  assert found.loading == pytest.approx(2 * 1.236 / 2, rel=1e-3)
  assert found.scoring == 0
  read = scale.cost(hf, [dataclasses.replace(asked, max_tokens=0)],
                    machines[0], 2e9).scoring
  batch = scale.gpu_shapes.step_bytes(
      hf, dataclasses.replace(asked, n=64).work, 48)
  assert found.writing == pytest.approx(
      read + 7 * steps * (batch / (3.35e12 * share / 100) + 1e-3 * step),
      rel=.005)


def test_models_are_as_large_as_those_that_are_published(scale):
  assert set(scale.SHAPES) == set(_BILLIONS)
  for name, billions in _BILLIONS.items():
    assert scale.weight_bytes(scale.SHAPES[name]) / 2e9 == pytest.approx(
        billions, rel=1e-3), name
  registry = importlib.import_module('uncertainty.models.registry')
  assert set(scale.SHAPES) == {model.name for model in registry.MODELS.values()
                               if model.pair and model.kind == 'base'}
  assert (len(scale.PAPER), len(scale.FORTY)) == (30, 40)


@pytest.mark.parametrize(('size', 'name'), [
    ('1B', 'Llama_3.2_1B'), ('8B', 'Llama_3.1_8B')])
def test_what_was_measured_is_predicted(scale, machines, size, name):
  rate, ms = {'1B': (809, 3.2), '8B': (194, 12.0)}[size]
  hf = scale.SHAPES[name]
  sizes = np.array([len(p) for p in scale.gpu_shapes.work(
      hf['vocab_size'], 256).prompts])
  asked = scale.Prompts(256, sizes.mean(), sizes.std(), 100)
  one = dataclasses.replace(machines[0], n_workers=1)
  assert scale.cost(hf, [asked], one, 1e9).scoring == pytest.approx(
      256 / rate, rel=.01)
  few = np.array([len(p) for p in scale.gpu_shapes.work(
      hf['vocab_size'], 64).prompts])
  written = scale.Prompts(64, few.mean(), few.std(), 100, 128)
  read = scale.cost(hf, [dataclasses.replace(written, max_tokens=0)], one, 1e9)
  assert scale.cost(hf, [written], one, 1e9).writing == pytest.approx(
      read.scoring + 128e-3 * (ms + 20.1), rel=.01)


def test_shares_lie_between_those_that_were_measured(scale):
  low, high = scale.shares('1B'), scale.shares('8B')
  assert scale.shares_at(scale.SHAPES['Llama_2_13B']) == pytest.approx(high)
  assert scale.shares_at(scale.SHAPES['Falcon3_1B']) > low
  for a, x, b in zip(low, scale.shares_at(scale.SHAPES['Gemma2_2B']), high,
                     strict=True):
    assert a < x < b
  # Of the peaks that were measured, as docs/benchmarks.md has them.
  assert [round(high[0] * 989.4 / 805, 2), round(low[0] * 989.4 / 805, 2)] == [
      .61, .36]
  assert round(2.88 / 3.35 / high[1], 1) == 2.0


def test_chips_peaks_and_prices_count_as_they_should(scale, machines):
  gpu = machines[0]
  hf, asked = scale.SHAPES['Gemma_2B'], list(scale.PROMPTS['chat'].values())
  quarter = dataclasses.replace(
      gpu, chips=4, chip=dataclasses.replace(
          gpu.chip, flops=gpu.chip.flops / 4,
          bandwidth=gpu.chip.bandwidth / 4))
  one, four = (dataclasses.astuple(scale.cost(hf, asked, x, 1e9))
               for x in (gpu, quarter))
  assert one == pytest.approx(four)
  whole = scale.total(scale.PAPER, ['MMLU'], gpu, 1e9)
  dear = scale.total(scale.PAPER, ['MMLU'], dataclasses.replace(
      gpu, price=2 * gpu.price), 1e9)
  assert dear.dollars == pytest.approx(2 * whole.dollars)
  alone = scale.total(scale.PAPER, ['MMLU'], dataclasses.replace(
      gpu, n_workers=1), 1e9)
  assert alone.idle == pytest.approx(0)
  assert whole.seconds * (1 - whole.idle) * 8 == pytest.approx(alone.seconds)


def test_prices_of_ones_own_are_printed(scale, capsys):
  scale.main(['--out=-', '--h100=8', '--v5e=1.2', '--read=5'])
  text = capsys.readouterr().out
  assert 'Prices are those that were given.' in text
  assert 'Lambda' not in text and '÷ 5 GB/s' in text and '| 8.00 |' in text


def test_the_last_run_of_each_kind_is_shown_and_kept(scale):
  where = {'commit': 'abc', 'cores': 2, 'processor': 'EPYC', 'load': .3}
  runs = [{'time': f'2026-01-0{day}T00:00:00', 'command': command,
           'environment': where, 'rows': rows} for day, command, rows in (
               (1, [], {'loop': {'s': 9.}}), (2, [], {'loop': {'s': 10.}}),
               (3, ['--parts=x'], {'nodes': {'start': 1.234, 's': 2}}))]
  text = scale.scale_page.measured(runs)
  assert '| loop | 10 |' in text and '| loop | 9 |' not in text
  assert '| nodes | 1.23 | 2 |' in text and '`--parts=x`' in text
  page = scale.page(scale.machines(1, 1), 1e9, text)
  assert scale.scale_page.kept(page) == text
  assert 'Not measured yet' in scale.scale_page.kept('')
  with pytest.raises(ValueError, match='no run'):
    scale.scale_page.measured([])


@pytest.mark.weights
@pytest.mark.shared
@pytest.mark.parametrize('name', ['Coane', 'Coane, written'])
@pytest.mark.parametrize('style', ['completion', 'chat'])
def test_prompts_are_as_long_as_the_table_says(scale, name, style):
  found = scale.measure_prompts(name, style, str(_ROOT.parent / 'shared/data'))
  assert found == scale.PROMPTS[style][name]
