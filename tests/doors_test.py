"""What `import uncertainty` costs and offers, from a checkout and a wheel."""

import os
import pathlib
import shutil
import subprocess
import sys
import zipfile

import pytest

import uncertainty
from uncertainty import errors, notebook, types
from uncertainty.models import loading

_ROOT = pathlib.Path(__file__).resolve().parents[1]
# What takes its time: none of it may be imported where nothing is computed.
_HEAVY = ('flax', 'jax', 'matplotlib', 'numpy', 'pandas', 'pyarrow', 'scipy',
          'sklearn', 'statsmodels', 'tokenizers', 'transformers')
_SOURCES = ('uncertainty', 'configs', 'setup.py', 'pyproject.toml',
            'README.md', 'LICENSE')


def _imported_by(code: str) -> set[str]:
  """Which of the heavy packages a fresh interpreter has after the code."""
  done = subprocess.run(
      [sys.executable, '-c',
       f'{code}\nimport sys\nprint(*{{m.split(".")[0] for m in sys.modules}})'],
      cwd=_ROOT, capture_output=True, text=True, check=True, timeout=120)
  return set(done.stdout.split()) & set(_HEAVY)


def test_the_package_imports_nothing_until_it_is_asked():
  assert _imported_by('import uncertainty; dir(uncertainty)') == set()


def test_an_error_or_a_stage_name_needs_no_library():
  code = ('import uncertainty\nfrom uncertainty import config_files, specs, '
          'study\nuncertainty.UserError, study.STAGES\n'
          'specs.parse(config_files.load("coane:free").to_dict())')
  assert _imported_by(code) == set()


def test_the_program_parses_its_flags_without_a_library():
  assert _imported_by('import uncertainty.main') == set()


def test_help_needs_no_library():
  code = ('from uncertainty import config_files, help_text\n'
          'help_text.overview()\n'
          'help_text.of_config("coane", config_files.load("coane").to_dict())')
  assert _imported_by(code) == set()


def test_calibration_needs_neither_models_nor_tables():
  left = _imported_by(
      'import uncertainty; uncertainty.calibration.ece([.5, 1], [0, 1])')
  assert 'numpy' in left
  assert left.isdisjoint(
      {'matplotlib', 'pandas', 'pyarrow', 'sklearn', 'statsmodels'})


def test_the_measures_are_listed_without_statistics():
  left = _imported_by('from uncertainty.measures import registry')
  assert left.isdisjoint({'matplotlib', 'pandas', 'scipy', 'sklearn'})


def test_names_are_those_of_their_modules():
  assert uncertainty.Item is types.Item
  assert uncertainty.UserError is errors.UserError is types.UserError
  assert uncertainty.load is loading.load
  assert uncertainty.run is notebook.run
  assert set(uncertainty.__all__) <= set(dir(uncertainty))
  assert uncertainty.calibration.ece([1.0], [1]) == 0
  assert uncertainty.measures.choice_entropy([0.5, 0.5]) == 1
  assert callable(uncertainty.probes.probe)
  for room in (uncertainty, uncertainty.measures):
    with pytest.raises(AttributeError, match='nosuch'):
      room.nosuch  # noqa: B018


@pytest.fixture(scope='module')
def wheel(tmp_path_factory) -> pathlib.Path:
  """Built from copied sources: building leaves folders beside them."""
  folder = tmp_path_factory.mktemp('wheel')
  for name in _SOURCES:
    if (_ROOT / name).is_dir():
      shutil.copytree(_ROOT / name, folder / 'source' / name,
                      ignore=shutil.ignore_patterns('__pycache__'))
    else:
      (folder / 'source').mkdir(exist_ok=True)
      shutil.copy(_ROOT / name, folder / 'source' / name)
  _pip('wheel', '--no-build-isolation', '-w', str(folder), './source',
       cwd=folder)
  (built,) = folder.glob('*.whl')
  return built


def _pip(command: str, *arguments: str, cwd: pathlib.Path) -> None:
  done = subprocess.run(
      [sys.executable, '-m', 'pip', command, '--no-deps', '--no-index',
       '--disable-pip-version-check', *arguments],
      cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
  assert done.returncode == 0, done.stderr[-2000:]


def test_a_wheel_holds_configs_assets_and_the_program(wheel):
  with zipfile.ZipFile(wheel) as archive:
    names = set(archive.namelist())
    (entry,) = [n for n in names if n.endswith('entry_points.txt')]
    programs = archive.read(entry).decode()
  for path in (_ROOT / 'configs').glob('*.py'):
    assert f'uncertainty/configs/{path.name}' in names
  for name in ('assets/template.html', 'vendored/plot.js',
               'vendored/LICENSES.txt'):
    assert f'uncertainty/report/{name}' in names
  assert 'uncertainty = uncertainty.__main__:main' in programs
  tops = {n.split('/')[0] for n in names}
  about = f'uncertainty-{uncertainty.__version__}.dist-info'
  assert tops == {'uncertainty', about}


def test_an_installed_program_finds_its_own_configs_from_anywhere(
    wheel, tmp_path):
  site, elsewhere = tmp_path / 'site', tmp_path / 'elsewhere'
  elsewhere.mkdir()
  _pip('install', '--target', str(site), str(wheel), cwd=tmp_path)

  def program(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, site / 'bin' / 'uncertainty', *arguments],
        cwd=elsewhere, env=os.environ | {'PYTHONPATH': str(site)}, text=True,
        capture_output=True, check=False, timeout=300)

  shown = program('--help')
  assert '--workdir' in shown.stdout and 'prompt.answer=' in shown.stdout
  done = program('--config=quickstart:quicktest', '--workdir=run',
                 '--config.results_dir=nowhere', '--stages=analyze')
  assert done.returncode == 1
  # It came as far as the analysis, in the folder where it was started.
  assert done.stderr.strip().splitlines()[-1].startswith(
      'error: no results under nowhere')
  (elsewhere / 'mine.py').write_text(
      'from configs import common\n\ndef get_config():\n'
      '  return common.default()\n')
  listed = program('--config=mine.py', '--list_measures')
  assert listed.returncode == 0, listed.stderr[-2000:]
  assert 'choice_entropy' in listed.stdout
