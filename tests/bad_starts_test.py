"""Every wrong start ends at once, with one line that says what to do.

All of them in one interpreter that has imported what a run needs: each start
is a fork of it.
"""

import json
import os
import pathlib
import subprocess
import sys

import pytest

from uncertainty.results import manifest

_ROOT = pathlib.Path(__file__).resolve().parents[1]

# Arguments, and what the line says; of all but those that are about them,
# --workdir=run is left out.
STARTS = {
    # Names that are almost right.
    '--config=coan': 'did you mean --config=coane?',
    '--config=configs/vadr.py': 'did you mean --config=vader?',
    '--config=coane:quicktst': 'did you mean quicktest?',
    '--confg=coane': 'Did you mean: config',
    '--config=coane --config.dta.limit=1': 'did you mean data?',
    '--config=coane --config.data.limt=1': 'did you mean data.limit?',
    '--config=coane --config.prompt.answer=leters': 'did you mean letters?',
    '--config=coane --config.data.name=coan': 'did you mean coane?',
    '--config=coane --config.probe.sites=residul': 'did you mean residual?',
    '--config=coane --stages=scor': 'did you mean score?',
    '--config=table --config.data.path=two.csv '
    '--config.model.source=Llama_3.2_1B_Inst': 'mean Llama_3.2_1B_Ins?',
    # Values that are none.
    '--config=coane --config.data.limit=ten': 'is not a whole number',
    '--config=coane --config.analysis.alpha=high': 'is not a number',
    '--config=coane --config.prompt.few_shot=maybe': 'is not true or false',
    '--config=coane --config.data=1': 'is a section, not a value',
    '--config=coane --config.data.limit=0': 'must be a number from 1 to',
    '--config=coane --config.prompt.style=chatt': 'mean --config.prompt.style='
    'chat?',
    '--config=coane --stages=': '--stages names none',
    # What is missing or too much.
    '--config=coane --workdir=': 'give --config=NAME or PATH.py, and '
    '--workdir=DIR',
    '': 'give --config=NAME or PATH.py, and --workdir=DIR',
    '--config=coane stray': "unexpected argument 'stray'",
    '--config=table': '--config.data.path=FILE.csv',
    '--config=published': 'pass --config.results_dir=FOLDER',
    # Files and folders.
    '--config=folder': 'is a folder; give a Python file in it',
    '--config=two.csv': '--config=table --config.data.path=two.csv',
    '--config=wrong.py': 'wrong.py, line 2: SyntaxError',
    '--config=coane --workdir=two.csv': 'is a file; give a folder',
    '--config=coane --stages=check --workdir=/proc/x': '/proc takes no file',
    '--config=coane --workdir=linked': 'linked: .lock is a link out of it',
    '--config=coane --workdir=linked --stages=report': 'remove the link',
    f'--config=coane --workdir={"x" * 300}': 'is too long for a path',
    '--config=coane --workdir=w\udcff': 'is no UTF-8',
    '--config=coane --stages=check --config.model.cache_dir=two.csv':
        'two.csv is a file; give a folder',
    '--config=table --config.data.path=\udcff\udcfe.csv': 'is no UTF-8',
    '--config=table --config.data.path=two.csv --config.model.source=m\udcff':
        'is no UTF-8',
    '--config=coane --stages=analyze --config.results_dir=r\udcff':
        'is no UTF-8',
    '--config=table --config.data.path=nowhere.csv': 'there is no such file',
    '--config=table --config.data.path=folder': 'is a folder; give the file',
    '--config=compare --config.results_dir=folder':
        '--config.results_dir=WORKDIR_A,WORKDIR_B',
    '--config=compare --config.results_dir=folder,nowhere':
        'names nowhere: there is no such folder',
    '--config=table --config.data.path=other.csv': 'no column named question',
    '--config=table --config.data.path=zebra.csv': "'zebra' is not among",
    '--config=table --config.data.path=two.csv --config.model.source=folder':
        'folder/config.json: is missing',
    '--config=table --config.data.path=two.csv '
    '--config.model.source=./nowhere': 'no such file or directory',
    # Before data are fetched, here those of a table that is not there.
    '--config=table --config.data.path=nowhere.csv '
    '--config.model.source=nowhere.gguf': "'nowhere.gguf': no such file",
    '--config=table --config.data.path=nowhere.csv '
    '--config.model.source=folder': 'folder/config.json: is missing',
    '--config=table --config.data.path=nowhere.csv '
    '--config.model.source=package:nowhere': 'pip install nowhere',
    '--config=table --config.data.path=nowhere.csv --workdir=held':
        'another run is using held',
    '--config=coane --stages=report': 'run --stages=analyze first',
    '--config=coane --stages=analyze': 'run --stages=score first',
    # Ctrl-C, here while the config is read.
    '--config=stopped.py': 'stopped by SIGINT: what was finished is kept',
}

_DRIVER = '''
import gc, json, os, sys
import jax, pandas
import uncertainty.analysis.run, uncertainty.main, uncertainty.plan
import uncertainty.report, uncertainty.study

gc.freeze()  # else every child goes through all of it as it ends

def start(arguments):
  reader, writer = os.pipe()
  child = os.fork()
  if not child:
    os.dup2(writer, 1)
    os.dup2(writer, 2)
    os.close(reader)
    sys.argv = ["uncertainty", *arguments]
    sys.orig_argv = [sys.executable, *sys.argv]
    uncertainty.main.main()
    os._exit(0)
  os.close(writer)
  with os.fdopen(reader) as file:
    said = file.read()
  return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said

print(json.dumps([start(arguments) for arguments in json.load(sys.stdin)]))
'''


@pytest.fixture(scope='module')
def answers(tmp_path_factory):
  """Arguments → (exit status, all that was said)."""
  place = tmp_path_factory.mktemp('starts')
  (place / 'folder').mkdir()
  for name, content in {
      'two.csv': 'question,choices\nx?,a|b\n',
      'other.csv': 'words,choices\nx?,a|b\n',
      'zebra.csv': 'question,choices,answer\nx?,a|b,zebra\n',
      'wrong.py': '"""Wrong."""\ndef get_config(:\n',
      'stopped.py': 'import os, signal\n\ndef get_config():\n'
                    '  os.kill(os.getpid(), signal.SIGINT)\n'}.items():
    (place / name).write_text(content)
  (place / 'linked').mkdir()
  (place / 'linked' / '.lock').symlink_to('../two.csv')
  lines = [text.split() + ['--workdir=run'] * (
      '--config' in text and '--workdir' not in text) for text in STARTS]
  with manifest.lock(place / 'held'):
    done = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', _DRIVER], cwd=place,
        env=os.environ | {'PYTHONPATH': str(_ROOT)}, input=json.dumps(lines),
        capture_output=True, text=True, check=False, timeout=300)
  assert done.returncode == 0, done.stderr[-2000:]
  found = json.loads(done.stdout.splitlines()[-1])
  # No mistake makes a workdir but that of stages that read one.
  assert not (place / 'run' / 'manifest.json').exists()
  assert (place / 'two.csv').read_text().startswith('question')
  return dict(zip(STARTS, found, strict=True))


@pytest.mark.parametrize('arguments', STARTS)
def test_a_wrong_start_says_so_in_one_line(answers, arguments):
  status, said = answers[arguments]
  (line,) = said.strip().splitlines()
  assert STARTS[arguments] in line
  assert 'Traceback' not in line and len(line) < 400
  if arguments == '--config=stopped.py':
    assert status == 130 and line.endswith(arguments + ' --workdir=run')
  else:
    assert status == 1 and line.startswith('error: ')


def test_there_are_many():
  assert len(STARTS) >= 25
