"""Within a process that `limited` starts: requests in, answers out, by line.

    python SCRIPT BYTES [SETTING ...]

A request is a JSON object that says how many `seconds` of processor time its
answer may take, and `program` where that is new.
"""

import json
import resource
import signal
import sys
from collections.abc import Callable
from typing import Any

Answer = Callable[[dict[str, Any]], dict[str, Any]]


def serve(start: Callable[..., Answer]) -> None:
  """Answers line after line until the input ends.

  Args:
    start: from the settings to what answers a request.
  """
  memory, *settings = sys.argv[1:]
  resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
  resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
  answer = start(*settings)
  for line in sys.stdin:
    request = json.loads(line)
    # The signal's default action ends the process, whatever it is doing.
    signal.setitimer(signal.ITIMER_PROF, request['seconds'])
    answered = answer(request)
    signal.setitimer(signal.ITIMER_PROF, 0)
    print(json.dumps(answered), flush=True)
