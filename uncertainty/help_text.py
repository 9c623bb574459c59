"""What `--help` prints: of the program, and of one config."""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

from absl import flags
from ml_collections import config_flags

from uncertainty import config_fields, config_files, specs

_WIDTH, _COLUMN = 80, 30

_HEAD = """\
uncertainty: is a language model unsure where people are unsure? And when it
is sure, is it right?

  uncertainty --config=NAME[:ARG,…] --workdir=DIR [--config.FIELD=VALUE …]
              [--stages=STAGE,…]

Examples
  uncertainty --config=quickstart:quicktest --workdir=runs/quick
  uncertainty --config=coane --workdir=runs/coane --stages=check
  uncertainty --config=coane:free --workdir=runs/coane \\
    --config.model.source=Llama_3.2_1B_Ins --config.data.limit=100
  uncertainty --config=table --workdir=runs/mine \\
    --config.data.path=questions.csv
  uncertainty --config=coane --help     the fields and values of one config

A run that was stopped goes on with the same command.
"""

_FLAGS = {
    '--config=NAME[:ARG,…]': 'one of the configs below, or the path of a '
    'Python file of your own; :quicktest is the fast variant of each',
    '--workdir=DIR': 'where all of a run goes; made if it is not there',
    '--config.FIELD=VALUE': 'another value of one of the fields below',
    '--stages=STAGE,…': 'some of the stages below; the default is '
    'score,probe,steer,analyze,report',
    '--list_measures': 'print every measure, its formula and its source',
    '--distributed': 'join the processes that were started for one run',
    '--help': 'print this; with --config=NAME, that config',
}

STAGES = {
    'check': 'say what would run: items, prompts, tokens, memory, time, and '
    'the first prompt as the model reads it; loads no weights',
    'tune': 'only where it is named: train a model on items, or an adapter '
    'beside it; DIR/model is a model like any other',
    'score': 'ask each model every item: DIR/results/DATASET/MODEL.parquet',
    'probe': 'read uncertainty out of activations, where they were captured: '
    'DIR/analysis/probes.parquet',
    'steer': 'where config.steer.directions names some: ask again with '
    'directions added to the residual stream: '
    'DIR/steered/DATASET/MODEL.parquet',
    'analyze': 'alignment with people, calibration, claims: '
    'DIR/analysis/*.parquet; no model is needed',
    'report': 'DIR/report/index.html, one page that needs no network',
    'verify': 'hash everything again, and ask some items of each model anew',
}


def shown(flag: flags.Flag) -> str:
  """What `--help` prints, beside `--config` or without it.

  Args:
    flag: that of the config, parsed.

  Returns:
    `of_config` or `overview`.
  """
  if flag.value is None:
    return overview()
  return of_config(
      config_flags.get_config_filename(flag), flag.value.to_dict())


def overview() -> str:
  """What `uncertainty --help` prints.

  Returns:
    Examples, flags, stages, configs, and every field with its default.
  """
  configs = {name: _first_sentence(config_files.about(name))
             for name in config_files.names()}
  parts = [_HEAD, 'Flags', *_rows(_FLAGS.items()), '',
           'Stages, in the order in which they run', *_rows(STAGES.items()),
           '', 'Configs', *_rows(configs.items()), '',
           'Fields of a config, with their defaults']
  for section in config_fields.sections(config_fields.source()):
    parts += ['', _titled(section)]
    parts += _rows((f'{f.name}={f.default}', f.meaning)
                   for f in section.fields)
  return '\n'.join(parts)


def of_config(name: str, config: Mapping[str, Any]) -> str:
  """What `uncertainty --config=NAME --help` prints.

  Args:
    name: as the flag has it.
    config: what it says, other flags included: section → field → value.

  Returns:
    What the config says of itself, its arguments, and each field's value;
    those that are not the default are marked.
  """
  arguments = ', '.join(f':{arg}' for arg in config_files.arguments(name))
  parts = [f'--config={name}', '',
           config_files.about(name) or 'It says nothing of itself.', '']
  if arguments:
    parts += [f'Arguments, behind its name: {arguments}', '']
  parts += ["Its fields; * marks what is not every config's default"]
  values = specs.flatten(config)
  for section in config_fields.sections(config_fields.source()):
    parts += ['', _titled(section)]
    parts += _rows(
        (f'{f.name}={values[f.name]!r}'
         + ' *' * (repr(values[f.name]) != f.default), f.meaning)
        for f in section.fields if f.name in values)
  return '\n'.join(parts)


def _titled(section: config_fields.Section) -> str:
  return f'{section.name or "the run"}: {section.meaning}'


def _first_sentence(text: str) -> str:
  return ' '.join(text.split('\n\n')[0].split()).rstrip('.')


def _rows(pairs: Iterable[tuple[str, str]]) -> list[str]:
  """Two columns, the second one wrapped."""
  lines = []
  for name, meaning in pairs:
    wrapped = textwrap.wrap(meaning, _WIDTH - _COLUMN) or ['']
    if len(name) + 4 > _COLUMN:
      lines.append(f'  {name}')
    else:
      lines.append(f'  {name}'.ljust(_COLUMN) + wrapped.pop(0))
    lines += [' ' * _COLUMN + line for line in wrapped]
  return [line.rstrip() for line in lines]
