"""Next-token measures by hand, at their limits, and against a full sort."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty.measures import next_token, registry

SIZES = [f'nucleus_size_{p}' for p in registry.NUCLEUS_MASSES]


def _measures(logits, **kwargs):
  out = next_token.next_token_measures(
      jnp.asarray(logits, jnp.float32), **kwargs)
  return {k: np.asarray(v) for k, v in out.items()}


def _entropy(p):
  p = p[p > 0]
  return -(p * np.log(p)).sum()


def _sorted_reference(logits):
  """The definitions as method.md writes them, in float64, by sorting."""
  logits = logits.astype(np.float64)
  order = np.argsort(-logits, kind='stable')
  p = np.exp(logits - logits.max())
  p /= p.sum()
  q, sums = p[order], np.cumsum(p[order])
  h = _entropy(p)
  out = {
      'total_entropy': h / np.log(len(p)), 'top1_logprob': np.log(q[0]),
      'varentropy': (q[q > 0] * (-np.log(q[q > 0]) - h) ** 2).sum(),
      'top_logprobs': np.log(q[:100]), 'top_tokens': order[:100],
      'rest_logprob': np.log(q[100:].sum()),
  }
  for k in registry.TOP_KS:
    out[f'top_k_entropy_{k}'] = _entropy(q[:k] / q[:k].sum()) / np.log(k)
  for share in registry.NUCLEUS_MASSES:
    n = int((np.r_[0, sums[:-1]] < share).sum())
    if np.abs(sums - share).min() > 1e-6:
      out[f'nucleus_size_{share}'] = n
      nucleus = q[:n] / q[:n].sum()
      out[f'nucleus_entropy_{share}'] = (
          _entropy(nucleus) / np.log(n) if n > 1 else 0.0)
  return out


def test_hand_computed_values():
  # p = ½, ¼, ⅛, ⅛: H = 1.75 ln 2; −ln p in units of ln 2: 1, 2, 3, 3.
  p = np.array([0.125, 0.5, 0.125, 0.25])
  out = _measures(np.log(p)[None])
  ln2 = np.log(2)
  np.testing.assert_allclose(out['total_entropy'], 1.75 / 2, atol=1e-6)
  variance = (0.5 * 0.75**2 + 0.25 * 0.25**2 + 0.25 * 1.25**2) * ln2**2
  np.testing.assert_allclose(out['varentropy'], variance, rtol=1e-5)
  np.testing.assert_allclose(out['top1_logprob'], -ln2, atol=1e-6)
  assert [out[s].item() for s in SIZES] == [4, 4, 2, 1]
  np.testing.assert_allclose(
      out['nucleus_entropy_0.75'], _entropy(np.array([2 / 3, 1 / 3])) / ln2,
      atol=1e-6)
  assert out['nucleus_entropy_0.5'].item() == 0
  assert out['top_tokens'].tolist() == [[1, 3, 0, 2]]
  assert out['rest_logprob'].item() == -np.inf
  np.testing.assert_allclose(out['top_k_entropy_100'], 1.75 / 2, atol=1e-6)


@pytest.mark.parametrize('vocabulary', [1, 7, 40000])
def test_uniform_is_most_uncertain_and_one_hot_least(vocabulary):
  uniform = _measures(np.zeros((1, vocabulary)))
  for name in ('total_entropy', *(k for k in uniform if 'k_entropy' in k)):
    expected = 0 if vocabulary == 1 else 1
    np.testing.assert_allclose(uniform[name], expected, atol=2e-6)
  assert uniform['varentropy'].item() == pytest.approx(0, abs=1e-6)
  for share in registry.NUCLEUS_MASSES:
    size = uniform[f'nucleus_size_{share}'].item()
    # Rounding may take one token more where share · V is whole.
    assert size - np.ceil(share * vocabulary - 1e-9) in (0, 1)
  one_hot = np.full((1, vocabulary), -200.0)
  one_hot[0, vocabulary // 2] = 0
  out = _measures(one_hot)
  assert out['top_tokens'][0, 0] == vocabulary // 2
  for name, value in out.items():
    if 'size' in name:
      assert value.item() == 1
    elif 'entropy' in name or name == 'top1_logprob':
      assert value.item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize('vocabulary', [300, 30011])
def test_equals_a_full_sort(vocabulary):
  rng = np.random.default_rng(0)
  scales = (0.1, 1.0, 2.0, 3.0, 6.0)
  rows = [rng.normal(size=vocabulary) * s for s in scales]
  rows.append(np.round(rng.normal(size=vocabulary) * 2) + 0.0)  # ties
  rows.append(-1.1 * np.log(np.arange(1, vocabulary + 1)))
  logits = np.stack(rows).astype(np.float32)
  out = _measures(logits)
  for i, row in enumerate(logits):
    for name, value in _sorted_reference(row).items():
      if 'size' in name:
        assert out[name][i] == value, (name, i)
      elif name == 'top_tokens':
        # Rounding −0 aside, ties go to the lower token as in a stable sort.
        np.testing.assert_array_equal(out[name][i], value)
      else:
        np.testing.assert_allclose(out[name][i], value, atol=2e-5)


def test_one_wide_plateau_at_the_edge():
  """1 000 equal tokens straddle every edge; sizes must split the plateau."""
  logits = np.full(5000, -30.0, np.float32)
  logits[:1000] = 0
  out = _measures(logits[None])
  for share in registry.NUCLEUS_MASSES:
    assert abs(out[f'nucleus_size_{share}'].item() - share * 1000) <= 1
    np.testing.assert_allclose(
        out[f'nucleus_entropy_{share}'], 1, atol=1e-5)


def test_permuting_tokens_changes_nothing_but_their_names():
  rng = np.random.default_rng(1)
  logits = (rng.normal(size=(4, 3000)) * 2).astype(np.float32)
  order = rng.permutation(3000)
  a, b = _measures(logits), _measures(logits[:, order])
  for name in a:
    if name == 'top_tokens':
      np.testing.assert_array_equal(a[name], order[b[name]])
    elif 'size' not in name:
      np.testing.assert_allclose(a[name], b[name], atol=1e-5)


def test_shift_of_logits_rows_and_leading_dimensions():
  rng = np.random.default_rng(2)
  # Sixteenths survive the shift without rounding; no two are made equal.
  logits = np.arange(500)[rng.random((2, 3, 500)).argsort(-1)] / 16
  whole = _measures(logits)
  for i, j in itertools.product(range(2), range(3)):
    alone = _measures(logits[i, j] + 64)
    for name in whole:
      np.testing.assert_allclose(whole[name][i, j], alone[name], atol=2e-5)


def test_non_finite_rows_are_flagged_and_end():
  logits = np.random.default_rng(3).normal(size=(4, 3000))
  logits[1, 5], logits[2, 7], logits[3, 9] = np.nan, np.inf, -np.inf
  out = _measures(logits)
  assert out['finite'].tolist() == [True, False, False, False]


@pytest.mark.parametrize('spread', [0.5, 2, 3])
def test_all_rows_at_once_is_the_same_as_one_by_one(monkeypatch, spread):
  """The form for accelerators (vmap) against the one for CPUs (map)."""
  logits = jnp.asarray(
      np.random.default_rng(4).normal(size=(4, 3000)) * spread, jnp.float32)
  by_row = next_token.next_token_measures(logits)
  monkeypatch.setattr(jax.lax, 'platform_dependent',
                      lambda x, cpu, default: default(x))
  at_once = jax.jit(next_token.next_token_measures.__wrapped__)(logits)
  for name, value in by_row.items():
    np.testing.assert_allclose(value, at_once[name], atol=2e-6)


def test_a_search_ends_soon_where_sums_are_rounded():
  """It once took 1036 steps here: a host looks at each on an accelerator."""
  steps = []
  whole = jax.lax.while_loop

  def counted(condition, body, start):
    n, end = whole(lambda s: condition(s[1]),
                   lambda s: (s[0] + 1, body(s[1])), (jnp.int32(0), start))
    jax.debug.callback(lambda n: steps.append(int(n)), n)
    return end

  logits = 3 * jax.random.normal(jax.random.key(1), (24, 128256))
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(jax.lax, 'while_loop', counted)
    jax.block_until_ready(jax.jit(
        next_token.next_token_measures.__wrapped__)(logits))
    jax.effects_barrier()
  assert steps and max(steps) < 60


def test_fewer_kept_tokens_leave_the_measures_alone():
  logits = np.random.default_rng(5).normal(size=(4, 3000))
  few, many = _measures(logits, top_k=10), _measures(logits)
  assert few['top_logprobs'].shape == (4, 10)
  np.testing.assert_allclose(
      few['top_k_entropy_100'], many['top_k_entropy_100'])
  rest = np.log(1 - np.exp(few['top_logprobs'].astype(float)).sum(1))
  np.testing.assert_allclose(few['rest_logprob'], rest, atol=1e-5)
