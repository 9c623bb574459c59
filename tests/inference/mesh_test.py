"""The same scores on one device and on meshes of eight, of long prompts too."""

import os
import pathlib
import subprocess
import sys

_SCRIPT = """
import dataclasses, importlib.util, sys
import jax, numpy as np
spec = importlib.util.spec_from_file_location('tiny_model', sys.argv[1])
tiny = importlib.util.module_from_spec(spec)
sys.modules['tiny_model'] = tiny
spec.loader.exec_module(tiny)
from uncertainty.inference.score import Ask, score
from uncertainty.models import sharding
from uncertainty.specs import ScoreSpec

model = tiny.make(scale=6.0)
model = dataclasses.replace(model, config=dataclasses.replace(
    model.config, context_length=8192))
rng = np.random.default_rng(0)
asks = [Ask(str(i), (*range(5, 25), *rng.integers(5, 60, 4 + i).tolist()),
            (30, 31), ((30, 4, 5), (31,)) if i % 2 else ())
        for i in range(13)]
long = Ask('long', tuple(rng.integers(5, 60, 8192).tolist()), (30, 31), ())

def run(model, asks=asks):
  out = {}
  for s in score(model, asks, ScoreSpec(batch_tokens=512, top_k=10)):
    for j, i in enumerate(s.asks_N.tolist()):
      out[i] = [*s.target_logprobs_NA[j], s.measures['total_entropy'][j],
                s.branch_logprobs.get((i, 0), 0.0)]
  return np.array([out[i] for i in range(len(asks))])

plain, plain_long = run(model), run(model, [long])
def spread(data, width):
  mesh = sharding.make_mesh(
      data, width, devices=jax.devices()[:data * width])
  return dataclasses.replace(
      model, params=jax.tree_util.tree_map_with_path(
          lambda keys, x: jax.device_put(x, sharding.of_parameter(
              mesh, '/'.join(key.key for key in keys), x.shape)),
          model.params))

for data, width in ((8, 1), (4, 2)):
  np.testing.assert_allclose(run(spread(data, width)), plain, atol=1e-5)
np.testing.assert_allclose(run(spread(1, 2), [long]), plain_long, atol=1e-5)
print('same')
"""


def test_eight_devices_score_like_one():
  root = pathlib.Path(__file__).resolve().parents[2]
  env = os.environ | {
      'JAX_NUM_CPU_DEVICES': '8',
      'JAX_PLATFORMS': 'cpu', 'PYTHONPATH': str(root)}
  out = subprocess.run(
      [sys.executable, '-c', _SCRIPT,
       str(pathlib.Path(__file__).parent / 'tiny_model.py')],
      env=env, capture_output=True, text=True, check=False)
  assert out.returncode == 0 and 'same' in out.stdout, out.stderr[-2000:]
