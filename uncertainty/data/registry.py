"""Every data set by name, and the one function that loads them."""

from collections.abc import Callable, Iterable

from uncertainty.data import builder, table
from uncertainty.data.camchoice import CamChoice
from uncertainty.data.chaosnli import ChaosNLI
from uncertainty.data.coane import Coane
from uncertainty.data.mmlu import MMLU
from uncertainty.data.protoqa import ProtoQA
from uncertainty.data.truth import Truth
from uncertainty.data.vader import Vader
from uncertainty.specs import DataSpec, listed
from uncertainty.types import Item, UserError

BUILDERS: dict[str, type[builder.ItemBuilder]] = {
    'camchoice': CamChoice,
    'chaosnli': ChaosNLI,
    'coane': Coane,
    'mmlu': MMLU,
    'protoqa': ProtoQA,
    'truth': Truth,
    'vader': Vader,
}

# `table` is no TFDS builder: it reads the user's own file, as it is now.
DATASETS: dict[str, Callable[[DataSpec], Iterable[Item]]] = {
    'camchoice': lambda spec: builder.load(CamChoice, spec),
    'chaosnli': lambda spec: builder.load(ChaosNLI, spec),
    'coane': lambda spec: builder.load(Coane, spec),
    'mmlu': lambda spec: builder.load(MMLU, spec),
    'protoqa': lambda spec: builder.load(ProtoQA, spec),
    'table': table.load,
    'truth': lambda spec: builder.load(Truth, spec),
    'vader': lambda spec: builder.load(Vader, spec),
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
    raise UserError(f'data.name={spec.name}: there is no such data set; choose'
                    f' one of {", ".join(DATASETS)}')
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


def _wanted(spec: DataSpec) -> set[str]:
  """The subsets that the spec, or else the data set's default, names."""
  default = (BUILDERS[spec.name].DEFAULT_SUBSET if spec.name in BUILDERS
             else None)
  return set(listed(spec.subset or default or ''))


def _labels(item: Item) -> list[str]:
  """What `data.subset` may select the item by."""
  return [*([item.group] if item.group else []),
          *item.extra.get('subsets', ())]
