"""Pages that follow from the code.

`python docs/generate.py` writes docs/configuration.md and docs/measures.md,
which are committed and tested to be up to date. What
only the site needs (pages of the modules, copies of the notebooks) is written
by `build_inputs` on each build, and ignored by git.
"""

import pathlib
import shutil
import sys

from uncertainty import config_fields
from uncertainty.measures import distances, registry, taxonomy

_ROOT = pathlib.Path(__file__).resolve().parent.parent

# Rooms of the package, from the lowest floor up: a page of the API each.
ROOMS = {
    'errors': 'Errors', 'file_digest': 'Digests of files',
    'types': 'Shared types', 'specs': 'Configuration',
    'config_fields': 'Fields of a config', 'config_files': 'Config files',
    'help_text': 'Help', 'stopping': 'Signals', 'console': 'The terminal',
    'progress': 'Progress',
    'data': 'Data sets', 'prompts': 'Prompts',
    'models': 'Models', 'measures': 'Measures', 'results': 'Tables on disk',
    'inference': 'Inference', 'tuning': 'Tuning', 'probes': 'Probes',
    'analysis': 'Analysis',
    'calibration': 'Calibration in one line', 'report': 'Report',
    'worlds': 'Simulated studies', 'plugins': 'Plugins',
    'plan': 'What a run would do', 'served': 'Answers of a server',
    'check': 'Before a run', 'verify': 'After a run', 'study': 'The study',
    'notebook': 'A study in a notebook',
}
# Modules that act when they are imported, such as flags and scripts.
_NOT_IMPORTED = ('main',)


def configuration(source: str) -> str:
  """The configuration reference as Markdown.

  Args:
    source: text of uncertainty/specs.py.
  """
  *parts, whole = config_fields.sections(source)
  lines = [
      '# Configuration', '',
      'Written by `python docs/generate.py` from `uncertainty/specs.py`. A',
      'field is set in a config file or by `--config.SECTION.FIELD=VALUE`; an',
      'unknown field, a value of another type or out of range is an error',
      'that says what to do.']
  for section in parts:
    lines += ['', f'## {section.name}', '', section.meaning, '']
    lines += _table(section)
  lines += ['', '## The run as a whole', '', *_table(whole)]
  return '\n'.join(lines) + '\n'


def _table(section: config_fields.Section) -> list[str]:
  lines = ['| field | type | default | meaning |', '|---|---|---|---|']
  for field in section.fields:
    cells = (f'`{field.name}`', f'`{field.type}`', f'`{field.default}`',
             field.meaning)
    lines.append('| ' + ' | '.join(
        cell.replace('|', r'\|') for cell in cells) + ' |')
  return lines


_MEASURES = """# Measures

Written by `python docs/generate.py`; `python -m uncertainty.main
--list_measures` prints the table. A results
column is a prefix and a measure's name, such as `mc_total_entropy` or
`mc_choice_log_mass`; the tasks under *answer formats* write it. The
[method](method.md) has the formulas, and what the prefixes mean.

Logarithms are natural: what has `logprob` or `log` in its name, and entropies
of meanings and kernels, SAR and CoCoA, are in nats, varentropy in nats². Sizes
count tokens, other counts answers or meanings; perplexity has no unit, the rest
are shares or normalised.
Choice probabilities c of the task `text` are normalised over the choices
unless `prompt.text_score=sum`, so that `choice_log_mass` is 0.

How alike two samples are, a(i, j) in [0, 1], is the judge's to say
(`config.free.judge`): its probability of entailment (with half that of
neutrality for kernels, density, SAR and CoCoA, as their authors have it), the
cosine of embeddings, the share of words in common. Results keep it
(`sample_entailments`, `sample_similarities`), with the answers and their
probabilities, so that `uncertainty.measures.sampled.measures` computes these
measures again without the model. W = (a + aᵀ) / 2, L is its Laplacian, m the
commonest answer. What SAR takes the logarithm of is no probability, but for one
without others to back it: it exceeds 1, and SAR falls below 0, by its
authors' formula.

EigenScore reads what the model holds as it writes, and so has to be asked for
before the samples are drawn (`config.free.middle_layer=True`). An answer's last
token is the last one within its braces. RAUQ, too, has to be asked for
(`config.free.attention=True`); the attention that it reads is that of the pass
which predicts a token, to the token before, the newest that the pass reads.
Neither takes a pass of its own. Of each step EigenScore keeps as many numbers
as the model is wide (SmolLM2: 576), RAUQ one for each layer and head (270);
`launch/bench.py generation --engines=jax,jax_attention,jax_middle_layer` times
both.

{registry}

## What the field has

The kinds of Shorinwa et al. 2025 ([arXiv
2412.05563](https://arxiv.org/abs/2412.05563)), a line each: what is here, and
what is not and why.

{taxonomy}

## Distances

How far the model's distribution c over an item's choices is from people's p is
no uncertainty, and no column: the tables `summary` and `rater_groups` of the
analysis hold means over items.

{distances}
"""


def measures() -> str:
  """The page of measures as Markdown."""
  return _MEASURES.format(registry=registry.table(), taxonomy=taxonomy.table(),
                          distances=distances.table())


def modules(package: pathlib.Path) -> dict[str, list[str]]:
  """Room → its modules by their dotted names, found without importing."""
  found: dict[str, list[str]] = {}
  for path in sorted(package.rglob('*.py')):
    parts = path.relative_to(package).with_suffix('').parts
    if parts[-1] == '__init__':
      parts = parts[:-1]
    if parts and parts[0] not in _NOT_IMPORTED and not any(
        part.startswith('_') for part in parts):
      found.setdefault(parts[0], []).append(
          '.'.join((package.name, *parts)))
  return found


def build_inputs(docs: pathlib.Path) -> None:
  """Writes docs/api/ and docs/colabs/ anew."""
  for folder in ('api', 'colabs'):
    shutil.rmtree(docs / folder, ignore_errors=True)
    (docs / folder).mkdir()
  for path in sorted((_ROOT / 'colabs').glob('*.ipynb')):
    shutil.copy(path, docs / 'colabs' / path.name)
  found = modules(_ROOT / 'uncertainty')
  order = [r for r in ROOMS if r in found]
  order += [r for r in found if r not in ROOMS]
  index = ['# Modules, from the lowest floor up', '', '```{toctree}', *order,
           '```']
  (docs / 'api' / 'index.md').write_text(
      '\n'.join(index) + '\n', encoding='utf-8')
  for room in order:
    lines = [f'# {ROOMS.get(room, room)}: `uncertainty.{room}`']
    for name in found[room]:
      if len(found[room]) > 1:
        lines += ['', f'## {name}']
      lines += ['', '```{eval-rst}', f'.. automodule:: {name}', '   :members:',
                '   :ignore-module-all:', '```']
    (docs / 'api' / f'{room}.md').write_text(
        '\n'.join(lines) + '\n', encoding='utf-8')


def main() -> None:
  path = _ROOT / 'docs' / 'configuration.md'
  path.write_text(
      configuration(config_fields.source()), encoding='utf-8')
  sys.stdout.write(f'{path}\n')
  path = _ROOT / 'docs' / 'measures.md'
  path.write_text(measures(), encoding='utf-8')
  sys.stdout.write(f'{path}\n')


if __name__ == '__main__':
  main()
