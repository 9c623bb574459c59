"""Starts of the program for launch/faults.py: forked, or as people start it."""

import multiprocessing
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Sequence

from uncertainty import main

_ROOT = pathlib.Path(__file__).resolve().parents[1]
_TIMEOUT = 240  # seconds that no start may take


def launch(scenario: str, command: Sequence[str], limit: int,
            log: pathlib.Path, whole: bool = False) -> list:
  """Starts the program.

  Args:
    scenario: 'two processes', a 'sweep', or another.
    command: of a sweep, or the program's name and its flags.
    limit: bytes that a file may have; 0: any.
    log: gets all that is said.
    whole: as people start it, not forked from this process.

  Returns:
    The processes.
  """
  log.write_text('')
  if whole and scenario != 'sweep':
    command = [sys.executable, '-m', *command]
  if whole or scenario == 'sweep':
    with log.open('ab') as out:
      return [subprocess.Popen(command, stdout=out, stderr=out, cwd=_ROOT,
                               start_new_session=True)]
  environments: list[dict[str, str]] = [{}]
  if scenario == 'two processes':
    with socket.socket() as free:
      free.bind(('localhost', 0))
      address = f'localhost:{free.getsockname()[1]}'
    environments = [{
        'JAX_COORDINATOR_ADDRESS': address, 'JAX_NUM_PROCESSES': '2',
        'JAX_PROCESS_ID': str(i)} for i in range(2)]
  context = multiprocessing.get_context('fork')
  processes = [context.Process(target=_child, args=(command, e, limit, log))
               for e in environments]
  for process in processes:
    process.start()
  return processes


def _child(command: Sequence[str], environment: dict[str, str], limit: int,
           log: pathlib.Path) -> None:
  os.setsid()
  out = os.open(log, os.O_WRONLY | os.O_APPEND)
  os.dup2(out, 1)
  os.dup2(out, 2)
  os.environ.update(environment)
  sys.argv = list(command)
  signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
  if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
  status = 0
  try:
    main.main()
  except SystemExit as stop:
    if isinstance(stop.code, str):
      print(stop.code, file=sys.stderr, flush=True)
    status = stop.code if isinstance(stop.code, int) else int(bool(stop.code))
  except BaseException:
    traceback.print_exc()
    status = 1
  sys.stderr.flush()
  os._exit(status)


def wait(process) -> int:
  """The exit status of one of `launch`; a start that hangs is an error."""
  if isinstance(process, subprocess.Popen):
    return process.wait(_TIMEOUT)
  process.join(_TIMEOUT)
  if process.is_alive():
    os.killpg(process.pid, signal.SIGKILL)
    raise RuntimeError('a start hung')
  return process.exitcode
