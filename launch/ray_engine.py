"""The sweep's runs on a Ray cluster: a task is a model with all asked of it.

Its runs share a process, so that weights load once. A task whose node or
process is lost starts again, elsewhere if need be: runs that finished ask
nothing then, and the others go on from their shards. Ray schedules; nothing
here does.

Every node has the environment, and sees checkout, models and work folders at
the paths that the driver has; or work folders in a bucket.
"""

import dataclasses
import os
import pathlib
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from uncertainty import specs
from uncertainty.errors import UserError

_EVERY = 30.0  # seconds between two lines about the whole sweep
# A lost node's process may still be writing when its task starts elsewhere:
# until then the workdir is waited for. A living run is not pushed out.
_PATIENCE = 120.0


@dataclasses.dataclass(frozen=True)
class Job:
  """One run, as a node is told of it."""

  name: str
  spec: specs.StudySpec
  workdir: pathlib.Path | str
  stages: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class End:
  """How a run ended."""

  name: str
  status: int
  seconds: float


@dataclasses.dataclass(frozen=True)
class Needs:
  """What a task reserves, and how often it may be lost."""

  cpus: float = 1
  gpus: float | None = None  # None: where nodes have some, a copy's devices
  resources: Mapping[str, float] = dataclasses.field(default_factory=dict)
  retries: int = 5

  @property
  def amounts(self) -> dict[str, float]:
    """By Ray's name of the resource; what is not needed is left out."""
    said = {'CPU': self.cpus, 'GPU': self.gpus, **self.resources}
    return {name: amount for name, amount in said.items() if amount}


def connect(address: str | None, needs: Needs, devices: int = 1) -> Needs:
  """Joins the cluster, or starts Ray on this machine.

  Args:
    address: of the cluster; None: RAY_ADDRESS, else a Ray that runs on this
      machine, else one that is started.
    needs: of every task.
    devices: how many share a copy of a model's weights.

  Returns:
    The needs, the number of GPUs being known.

  Raises:
    UserError: Ray is not installed, cannot be reached, or no node of it has
      what a task needs.
  """
  try:
    import ray
  except ImportError as error:
    raise UserError("--engine=ray needs Ray: pip install 'uncertainty[cluster]'"
                    ) from error
  try:
    ray.init(address=address)
  except (ConnectionError, ValueError, RuntimeError) as error:
    raise UserError(f'no Ray cluster at --address={address}: '
                    f'{" ".join(str(error).split())[:200]}') from error
  nodes = [node['Resources'] for node in ray.nodes() if node['Alive']]
  if needs.gpus is None:
    some = any(node.get('GPU', 0) for node in nodes)
    needs = dataclasses.replace(needs, gpus=devices if some else 0)
  if not any(all(node.get(name, 0) >= amount
                 for name, amount in needs.amounts.items()) for node in nodes):
    most = {name: max(node.get(name, 0) for node in nodes)
            for name in needs.amounts}
    ray.shutdown()
    raise UserError(f'no node of the cluster has {_spelt(needs.amounts)}; the '
                    f'most that one has of each: {_spelt(most)}')
  return needs


def _spelt(amounts: Mapping[str, float]) -> str:
  return ', '.join(f'{name}: {amount:g}' for name, amount in amounts.items())


def execute(
    tasks: Mapping[str, Sequence[Job]], needs: Needs,
    tell: Callable[[], None], every: float = _EVERY,
    act: Callable[[pathlib.Path, Sequence[Job]], Iterator[End]] | None = None,
) -> Iterator[End]:
  """Runs all tasks on the cluster that `connect` joined.

  Args:
    tasks: name → runs that share a process, in their order.
    needs: of each task.
    tell: is called every so often while tasks run.
    every: seconds between two calls.
    act: what a task does; None: `work`.

  Yields:
    How each run ended, as it ends.
  """
  import ray
  from ray import cloudpickle, exceptions

  # Nodes need the package, not this file.
  cloudpickle.register_pickle_by_value(sys.modules[__name__])
  # A process a task: what it held of a device's memory is free again.
  remote = ray.remote(
      max_calls=1, num_cpus=needs.cpus, num_gpus=needs.gpus or 0,
      resources=dict(needs.resources), max_retries=needs.retries)(act or work)
  root = pathlib.Path(__file__).resolve().parents[1]
  waiting: dict[Any, list[str]] = {
      remote.options(name=name).remote(root, list(jobs)):
          [job.name for job in jobs] for name, jobs in tasks.items()}
  told = time.monotonic()
  while waiting:
    left = max(0.0, told + every - time.monotonic())
    ready: list[Any] = ray.wait(list(waiting), timeout=left)[0]
    for stream in ready:
      try:
        end: Any = ray.get(next(stream))
        waiting[stream].remove(end.name)
        yield end
      except StopIteration:
        del waiting[stream]
      except exceptions.RayError as error:
        print(f'lost for good: {" ".join(str(error).split())[:500]}',
              flush=True)
        yield from (End(name, 1, 0) for name in waiting.pop(stream))
    if time.monotonic() >= told + every:
      tell()
      told = time.monotonic()


def work(root: pathlib.Path, jobs: Sequence[Job],
         patience: float = _PATIENCE) -> Iterator[End]:
  """Runs one after the other, in this process.

  Args:
    root: of the checkout, from where relative paths count.
    jobs: the runs; one that fails does not stop the next.
    patience: seconds that a workdir is waited for which another process holds.

  Yields:
    How each ended.
  """
  from absl import flags, logging

  from uncertainty import console

  os.chdir(root)
  console.prepare()
  flags.FLAGS.mark_as_parsed()  # there are none: the log need not wait
  logging.use_absl_handler()
  for job in jobs:
    began = time.time()
    status = _run(job, patience)
    yield End(job.name, status, time.time() - began)


def _run(job: Job, patience: float) -> int:
  from uncertainty import study
  from uncertainty.results import manifest

  last = time.monotonic() + patience
  while True:
    try:
      study.run(job.spec, job.workdir, job.stages)
      return 0
    except UserError as error:
      if not (isinstance(error, manifest.InUseError)
              and time.monotonic() < last):
        print(f'error: {job.name}: {" ".join(str(error).split())}', flush=True)
        return 1
      time.sleep(1)
    except Exception:
      traceback.print_exc()
      return 1
