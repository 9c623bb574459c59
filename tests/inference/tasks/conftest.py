"""A tiny model, and what it says of the choice items."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest


@pytest.fixture(scope='session')
def choosing(tiny):
  """A model whose choices differ, with a long context."""
  made = tiny.make(scale=6.0)
  config = dataclasses.replace(made.config, context_length=1024)
  return dataclasses.replace(
      made, module=made.module.clone(config=config), config=config)


@pytest.fixture(scope='session')
def logprobs_of(choosing):
  """Plain next-token log-probabilities of `choosing`, [T, V] float64."""
  @jax.jit
  def apply(tokens):
    return choosing.module.apply({'params': choosing.params}, tokens)[0]

  def logprobs(tokens):
    padded = np.zeros((1, 512), np.int32)
    padded[0, :len(tokens)] = tokens
    logits = np.asarray(apply(jnp.asarray(padded)), np.float64)[:len(tokens)]
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)

  return logprobs


@pytest.fixture(scope='session')
def lettered(choosing, choices):
  """Rows of the task `letters`."""
  return choices.rows(choosing, 'letters', choices.spec())


@pytest.fixture(scope='session')
def worded(choosing, choices):
  """Rows of the task `text`."""
  return choices.rows(choosing, 'text', choices.spec(text_score='pmi'))
