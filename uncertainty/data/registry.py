"""Every data set by name, and the one function that loads them."""

import pathlib
from collections.abc import Callable, Iterable

from uncertainty.data import builder, lm_eval, sources, table
from uncertainty.data.camchoice import CamChoice
from uncertainty.data.chaosnli import ChaosNLI
from uncertainty.data.coane import Coane
from uncertainty.data.dices import Dices350, Dices990
from uncertainty.data.global_opinions import GlobalOpinionQA
from uncertainty.data.lewidi import LeWiDi
from uncertainty.data.mmlu import MMLU
from uncertainty.data.nli_variation import NLIVariation
from uncertainty.data.probcopa import ProbCOPA
from uncertainty.data.protoqa import ProtoQA
from uncertainty.data.provo import Provo
from uncertainty.data.truth import Truth
from uncertainty.data.vader import Vader
from uncertainty.data.word_norms import LabMT, Warriner
from uncertainty.errors import hint
from uncertainty.specs import DataSpec, listed
from uncertainty.types import Item, UserError

BUILDERS: dict[str, type[builder.ItemBuilder]] = {
    'camchoice': CamChoice,
    'chaosnli': ChaosNLI,
    'coane': Coane,
    'dices350': Dices350,
    'dices990': Dices990,
    'globalopinionqa': GlobalOpinionQA,
    'labmt': LabMT,
    'lewidi': LeWiDi,
    'mmlu': MMLU,
    'nli_variation': NLIVariation,
    'probcopa': ProbCOPA,
    'protoqa': ProtoQA,
    'provo': Provo,
    'truth': Truth,
    'vader': Vader,
    'warriner': Warriner,
}

# `table` is no TFDS builder: it reads the user's own file, as it is now.
DATASETS: dict[str, Callable[[DataSpec], Iterable[Item]]] = {
    'camchoice': lambda spec: builder.load(CamChoice, spec),
    'chaosnli': lambda spec: builder.load(ChaosNLI, spec),
    'coane': lambda spec: builder.load(Coane, spec),
    'dices350': lambda spec: builder.load(Dices350, spec),
    'dices990': lambda spec: builder.load(Dices990, spec),
    'globalopinionqa': lambda spec: builder.load(GlobalOpinionQA, spec),
    'labmt': lambda spec: builder.load(LabMT, spec),
    'lewidi': lambda spec: builder.load(LeWiDi, spec),
    'lm_eval': lm_eval.load,
    'mmlu': lambda spec: builder.load(MMLU, spec),
    'nli_variation': lambda spec: builder.load(NLIVariation, spec),
    'probcopa': lambda spec: builder.load(ProbCOPA, spec),
    'protoqa': lambda spec: builder.load(ProtoQA, spec),
    'provo': lambda spec: builder.load(Provo, spec),
    'table': table.load,
    'truth': lambda spec: builder.load(Truth, spec),
    'vader': lambda spec: builder.load(Vader, spec),
    'warriner': lambda spec: builder.load(Warriner, spec),
}


def load(spec: DataSpec) -> list[Item]:
  """The items that a spec names, always in the same order.

  Args:
    spec: data set, folders, and which items: `subset` (one or several groups,
      topics or splits, comma-separated), then the first `limit`.

  Returns:
    The items, checked.

  Raises:
    UserError: an unknown data set or subset, a limit below 1, source files
      that cannot be had, or items that are not usable.
  """
  if spec.name not in DATASETS:
    raise UserError(f'data.name={spec.name}: there is no such data set;'
                    f' {hint(spec.name, DATASETS)}')
  if spec.limit is not None and spec.limit < 1:
    raise UserError(f'data.limit={spec.limit}: must be at least 1, or None')
  wanted = _wanted(spec)
  known: set[str] = set()
  items: list[Item] = []
  for item in DATASETS[spec.name](spec):
    labels = _labels(item)
    known.update(labels)
    if not wanted or not wanted.isdisjoint(labels):
      items.append(item)
    if len(items) == spec.limit and wanted <= known:
      break
  if missing := wanted - known:
    raise UserError(f'data.subset={spec.subset}: {spec.name} has no'
                    f' {", ".join(sorted(missing))}; it has'
                    f' {", ".join(sorted(known)) or "no subsets"}')
  return items[:spec.limit]


def beside(spec: DataSpec) -> Callable[[str], list[Item]]:
  """Loads whole data sets from where another's config looks for its own.

  Args:
    spec: its folders are read.

  Returns:
    A data set's name → its items, as `load`.
  """
  return lambda name: load(DataSpec(
      name=name, manual_dir=spec.manual_dir, data_dir=spec.data_dir))


def source_files(spec: DataSpec) -> dict[str, dict[str, str]]:
  """The files that the items come from.

  Args:
    spec: data set and folders.

  Returns:
    Name of the file → `path`, and `digest` as `sources.digest_of` gives it.

  Raises:
    UserError: a file that is neither at hand nor downloadable.
  """
  if spec.name in BUILDERS:
    paths = builder.located(BUILDERS[spec.name], spec)
  elif spec.name == 'lm_eval':
    paths = {str(path): path for path in lm_eval.paths(spec)}
  elif spec.path:
    paths = {spec.name: pathlib.Path(spec.path).expanduser()}
  else:  # of a plugin that reads no file
    paths = {}
  return {name: {'path': str(path), 'digest': sources.digest_of(path)}
          for name, path in paths.items()}


def ignored_columns(spec: DataSpec) -> tuple[str, ...]:
  """Columns of the user's own table that no item takes anything from.

  Args:
    spec: data set and folders.

  Returns:
    Headings; none for data sets of the package.

  Raises:
    UserError: as `load`.
  """
  return table.ignored(spec) if spec.name == 'table' else ()


def _wanted(spec: DataSpec) -> set[str]:
  """The subsets that the spec, or else the data set's default, names."""
  default = (BUILDERS[spec.name].DEFAULT_SUBSET if spec.name in BUILDERS
             else None)
  return set(listed(spec.subset or default or ''))


def _labels(item: Item) -> list[str]:
  """What `data.subset` may select the item by."""
  return [*([item.group] if item.group else []),
          *item.extra.get('subsets', ())]
