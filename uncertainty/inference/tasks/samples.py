"""The task `samples`: how far sampled answers agree, in words and meaning."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from uncertainty import models
from uncertainty.inference import answer_places
from uncertainty.inference import generate as generate_lib
from uncertainty.inference.answer_places import Written
from uncertainty.inference.answer_rows import MIDDLE_LAYER
from uncertainty.inference.generate import GenerateSpec, Generation
from uncertainty.inference.tasks import equivalence
from uncertainty.inference.tasks import free as free_response
from uncertainty.inference.tasks.task import TaskChunk
from uncertainty.inference.token_sampling import Sampling
from uncertainty.measures import (
    activation_spread,
    grading,
    registry,
    sampled,
    semantic,
)
from uncertainty.measures.sequence import Bracket
from uncertainty.results import answer_columns
from uncertainty.results import columns as cols
from uncertainty.specs import FreeSpec, StudySpec
from uncertainty.types import Item, UserError

CHUNK = 16  # items whose pairs of answers are judged together


def run(model: models.Model, items: Sequence[Item], spec: StudySpec, *,
        seed: int, done: frozenset[str] = frozenset(),
        ) -> Iterator[TaskChunk]:
  """Samples `config.free.n_samples` answers an item.

  Args:
    model: a loaded model.
    items: all items of the run; batches are planned over all of them.
    spec: the run's.
    seed: of the run.
    done: ids of items not to ask again.

  Yields:
    Up to `CHUNK` items at a time, as they finish: what `columns` says.

  Raises:
    UserError: fewer than two samples, temperature 0, an unknown correction or
      judge, or what `generate` raises.
  """
  free = spec.free
  check(free)
  if free.semantic_correction not in semantic.CORRECTIONS:
    raise UserError(
        f'config.free.semantic_correction={free.semantic_correction!r}: '
        f'choose one of {", ".join(semantic.CORRECTIONS)}')
  judge = equivalence.make(model, spec)
  by_id = {item.item_id: item for item in items}
  requests = free_response.bracket_requests(model, items, spec,
                                            free.n_samples)
  generations = generate_lib.generate(
      model, requests, GenerateSpec(
          max_tokens=free.max_tokens, batch_size=free.batch_size,
          sampling=Sampling(free.temperature, free.top_p, free.top_k),
          top_k=0, keep=(MIDDLE_LAYER,) if free.middle_layer else ()),
      seed=seed, done=done)
  for group in _by_item(generations, free.n_samples):
    yield _chunk(model, judge, [by_id[g[0].item_id] for g in group], group,
                 spec)


def check(free: FreeSpec) -> None:
  """Refuses settings under which samples could not differ.

  Args:
    free: how answers are sampled.

  Raises:
    UserError: fewer than two samples, or temperature 0.
  """
  if free.n_samples < 2 or free.temperature == 0:
    raise UserError(
        f'the task samples needs config.free.n_samples >= 2 and '
        f'config.free.temperature > 0, not {free.n_samples} and '
        f'{free.temperature}')


def _by_item(generations: Iterator[Generation], n_samples: int
             ) -> Iterator[list[list[Generation]]]:
  """`CHUNK` items at a time, each with all its samples in order."""
  pending: dict[str, list[Generation]] = {}
  ready: list[list[Generation]] = []
  for generation in generations:
    samples = pending.setdefault(generation.item_id, [])
    samples.append(generation)
    if len(samples) == n_samples:
      del pending[generation.item_id]
      ready.append(sorted(samples, key=lambda g: g.sample))
    if len(ready) == CHUNK:
      yield ready
      ready = []
  if ready:
    yield ready


def _chunk(model: models.Model, judge: equivalence.Judge,
           items: Sequence[Item], group: Sequence[Sequence[Generation]],
           spec: StudySpec,
           ) -> TaskChunk:
  found = [[free_response.answer_bracket(model, g) for g in samples]
           for samples in group]
  texts = [[bracket.answer for bracket, _ in each] for each in found]
  judged = equivalence.entailments_of_many(
      judge, [(i.question, answers) for i, answers in zip(items, texts)])
  rows = [
      columns(item, answers, samples, said, judge.name, spec.free)
      for item, answers, samples, said in zip(items, texts, group, judged)]
  if spec.free.token_relevance:
    rows = [row | more for row, more in zip(
        rows, _relevances(judge, items, found, rows), strict=True)]
  if spec.free.middle_layer:
    rows = [row | _eigen_score(item, samples, brackets)
            for row, item, samples, brackets in zip(
                rows, items, group, found, strict=True)]
  return free_response.to_chunk([i.item_id for i in items], rows)


def _eigen_score(
    item: Item, samples: Sequence[Generation],
    found: Sequence[tuple[Bracket, Sequence[str]]]) -> dict[str, float]:
  """Of the middle layer at each sample's last token within the braces."""
  ends = [answer_places.PLACES['answer_end'](
      Written(item.question, strings, bracket))[0]
          for bracket, strings in found]
  return {registry.EIGEN_SCORE: activation_spread.eigen_score(np.stack([
      sample.kept[MIDDLE_LAYER][end] for sample, end in zip(
          samples, ends, strict=True)]))}


def _relevances(
    judge: equivalence.Judge, items: Sequence[Item],
    found: Sequence[Sequence[tuple[Bracket, Sequence[str]]]],
    rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
  """Each item's relevance of tokens; 0 outside the answer's braces."""
  asked = equivalence.token_relevances(judge, [
      (item.question, [
          [s.split('}')[0] for s in strings[bracket.first:bracket.last]]
          for bracket, strings in each]) for item, each in zip(items, found)])
  for row, each, inside in zip(rows, found, asked, strict=True):
    whole = [
        [0.0] * bracket.first + list(relevances)
        + [0.0] * (len(strings) - bracket.last)
        if bracket.last > bracket.first else [0.0] * len(strings)
        for (bracket, strings), relevances in zip(each, inside, strict=True)]
    yield {cols.SAMPLE_TOKEN_RELEVANCES: whole} | sampled.relevance_measures(
        row[cols.SAMPLE_TOKEN_LOGPROBS], whole,
        np.asarray(row[cols.SAMPLE_SIMILARITIES]))


def columns(item: Item, answers: Sequence[str], samples: Sequence[Generation],
            judged: equivalence.Judged, judge: str, free: FreeSpec,
            ) -> dict[str, Any]:
  """Results columns of one item's samples.

  `sample_answers`; of their words `sample_modal_share`, `sample_entropy`,
  `sample_n_distinct`, `sample_answer` (the commonest) and its grades
  `sample_correct…`, `sample_share_correct` of all; of their meaning
  `semantic_entropy` (Rao–Blackwellised, length-normalised),
  `semantic_entropy_sequence`, `semantic_entropy_discrete` (with the correction
  asked for), `semantic_n_clusters`, `semantic_clusters`;
  `semantic_variant` says exactly what ran, `semantic_reason` how many pairs
  the judge answered neither way (taken for different), '' if none;
  `sample_entailments`, `sample_similarities` and the measures of them
  (`sampled.measures`).

  Semantic entropy is −Σ p ln p over clusters of answers that entail each
  other (Kuhn et al. 2023, arXiv 2302.09664; Farquhar et al. 2024).

  Args:
    item: what was asked.
    answers: S answers in words.
    samples: the S generations they come from.
    judged: what the judge says of them.
    judge: its name.
    free: how they were sampled.

  Returns:
    Column → entry; entropies in nats.
  """
  said = semantic.consistency([grading.normalise(a) for a in answers])
  clusters = semantic.cluster_by_entailment(judged.entails_SS)
  logprobs = [float(np.sum(g.steps['token_logprob'], dtype=np.float64))
              for g in samples]
  lengths = [len(g.tokens_T) for g in samples]
  modal = answers[said.modal_answer]
  row: dict[str, Any] = {
      cols.SAMPLE_ANSWERS: list(answers),
      cols.SAMPLE_LOGPROBS: logprobs,
      cols.SAMPLE_LENGTHS: lengths,
      registry.SAMPLE_MODAL_SHARE: said.modal_share,
      registry.SAMPLE_ENTROPY: said.entropy,
      registry.SAMPLE_N_DISTINCT: said.n_distinct,
      cols.SAMPLE_ANSWER: modal,
      registry.SEMANTIC_ENTROPY: semantic.semantic_entropy(
          clusters, logprobs, lengths),
      registry.SEMANTIC_ENTROPY_SEQUENCE: semantic.semantic_entropy(
          clusters, logprobs, weighting='sequence'),
      registry.SEMANTIC_ENTROPY_DISCRETE: semantic.semantic_entropy(
          clusters, weighting='discrete',
          correction=free.semantic_correction),
      registry.SEMANTIC_N_CLUSTERS: int(clusters.max()) + 1,
      cols.SEMANTIC_CLUSTERS: clusters.tolist(),
      cols.SEMANTIC_VARIANT: (
          f'{judge}; bidirectional; n={free.n_samples}, '
          f'temperature={free.temperature}, top_p={free.top_p}, '
          f'top_k={free.top_k}; correction={free.semantic_correction}'),
      cols.SEMANTIC_REASON: (
          f'{judged.unread} pairs judged neither way' if judged.unread
          else ''),
      cols.SAMPLE_TOKEN_LOGPROBS: [
          [float(x) for x in g.steps['token_logprob']] for g in samples],
      cols.SAMPLE_ENTAILMENTS: judged.entailment_SS.tolist(),
      cols.SAMPLE_SIMILARITIES: judged.similarity_SS.tolist(),
  }
  row |= sampled.measures(sampled.Samples(
      answers, logprobs, lengths, judged.entailment_SS, judged.similarity_SS))
  graded = [free_response.grades(item, a)[cols.FR_CORRECT] for a in answers]
  return row | free_response.grades(item, modal, answer_columns.SAMPLE) | {
      cols.SAMPLE_SHARE_CORRECT: float(np.mean(graded))}
