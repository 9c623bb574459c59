"""What a run would do, known before anything is loaded, claimed or written."""

import dataclasses
import pathlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from uncertainty import (
    data,
    inference,
    models,
    plugins,
    prompts,
    specs,
    steer_settings,
)
from uncertainty.errors import UserError, hint
from uncertainty.inference import capture_policy
from uncertainty.inference.tasks import equivalence, samples, verbal
from uncertainty.models import capture, registry, sharding
from uncertainty.models import source as source_lib
from uncertainty.results import columns, digests, manifest, schema
from uncertainty.specs import StudySpec
from uncertainty.tuning import trained_items
from uncertainty.types import Item


@dataclasses.dataclass(frozen=True)
class Plan:
  """A run that could start.

  Attributes:
    spec: what to run.
    items: all of them, as they are shown.
    tasks: the ways of asking, in the config's order.
    opened: models that are on this machine, by source, under their names in
      the run; those of the hub are opened when their turn comes.
    held: the manifest's models, by name.
    left_out: item id → why it is not asked, of items that one of the models
      was trained on.
    run: names this start of the program.
    judge: digest of the files of the judge of samples; '' without any.
    steered: digest of what is done to the model's residual stream; '':
      nothing.
  """

  spec: StudySpec
  items: list[Item]
  tasks: tuple[str, ...]
  opened: Mapping[str, models.Opened]
  held: Mapping[str, Mapping[str, Any]]
  left_out: Mapping[str, str]
  run: str
  judge: str = ''
  steered: str = ''
  _known: dict[tuple[str, str], digests.Provenance] = dataclasses.field(
      default_factory=dict, init=False, repr=False, compare=False)

  def each_model(self) -> Iterator[models.Opened]:
    """The models in the config's order, under names that no two share.

    Yields:
      Models, none of whose weights are loaded.

    Raises:
      UserError: what `models.open_source` raises, or a model that is not the
        one that the workdir knows by this name.
    """
    taken = {model.name for model in self.opened.values()}
    for source in specs.listed(self.spec.model.source):
      if source in self.opened:
        yield self.opened[source]
        continue
      model = named(open_model(self.spec, source), self.held, taken)
      taken.add(model.name)
      yield model

  def provenance(self, model: models.Opened, task: str) -> digests.Provenance:
    """What the rows of a model and task are of.

    Args:
      model: one of the run's.
      task: one of `tasks`.

    Returns:
      Digests of all items and prompts.

    Raises:
      UserError: an item that this way of asking, or the template, cannot take.
    """
    if (model.name, task) not in self._known:
      self._keep(model, task, inference.prompt_texts(
          model, self.items, self.spec, task))
    return self._known[model.name, task]

  def _keep(self, model: models.Opened, task: str,
            texts: Sequence[Sequence[str]]) -> None:
    self._known[model.name, task] = digests.provenance(
        model.fingerprint, self.spec, self.items, texts, self.run,
        (plugins.code_of('task', task),
         plugins.code_of('family', model.config.family),
         self.judge if task == 'samples' else ''), self.steered)

  def check_prompts(self) -> None:
    """Writes every prompt of the models that are on this machine.

    Raises:
      UserError: as `provenance`, or a prompt that its model cannot read.
    """
    for model in self.opened.values():
      for task in self.tasks:
        texts = inference.prompt_texts(model, self.items, self.spec, task)
        self._keep(model, task, texts)
        inference.check_texts(model, self.items, texts, self.spec, task)

  def first_prompts(
      self, model: models.Opened, task: str) -> dict[str, str]:
    """What a model reads first of each item.

    Args:
      model: one of the run's.
      task: one of `tasks`.

    Returns:
      Item id → the prompt, of the first order of choices or wording.
    """
    texts = inference.prompt_texts(model, self.items, self.spec, task)
    return {item.item_id: text[0]
            for item, text in zip(self.items, texts, strict=True)}

  def results(self, model: models.Opened,
              frames: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """A model's results table.

    Args:
      model: one of the run's.
      frames: task → what its shards hold.

    Returns:
      One row an item of the run.

    Raises:
      UserError: a task lacks an item.
    """
    table = schema.merge_tasks(schema.item_frame(self.items), {
        task: self._with_prompts(frame, task, model)
        for task, frame in frames.items()})
    return plugins.measured(table.assign(**self._said_of_all(model)))

  def _with_prompts(self, frame: pd.DataFrame, task: str,
                    model: models.Opened) -> pd.DataFrame:
    """Adds what was read where the task's rows do not say it themselves."""
    if columns.PROMPT in frame:
      return frame
    texts = self.first_prompts(model, task)
    name = schema.of_task(task, columns.PROMPT)
    return frame.assign(**{name: frame[columns.ITEM_ID].map(texts)})

  def _said_of_all(self, model: models.Opened) -> dict[str, str | float]:
    """Columns that are alike in every row."""
    tuned = model.lineage
    lineage = registry.lineage(
        tuned.base.name if tuned else model.name, model.config.family)
    return {
        columns.MODEL: model.name, columns.DATASET: self.spec.data.name,
        columns.KIND: model.kind, columns.FAMILY: lineage.family,
        columns.SIZE: model.n_parameters / 1e9,
        columns.BASE: '' if tuned else lineage.base,
        columns.TUNED_FROM: tuned.base.name if tuned else '',
        columns.RECIPE: tuned.recipe if tuned else '',
        columns.ANSWER_FORMAT: self.tasks[0]}

  def described(self) -> dict[str, Any]:
    """What the manifest says of this start.

    Returns:
      Fields as JSON values: run, models, data.
    """
    return {
        'run': self.run,
        'models': {m.name: model_entry(m) for m in self.opened.values()},
        'data': {self.spec.data.name: {
            'path': self.spec.data.path, 'subset': self.spec.data.subset,
            'limit': self.spec.data.limit, 'items': len(self.items),
            'left_out': len(self.left_out),
            'digest': digests.of_items(self.items),
            'files': data.source_files(self.spec.data)}},
        **({'judge': self.judge} if self.judge else {})}


def make(spec: StudySpec, workdir: pathlib.Path, *,
         remembered: bool = True) -> Plan:
  """Finds all that a run needs, and checks it.

  Args:
    spec: what to run.
    workdir: of the run; read only, and need not exist.
    remembered: whether digests of large weight files that have not changed may
      come from the user's cache.

  Returns:
    The plan.

  Raises:
    UserError: what is wrong with config, data, models or workdir.
  """
  plugins.load(spec.plugins)
  sharding.check_axis(spec.model.model_axis)
  tasks = task_names(spec)
  sources = specs.listed(spec.model.source)
  if len(set(sources)) < len(sources):
    raise UserError(
        f'config.model.source={spec.model.source!r} names a model twice')
  held = manifest.check(workdir, spec).get('models', {})
  for source in sources:  # before data are fetched
    source_lib.check(source, spec.model.revision)
  judge = (equivalence.digest(spec, remembered=remembered)
           if 'samples' in tasks else '')
  items = data.load(spec.data)
  _check_folds(spec, items)
  opened: dict[str, models.Opened] = {}
  for source in sources:
    if source_lib.is_local(source):
      taken = {model.name for model in opened.values()}
      opened[source] = named(
          open_model(spec, source, remembered=remembered), held, taken)
  if spec.steer.directions:
    steer_settings.check(spec, [m.config.n_layers for m in opened.values()])
  kept = trained_items.exclude(
      items, spec.data.name,
      {model.name: model.folder for model in opened.values()
       if model.lineage and model.folder}, spec.data.trained_items)
  items = kept.items
  _check_folds(spec, items)
  if spec.prompt.shuffle_choices:
    items = [prompts.shuffled(item, seed=spec.seed) for item in items]
  return Plan(spec, items, tasks, opened, held, kept.left_out,
              secrets.token_hex(6), judge)


def _check_folds(spec: StudySpec, items: Sequence[Item]) -> None:
  if spec.probe.sites and len(items) < spec.probe.n_folds:
    raise UserError(
        f'{len(items)} items are too few to probe in {spec.probe.n_folds} '
        'folds; ask more (config.data.limit), or pass --config.probe.n_folds='
        f'{max(len(items) // 2, 2)}')
  if spec.probe.sites and spec.probe.store == 'sums' and spec.probe.n_folds < 3:
    raise UserError(
        'config.probe.store=sums takes three folds: two are left to choose '
        'the penalty in; pass --config.probe.n_folds=3')


def task_names(spec: StudySpec) -> tuple[str, ...]:
  """The ways of asking, in the config's order.

  Args:
    spec: `prompt.answer` names them, `probe` what is captured in one.

  Returns:
    Keys of `inference.TASKS`, at least one.

  Raises:
    UserError: an unknown one, two formats for one choice, or settings that a
      way of asking cannot take.
  """
  names = specs.listed(spec.prompt.answer)
  for name in names:
    if name not in inference.TASKS:
      raise UserError(f'config.prompt.answer names {name!r}; '
                      f'{hint(name, inference.TASKS)}')
  if not names or len(set(names)) < len(names):
    raise UserError(
        f'config.prompt.answer={spec.prompt.answer!r} must name one or more '
        f'different tasks of {", ".join(inference.TASKS)}')
  formats = [n for n in names if n in inference.CHOICE_FORMATS]
  if len(formats) > 1:
    raise UserError(
        f'config.prompt.answer asks for a choice in {len(formats)} ways '
        f'({", ".join(formats)}); keep one and run the other in its own '
        'workdir')
  if spec.prompt.template is not None:
    prompts.read_template(spec.prompt.template)
    if 'verbal' in names:
      raise UserError('config.prompt.answer=verbal has wordings of its own, '
                      'which config.prompt.template cannot replace; leave out '
                      'one of them')
  if {'free', 'response'} <= set(names):
    raise UserError('config.prompt.answer asks for written answers (free) and '
                    'reads given ones (response), which fill the same columns; '
                    'keep one and run the other in its own workdir')
  capture_policy.capturing_task(spec)
  capture.check_sites(specs.listed(spec.probe.sites))
  if 'verbal' in names:
    verbal.variants(spec)
  if 'samples' in names:
    samples.check(spec.free)
  return names


def open_model(spec: StudySpec, source: str, *,
               remembered: bool = True) -> models.Opened:
  """One of a run's models, its weights unread.

  Args:
    spec: of the run; its `model.revision` counts.
    source: one that `model.source` names.
    remembered: as `make` takes it.

  Returns:
    The model.

  Raises:
    UserError: no such model, or files that cannot be read.
  """
  return models.open_source(
      source, revision=spec.model.revision, remembered=remembered)


def named(model: models.Opened, held: Mapping[str, Mapping[str, Any]],
          taken: set[str]) -> models.Opened:
  """The model under a name that is its own in workdir and run.

  A model that the workdir knows keeps its name; another one of the same name
  that comes from another place gets a number (`tiny`, `tiny-2`).

  Args:
    model: under the name of its files.
    held: the manifest's models, by name.
    taken: names of the run's other models.

  Returns:
    The model, perhaps renamed.

  Raises:
    UserError: the workdir has answers of other files at this very place, or
      the run names these files already.
  """
  for name in _numbered(model.name):
    entry = held.get(name, {})
    parts = entry.get('identity')  # none in workdirs of earlier versions
    mine = dataclasses.asdict(model.identity)
    if name in taken or (
        parts and parts != mine and entry['source'] != model.source):
      continue
    if parts and parts != mine:
      changed = [part for part in mine if parts.get(part) != mine[part]]
      raise UserError(
          f'the workdir has answers of {name} from {model.source}, whose '
          f'{" and ".join(changed).replace("_", " ")} changed since; put the '
          'old files back, or choose another --workdir')
    return dataclasses.replace(model, name=name)
  raise AssertionError('numbers end')


def _numbered(name: str) -> Iterator[str]:
  yield name
  number = 2
  while True:
    yield f'{name}-{number}'
    number += 1


def model_entry(model: models.Opened) -> dict[str, Any]:
  """What the manifest says of a model.

  Args:
    model: under its name in the run.

  Returns:
    Fields as JSON values.
  """
  tuned = model.lineage and {'lineage': model.lineage.as_json()}
  return {
      'source': model.source, 'revision': model.revision,
      'fingerprint': model.fingerprint, 'kind': model.kind,
      'family': model.config.family,
      'identity': dataclasses.asdict(model.identity), **(tuned or {})}
