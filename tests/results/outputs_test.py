"""A stage lists what it wrote, and of what; nothing else becomes honest."""

import pathlib

import pytest

from uncertainty.results import manifest, outputs
from uncertainty.types import UserError

_RESULTS = 'results/d/m.parquet'
_STEPS = {'score': _RESULTS, 'probe': 'analysis/probes.parquet',
          'steer': 'steered/d/m.parquet',
          'analyze': 'analysis/alignment.parquet',
          'report': 'report/index.html'}


@pytest.fixture
def workdir(tmp_path):
  """Of a whole run."""
  place = tmp_path / 'run'
  _claim(place)
  for stage in outputs.STAGES:
    _run(place, stage)
  return place


def _claim(workdir):
  workdir.mkdir(parents=True)
  manifest.write(workdir, {'created': 'then'})


def _write(workdir, name, content):
  path = workdir / name
  path.parent.mkdir(parents=True, exist_ok=True)
  path.write_text(content)


def _run(workdir, stage, content='honest', results_dir=None):
  with outputs.recorded(workdir, stage, results_dir):
    _write(workdir, _STEPS[stage], f'{stage} {content}')


def _stale(workdir):
  return dict(outputs.stale(workdir, manifest.read(workdir)))


def _changed(workdir):
  listed = manifest.read(workdir)['outputs']
  return [name for name, path in outputs.standing(workdir).items()
          if outputs.digest_of(path) != listed.get(name)]


def test_whole_files_are_listed_by_their_digests(workdir):
  with outputs.recorded(workdir, 'score'):
    _write(workdir, 'results/d/m.parquet.partial', 'cut')
  assert manifest.read(workdir)['outputs'] == {
      name: outputs.digest_of(workdir / name) for name in _STEPS.values()}
  assert not _stale(workdir) and not _changed(workdir)


def test_nothing_is_listed_in_nobodys_workdir(tmp_path):
  _run(tmp_path, 'analyze')
  assert not manifest.path_of(tmp_path).exists()


def test_what_a_failed_stage_wrote_is_not_listed(workdir):
  before = manifest.read(workdir)
  with pytest.raises(UserError), outputs.recorded(workdir, 'score'):
    _write(workdir, _RESULTS, 'half')
    raise UserError('the disk is full')
  assert manifest.read(workdir) == before


def test_a_name_of_no_utf8_is_listed_as_text(workdir):
  with outputs.recorded(workdir, 'analyze'):
    (workdir / 'analysis' / '\udcff.parquet').write_text('')
  assert 'analysis/\\xff.parquet' in manifest.read(workdir)['outputs']


@pytest.mark.parametrize('name', [
    'analysis/alignment.parquet', 'analysis/probes.parquet',
    'report/index.html', 'report/evil.html', 'steered/d/m.parquet'])
@pytest.mark.parametrize('nothing', [True, False])
def test_no_stage_lists_what_others_changed(workdir, name, nothing):
  _write(workdir, name, 'evil')
  with outputs.recorded(workdir, 'score'):
    if not nothing:
      _write(workdir, _RESULTS, 'score honest')
  assert _changed(workdir) == [name]


@pytest.mark.parametrize('stage, reads', [
    (stage, reads) for n, stage in enumerate(outputs.STAGES)
    for reads in outputs.STAGES[:n] if (reads, stage) != ('probe', 'steer')])
def test_a_stage_refuses_what_was_changed_since_it_was_written(
    workdir, stage, reads):
  path = workdir / _STEPS[reads]
  path.write_text('evil')
  with pytest.raises(UserError) as caught:
    _run(workdir, stage)
  said = str(caught.value)
  assert said.startswith(f'{path} is not as the stage {reads} left it')
  assert f'run --stages={reads},' in said and f'{stage}, or put' in said
  _run(workdir, reads)
  _run(workdir, stage)


def test_probes_and_steering_read_not_each_other(workdir):
  (workdir / _STEPS['probe']).write_text('evil')
  _run(workdir, 'steer')
  assert _changed(workdir) == [_STEPS['probe']]


def test_what_is_written_anew_makes_stale_what_was_made_of_it(workdir):
  _run(workdir, 'score', 'of edited questions')
  assert list(_stale(workdir)) == ['probe', 'steer', 'analyze', 'report']
  assert _stale(workdir)['report'].startswith(f'{workdir}/report/index.html: ')
  for stage in outputs.STAGES[1:]:
    _run(workdir, stage)
  assert not _stale(workdir)
  _run(workdir, 'probe', 'with other folds')
  assert list(_stale(workdir)) == ['analyze', 'report']


def test_a_stage_that_reads_what_is_stale_says_so(workdir, caplog):
  _run(workdir, 'score', 'of edited questions')
  caplog.clear()
  _run(workdir, 'report')
  assert 'alignment.parquet: the tables that the stage analyze' in caplog.text
  assert 'run --stages=analyze,report' in caplog.text


def test_what_a_stage_does_not_write_again_stays_stale_till_it_is_away(workdir):
  old = workdir / 'analysis' / 'reproduction.parquet'
  with outputs.recorded(workdir, 'analyze'):
    for path in (workdir / _STEPS['analyze'], old):
      path.write_text('of reproduction')
  _run(workdir, 'score', 'of edited questions')
  for stage in outputs.STAGES[1:]:
    _run(workdir, stage)
  assert _stale(workdir)['analyze'].startswith(f'{old}: ')
  old.unlink()
  for stage in ('analyze', 'report'):
    _run(workdir, stage)
  assert not _stale(workdir)
  assert str(old.relative_to(workdir)) not in manifest.read(workdir)['outputs']


def test_results_that_came_or_went_make_an_analysis_stale(workdir):
  with outputs.recorded(workdir, 'score'):
    _write(workdir, 'results/d/other.parquet', 'score')
  assert list(_stale(workdir)) == ['probe', 'steer', 'analyze', 'report']


def test_an_analysis_made_of_a_stray_table_is_stale_once_it_is_away(workdir):
  stray = workdir / 'results' / 'd' / 'evil.parquet'
  stray.write_text('evil')
  for stage in ('analyze', 'report'):
    _run(workdir, stage)
  stray.unlink()
  assert list(_stale(workdir)) == ['analyze', 'report']


@pytest.mark.parametrize('name', [
    '.DS_Store', '.nfs0001', '.ipynb_checkpoints/index-checkpoint.html',
    'Thumbs.db', 'desktop.ini'])
@pytest.mark.parametrize('folder', [
    'results', 'results/d', 'steered', 'tokens', 'analysis', 'report'])
def test_what_systems_drop_is_no_output(workdir, caplog, folder, name):
  for content in ('first', 'changed', None):
    if content:
      _write(workdir, f'{folder}/{name}', content)
    else:
      (workdir / folder / name).unlink()
    for stage in ('analyze', 'report'):
      _run(workdir, stage)
    assert not _stale(workdir) and not _changed(workdir)
  with outputs.recorded(workdir, 'score'):
    _write(workdir, f'{folder}/{name}', 'while it runs')
  assert not _stale(workdir) and not _changed(workdir)
  assert not caplog.text and not (workdir / 'aside').exists()


@pytest.mark.parametrize('name', ['.evil.parquet', '.d/evil.parquet'])
def test_a_hidden_table_that_a_stage_would_read_is(workdir, name):
  _write(workdir, f'results/{name}', 'evil')
  assert _changed(workdir) == [f'results/{name}']


def test_results_of_a_run_that_was_stopped_are_read_as_they_stand(
    tmp_path, caplog):
  """Which wrote them before its stage listed them."""
  _claim(tmp_path / 'run')
  _write(tmp_path / 'run', _RESULTS, 'score honest')
  for stage in ('analyze', 'report'):
    _run(tmp_path / 'run', stage)
  assert not caplog.text and not _stale(tmp_path / 'run')
  _run(tmp_path / 'run', 'score')  # the same rows
  assert not _stale(tmp_path / 'run') and not _changed(tmp_path / 'run')
  _run(tmp_path / 'run', 'score', 'of edited questions')
  assert list(_stale(tmp_path / 'run')) == ['analyze', 'report']


@pytest.mark.parametrize('spoil', [
    lambda page: (page / 'index.html').write_text('evil'),
    lambda page: (page / 'evil.html').write_text('evil'),
    lambda page: (page / 'old.svg').unlink()])
def test_a_changed_page_is_set_aside_and_made_anew(workdir, spoil):
  page = workdir / 'report'
  with outputs.recorded(workdir, 'report'):
    (page / 'old.svg').write_text('old')
  spoil(page)
  _run(workdir, 'report')
  assert [p.name for p in page.iterdir()] == ['index.html']
  assert (workdir / 'aside' / 'report' / 'index.html').exists()
  assert not _changed(workdir)


def test_a_page_keeps_what_is_up_to_date(workdir):
  with outputs.recorded(workdir, 'report'):
    _write(workdir, 'report/figure.svg', 'figure')
  _run(workdir, 'analyze', 'with more draws')
  _run(workdir, 'report')
  assert (workdir / 'report' / 'figure.svg').exists()
  assert not _stale(workdir) and not (workdir / 'aside').exists()


@pytest.mark.parametrize('inside', [True, False])
def test_results_of_other_workdirs_are_compared_too(
    workdir, tmp_path, inside, monkeypatch):
  monkeypatch.chdir(tmp_path)
  other = tmp_path / 'sweep' / 'other'
  _claim(other)
  _run(other, 'score')
  mine = workdir if inside else tmp_path / 'sweep'
  with outputs.recorded(mine, 'analyze', 'sweep'):
    pass
  (other / _RESULTS).write_text('evil')
  for stage in ('analyze', 'report'):
    with pytest.raises(UserError, match='other/results/d/m.parquet is not as'):
      _run(mine, stage, results_dir='sweep')


def test_a_workdir_that_is_named_as_results_is_the_same(workdir):
  for stage in ('analyze', 'report'):
    _run(workdir, stage, results_dir=str(workdir.parent / 'run'))
  assert not _stale(workdir)


def test_a_manifest_of_before_lists_what_is_written_now(workdir):
  held = manifest.read(workdir)
  del held['made_of']
  manifest.write(workdir, held)
  assert not _stale(workdir)
  _run(workdir, 'report')
  assert set(manifest.read(workdir)['made_of']) == {'report/index.html'}
  assert not _stale(workdir)


@pytest.mark.parametrize('name, stage', [
    *((name, stage) for stage, name in _STEPS.items()),
    ('tokens/d/m.json', 'score'), ('analysis/probe_pairs.parquet', 'analyze'),
    ('report/items/0.js', 'report'), ('else/where', 'score')])
def test_who_writes_what(name, stage):
  assert outputs.writer(name) == stage
  assert pathlib.PurePath(name).parts
