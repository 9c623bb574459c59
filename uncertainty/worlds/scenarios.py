"""The simulated studies in which each claim must hold its error rate.

A null puts a claim's estimand exactly where neither verdict is true; an
effect moves it. Nulls keep what breaks naive tests: families, few raters,
ties, clusters, copies, uncertainty that all models share.
"""

import dataclasses
import functools

import numpy as np

from uncertainty.analysis.claims import doubt as doubt_claims
from uncertainty.analysis.claims import steered, tuned
from uncertainty.results import columns, derived
from uncertainty.worlds import (
  co_occurrence,
  generator,
  planted,
  statements,
  truth,
)
from uncertainty.worlds.cells import Cells, Spread
from uncertainty.worlds.generator import Effects, World
from uncertainty.worlds.planted import Planted
from uncertainty.worlds.statements import Statements
from uncertainty.worlds.steering import ALONG, Steered

_CLUSTERS = {'cluster_size': 8, 'cluster_share': 0.3}
_UNLIKE = {'n_items': 402, 'large_clusters': (60, 40, 30), 'cluster_size': 8,
           'cluster_share': 0.3}
_COPIES = {'n_items': 1200, 'cluster_size': 4, 'cluster_share': 1.0}
_ALIGNED = Effects(0.3, 0.1, 0.05, 0.0, 0.1)
_TWELVE = (2,) * 12
# Models alike, so that new items of the same world are of the same models.
_PROBED = World(families=(1,) * 3, alignment=Effects(0.3),
                boldness=Effects(0.3), planted=Planted())
_STEERED = World(families=(1,) * 3, n_items=120, steered=Steered())
_READING = World(families=(1,) * 3, statements=Statements())
_UNEQUAL = (6, 8, 12, 30, 8, 16, 20, 10)  # statements of each topic
_NEW_ITEMS, _NEW_TOPICS = 12_000, 400
_ELSEWHERE_ITEMS = 300
# Probes of doubt whose targets are simulated, and what tables say of them.
DOUBTS, DOUBT_SITE, ELSEWHERE = ('sep', 'p_ik'), 'residual', 'elsewhere'
# Calibration errors whose mean square does not change though families do:
# (g + t)² + s² = g².
_GAP_SLOPES = Effects(0.12, 0.01, 0.02, np.sqrt(.12 ** 2 - .03 ** 2) - .12, .03)
# Three base models, alike; what is tuned from them is much like them.
_OWN = World(families=(1,) * 3, seeds=3, alignment=Effects(0.3),
             boldness=Effects(0.3), gap=Effects(0.1), shared=0.6,
             shared_right=0.6)
_BY_SEED = dataclasses.replace(
    _OWN, alignment=Effects(0.3, tuning_seed=0.06),
    boldness=Effects(0.3, tuning_seed=0.1),
    # As `_GAP_SLOPES`.
    gap=Effects(0.1, tuning=np.sqrt(.1 ** 2 - .03 ** 2) - .1, tuning_seed=.03))

WORLDS: dict[str, World] = {
    'no alignment': World(),
    'no alignment, 5 raters, 1 decimal': World(n_raters=5, decimals=1),
    'no alignment, raters unknown': World(counts_published=False),
    'no alignment, clusters of 8': World(**_CLUSTERS),
    'no alignment, clusters of 8 to 60': World(**_UNLIKE),
    'no alignment, questions copied × 4': World(**_COPIES),
    'no alignment, half of the items tied': World(tied=0.5),
    'alignment 0.15': World(alignment=Effects(0.15, 0.05)),
    'alignment 0.3, 10 raters': World(
        alignment=Effects(0.3, 0.05), n_raters=10),
    'alignment 0.5, clusters of 8': World(
        alignment=Effects(0.5, 0.05), **_CLUSTERS),
    'error at the threshold': World(gap=Effects(0.1)),
    'error at the threshold, clusters of 8': World(
        gap=Effects(0.1), **_CLUSTERS),
    'error at the threshold, in a fifth of items': World(
        gap=Effects(0.1), gap_share=0.2),
    'error at the threshold, in a fifth of items, clusters of 8': World(
        gap=Effects(0.1), gap_share=0.2, **_CLUSTERS),
    'error 0': World(),
    'error 0.03, clusters of 8': World(gap=Effects(0.03), **_CLUSTERS),
    'error 0.06': World(gap=Effects(0.06)),
    'error 0.2': World(gap=Effects(0.2)),
    'error that tuning leaves at 0': World(),
    'error that tuning leaves at 0.12': World(gap=Effects(0.12)),
    'error that tuning leaves at 0.12, clusters of 8': World(
        gap=Effects(0.12), **_CLUSTERS),
    'error that tuning leaves at 0.12, clusters of 8 to 60': World(
        gap=Effects(0.12), n_items=802, large_clusters=(60, 40, 30),
        cluster_size=8, cluster_share=0.3),
    'error raised by tuning, 0.05 to 0.1': World(
        gap=Effects(0.05, tuning=0.05)),
    'error raised by tuning, 0.05 to 0.15': World(
        gap=Effects(0.05, tuning=0.1)),
    'error raised by tuning, 0.05 to 0.2': World(
        gap=Effects(0.05, tuning=0.15)),
    'confidence says nothing': World(informative=0.0),
    'confidence says nothing, clusters of 8': World(
        informative=0.0, **_CLUSTERS),
    'confidence says nothing, clusters of 8 to 60': World(
        informative=0.0, **_UNLIKE),
    'confidence says nothing, nine items in ten tied': World(
        informative=0.0, tied=0.9),
    'confidence says a quarter': World(informative=0.25),
    'confidence says half, clusters of 8': World(
        informative=0.5, **_CLUSTERS),
    'confidence says all': World(),
    'tuning changes nothing, 6 families': World(alignment=_ALIGNED),
    'tuning changes nothing, 6 families, clusters of 8': World(
        alignment=_ALIGNED, **_CLUSTERS),
    'tuning varies by family, 12 families': World(
        families=_TWELVE, alignment=_ALIGNED,
        boldness=Effects(0.3, 0.2, 0.1, 0.0, 0.2), gap=_GAP_SLOPES),
    'tuning varies, tuned models alike, 12 families': World(
        families=_TWELVE, alignment=dataclasses.replace(
            _ALIGNED, tuning_family=0.05),
        boldness=Effects(0.3, 0.2, 0.1), gap=Effects(0.1, 0.01, 0.02),
        shared=0.6, shared_tuned=0.8, shared_right=0.6),
    **{f'tuning raises all, {name}, {n} families': World(
        families=families, alignment=dataclasses.replace(_ALIGNED, tuning=a),
        boldness=Effects(0.3, 0.2, 0.1, b, 0.2),
        gap=Effects(0.08, 0.01, 0.02, g, 0.01))
       for name, n, families, a, b, g in (
           ('a little', 6, generator.PUBLISHED_FAMILIES, 0.1, 0.4, 0.03),
           ('some', 12, _TWELVE, 0.15, 0.8, 0.05),
           ('much', 12, _TWELVE, 0.25, 1.2, 0.08))},
    'own tunings change nothing': _OWN,
    'own tunings change nothing, 1 seed, clusters of 8': dataclasses.replace(
        _OWN, seeds=1, **_CLUSTERS),
    'own tunings differ by seed': _BY_SEED,
    'own tunings differ by seed, and err alike': dataclasses.replace(
        _BY_SEED, shared_tuned=0.8),
    **{f'own tunings raise all, {name}': dataclasses.replace(
        _OWN, seeds=seeds, alignment=Effects(0.2, tuning=a, tuning_seed=a_seed),
        boldness=Effects(0.3, tuning=b), gap=Effects(
            0.05, tuning=g, tuning_seed=g_seed), **rest)
       for name, seeds, a, a_seed, b, g, g_seed, rest in (
           ('a little, 1 seed', 1, 0.1, 0, 0.3, 0.03, 0, {}),
           ('some, 3 seeds', 3, 0.2, 0.03, 0.5, 0.06, 0.01, {}),
           ('much, 5 seeds, clusters of 8', 5, 0.4, 0.05, 0.8, 0.12, 0.01,
            _CLUSTERS))},
    'cells unrelated, 6 families': World(cells=Cells()),
    'cells unrelated, 12 families, clusters of 8': World(
        families=_TWELVE, cells=Cells(), **_CLUSTERS),
    'cells unrelated, families and kinds differ much': World(
        families=_TWELVE, cells=Cells(
            Spread(0.12, 0.12, 0.12, 0.03, 0.03),
            Spread(0.075, 0.04, 0.04, 0.01, 0.01))),
    'cells related a little, 6 families': World(cells=Cells(together=0.4)),
    'cells related, 12 families': World(
        families=_TWELVE, cells=Cells(together=0.7)),
    'cells related closely, 12 families': World(
        families=_TWELVE, cells=Cells(together=0.95)),
    'activations of output alone': _PROBED,
    'activations of output alone, clusters of 8': dataclasses.replace(
        _PROBED, **_CLUSTERS),
    'activations of nothing, questions copied × 4': dataclasses.replace(
        _PROBED, planted=Planted(output=0.0), **_COPIES),
    **{f'activations of people too, {name}': dataclasses.replace(
        _PROBED, planted=Planted(people=strength), **rest)
       for name, strength, rest in (
           ('a little', 0.5, {}), ('some, clusters of 8', 0.8, _CLUSTERS),
           ('much', 1.5, {}))},
    **{f'doubt: {name}': dataclasses.replace(
        _PROBED, planted=Planted(doubt=strength, shown=shown), **rest)
       for name, strength, shown, rest in (
           ('nothing of it', 0.0, 0.0, {}),
           ('nothing of it, clusters of 8', 0.0, 0.0, _CLUSTERS),
           ('what the output shows', 0.0, 0.5, {}),
           ('what the output shows, clusters of 8', 0.0, 0.5, _CLUSTERS),
           ('a little beyond it', 0.5, 0.5, {}),
           ('some beyond it, clusters of 8', 0.8, 0.5, _CLUSTERS),
           ('much beyond it', 1.5, 0.5, {}))},
    'words as held and right': World(stated=0.0),
    'words as held and right, clusters of 8': World(stated=0.0, **_CLUSTERS),
    'words as held and right, few answers wrong': World(
        stated=0.0, boldness=Effects(2.5, 0.2, 0.1)),
    'words as held, less often right': World(stated=0.0, gap=Effects(0.06)),
    'words above what is held, a little': World(stated=0.05),
    'words above what is held, some, clusters of 8': World(
        stated=0.2, **_CLUSTERS),
    'words below what is held': World(stated=-0.1),
    'steering along labels as along any': _STEERED,
    'steering along labels as along any, clusters of 8': dataclasses.replace(
        _STEERED, **_CLUSTERS),
    'steering along labels as along any, items differ more than directions':
        dataclasses.replace(_STEERED, steered=Steered(
            spread=0.004, item=0.1, n_controls=3)),
    **{f'steering along labels moves, {name}': dataclasses.replace(
        _STEERED, steered=Steered(effect=effect, n_controls=controls), **rest)
       for name, effect, controls, rest in (
           ('a little', 0.03, 5, {}), ('some, 10 controls', 0.06, 10, {}),
           ('much, clusters of 8', -0.15, 5, _CLUSTERS))},
    **{f'truth {name}': dataclasses.replace(
        _READING, statements=Statements(rows, shared, own))
       for name, rows, shared, own in (
           ('in no direction', (12,) * 8, 0, 0),
           ('of each topic alone', (12,) * 8, 0, 1.5),
           ('of each topic alone, far apart', (12,) * 8, 0, 3),
           ('of each topic alone, 5 topics', (12,) * 5, 0, 1.5),
           ('of each topic alone, of unequal size', _UNEQUAL, 0, 1.5),
           ('that topics share, a little, 12 topics', (12,) * 12, 0.5, 1.5),
           ('that topics share, some, of unequal size', _UNEQUAL, 1, 1.5),
           ('that topics share, much, 5 topics', (12,) * 5, 2, 1.5),
           ('that topics share, much, 12 topics', (12,) * 12, 2, 1.5))},
}


@dataclasses.dataclass(frozen=True)
class Scenarios:
  """Names of `WORLDS` in which a claim has no effect, and has one."""

  nulls: tuple[str, ...]
  effects: tuple[str, ...]


def _starting(*starts: str) -> tuple[str, ...]:
  return tuple(name for name in WORLDS if name.startswith(starts))


_INSTRUCT = Scenarios(
    _starting('tuning changes', 'tuning varies'), _starting('tuning raises'))
_RIGHT = Scenarios(
    _starting('confidence says nothing'),
    _starting('confidence says a', 'confidence says half'))

SCENARIOS: dict[str, Scenarios] = {
    'aligned': Scenarios(_starting('no alignment'), _starting('alignment')),
    'calibrated': Scenarios(
        _starting('error at'), _starting('error 0')),
    'calibration_difference': Scenarios(
        _starting('error that'), _starting('error raised')),
    'sure_and_right': _RIGHT,
    'surest_fifth': _RIGHT,
    'instruct_alignment': _INSTRUCT,
    'instruct_calibration': _INSTRUCT,
    'instruct_accuracy': _INSTRUCT,
    'tuned': Scenarios(
        _starting('own tunings change', 'own tunings differ'),
        _starting('own tunings raise')),
    'joint_presence': Scenarios(
        _starting('cells unrelated'), _starting('cells related')),
    'probe_beyond_output': Scenarios(
        _starting('activations of output', 'activations of nothing'),
        _starting('activations of people')),
    **dict.fromkeys(('doubt_in_domain', 'doubt_out_of_domain'), Scenarios(
        _starting('doubt: nothing'),
        _starting('doubt: a little', 'doubt: some', 'doubt: much'))),
    'doubt_beyond_output': Scenarios(
        _starting('doubt: nothing', 'doubt: what'),
        _starting('doubt: a little', 'doubt: some', 'doubt: much')),
    'stated_gap': Scenarios(
        _starting('words as held'), _starting('words above', 'words below')),
    'overclaimed': Scenarios(
        _starting('words as held and right'),
        _starting('words as held, less', 'words above', 'words below')),
    'steered': Scenarios(
        _starting('steering along labels as'),
        _starting('steering along labels moves')),
    'truth_readable': Scenarios(
        _starting('truth in no', 'truth of each'),
        _starting('truth that topics')),
}

_OF_MODEL = {'aligned': 'rho_M', 'calibrated': 'gap_M',
             'sure_and_right': 'auroc_M', 'surest_fifth': 'fifths_M'}
_OF_WORDS = {'stated_gap': 0, 'overclaimed': 1}
_OF_TUNING = {'instruct_alignment': derived.ALIGNMENT,
              'instruct_calibration': derived.SQUARED_ERROR,
              'instruct_accuracy': columns.ACCURACY}


def true_values(
    claim: str, world: World, study: generator.Study, seed: int = 0
) -> dict[str, float]:
  """A claim's estimand for each of its subjects.

  Args:
    claim: its id.
    world: the study's.
    study: for which models were drawn.
    seed: of its analysis, on which its probes hang.

  Returns:
    A value of the claims' `model` column → what is true.

  Raises:
    KeyError: a claim that no world knows the truth of.
  """
  if claim in _OF_TUNING:
    return {'': truth.tuning_effects(world)[_OF_TUNING[claim]]}
  if claim == 'joint_presence':
    return {'': co_occurrence.excess(world)}
  if claim == 'probe_beyond_output' and world.planted:
    if not world.planted.people:
      return dict.fromkeys(study.activations, 0.0)
    return {model: planted.worth(*_beside(world, study, model, seed))
            for model in study.activations}
  if claim.startswith('doubt'):
    return _of_doubt(claim, world, study, seed)
  if claim == 'steered' and world.steered:
    return {steered.subject(name, ALONG): world.steered.effect
            for name in study.models.names}
  if claim in _OF_WORDS:
    gap_M = truth.stated(world, study.models)[_OF_WORDS[claim]]
    return dict(zip(study.models.names, gap_M.tolist(), strict=True))
  if claim == 'tuned':
    changed = truth.tuning_effects(world) | truth.seen_by_people(world)
    return {tuned.subject(base, 'tuned', outcome): changed[outcome]
            for base in study.models.names
            for outcome in tuned.OUTCOMES}
  if claim == 'truth_readable' and world.statements:
    if not world.statements.shared:
      return dict.fromkeys(study.activations, .5)
    return {model: statements.worth(*_beside(world, study, model, seed))
            for model in study.activations}
  known = truth.of_models(world, study.models)
  names = study.models.names
  if claim in _OF_MODEL:
    return dict(zip(names, getattr(known, _OF_MODEL[claim]), strict=True))
  if claim == 'calibration_difference':
    square_M = known.gap_M ** 2
    return {f'{names[i]} → {names[i + 1]}':
            float(square_M[i + 1] - square_M[i])
            for i in range(0, len(names), 2)}
  raise KeyError(f'no world knows the truth of claim {claim!r}')


def _of_doubt(
    claim: str, world: World, study: generator.Study, seed: int
) -> dict[str, float]:
  """Of each model's probes in simulated studies."""
  outside = claim == 'doubt_out_of_domain'
  found = {}
  for model in study.activations:
    for name in DOUBTS:
      subject = doubt_claims.subject(
          model, name, DOUBT_SITE, ELSEWHERE if outside else '')
      if not (world.planted and world.planted.doubt):
        found[subject] = 0.0 if claim == 'doubt_beyond_output' else .5
      elif outside:
        found[subject] = _worth_elsewhere(world, model, name, seed)
      else:
        worth = (planted.worth if claim == 'doubt_beyond_output'
                 else planted.separation_worth)
        found[subject] = worth(*_beside(world, study, model, seed), name)
  return found


@functools.lru_cache
def _worth_elsewhere(world: World, model: str, name: str, seed: int) -> float:
  return planted.separation_worth(
      *_beside(world, elsewhere(world), model, seed), name, whole=True)


def _beside(world: World, study: generator.Study, model: str, seed: int):
  """What a study's probes are judged on: (own, many other items, seed)."""
  many = _new_items(world)
  return (study.activations[model], study.frames['world', model],
          many.activations[model], many.frames['world', model], seed)


@functools.lru_cache
def elsewhere(world: World) -> generator.Study:
  """The other data set of a world, which probes are fitted to.

  Args:
    world: of the study.

  Returns:
    The same for all studies of the world, with the same models' activations.
  """
  return generator.simulate(
      dataclasses.replace(world, n_items=_ELSEWHERE_ITEMS), seed=(5, 7),
      all_measures=False)


@functools.lru_cache
def _new_items(world: World) -> generator.Study:
  new = {'n_items': _NEW_ITEMS}
  if world.statements:
    new = {'statements': dataclasses.replace(
        world.statements, rows=(4,) * _NEW_TOPICS)}
  return generator.simulate(
      dataclasses.replace(world, **new), seed=(2, 3), all_measures=False)
