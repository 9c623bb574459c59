"""Every program of the engine can be lowered for GPUs and TPUs, from a CPU.

The programs are found, not listed: each jitted function of the rooms below is
watched while the ways of asking run on the path that an accelerator takes.
"""

import dataclasses
import functools
import importlib
import pkgutil

import jax
import jax.export
import jax.numpy as jnp
import pytest

from uncertainty import inference
from uncertainty.specs import ProbeSpec
from uncertainty.types import Item

_JITTED = type(jax.jit(lambda: 0))
# Programs of a judge of meanings, which no way of asking needs.
_JUDGES = {'uncertainty.models.text_encoder._embed',
           'uncertainty.models.text_encoder._classify'}
_ITEMS = [
    Item('a', 'Which is red?', ('sky', 'blood'), answer=1,
         answer_text='blood', extra={'response': 'blood'}),
    Item('b', 'Is it?', ('no', 'yes'), answer=0, answer_text='no',
         extra={'response': 'no'})]


def _modules():
  for room in ('inference', 'models', 'measures'):
    package = importlib.import_module(f'uncertainty.{room}')
    yield package
    for found in pkgutil.walk_packages(package.__path__,
                                       f'{package.__name__}.'):
      yield importlib.import_module(found.name)


def _leaves_are_traced(*trees):
  return any(isinstance(x, jax.core.Tracer) for x in jax.tree.leaves(trees))


def _shapes(tree):
  """Arrays as their shapes: what was donated is gone after the call."""
  return jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype) if
                      hasattr(x, 'shape') else x, tree)


@pytest.fixture
def called(monkeypatch):
  """Full name → (jitted function, arguments), None where another calls it."""
  found = {}

  def watch(name, function):
    found[name] = None

    @functools.wraps(function)
    def call(*args, **kwargs):
      if not _leaves_are_traced(args, kwargs):
        found[name] = (function, _shapes(args), _shapes(kwargs))
      else:
        traced.add(name)
      return function(*args, **kwargs)
    return call

  traced, watched = set(), {}
  for module in _modules():
    for name, value in list(vars(module).items()):
      if isinstance(value, _JITTED):
        full = f'{value.__module__}.{name}'
        if full not in watched:
          watched[full] = watch(full, value)
        monkeypatch.setattr(module, name, watched[full])
  monkeypatch.setattr(jax, 'default_backend', lambda: 'gpu')
  return found, traced


def test_every_program_lowers_for_gpus_and_tpus(called, asked, tiny):
  found, traced = called
  model = tiny.make(seed=1)
  model = dataclasses.replace(
      model, module=dataclasses.replace(model.module, dtype=jnp.bfloat16),
      params=jax.tree.map(lambda x: x.astype(jnp.bfloat16), model.params))
  for task, sites in (('letters', 'residual'), ('free', ''), ('p_true', ''),
                      ('samples', ''), ('response', '')):
    spec = dataclasses.replace(asked.SPEC, probe=ProbeSpec(sites=sites))
    spec = dataclasses.replace(spec, prompt=dataclasses.replace(
        spec.prompt, answer=task, style='completion', few_shot=False))
    list(inference.TASKS[task](model, _ITEMS, spec, seed=0))
  programs = {name: call for name, call in found.items() if call}
  # One that nothing called is one that this test does not see.
  assert set(found) - set(programs) - traced == _JUDGES
  assert {'uncertainty.inference.score._forward',
          'uncertainty.inference.answer_rows.run'} <= set(programs)
  for name, (function, args, kwargs) in programs.items():
    exported = jax.export.export(function, platforms=('cuda', 'tpu'))(
        *args, **kwargs)
    assert exported.platforms == ('cuda', 'tpu'), name
