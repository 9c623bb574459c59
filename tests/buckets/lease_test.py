"""One writer to a bucket's folder."""

import concurrent.futures
import json
import threading
import time

import pytest

from uncertainty.buckets import lease, store
from uncertainty.errors import UserError
from uncertainty.results import manifest

pytestmark = pytest.mark.buckets


@pytest.fixture
def bucket(server):
  return store.Bucket(server.folder)


@pytest.fixture
def homes(tmp_path):
  """Of the copies on three machines."""
  return [tmp_path / f'machine{k}' for k in range(3)]


def test_of_all_who_start_at_once_one_gets_the_folder(
    bucket, tmp_path, monkeypatch):
  homes = [tmp_path / f'machine{k}' for k in range(6)]
  taken = []

  def take(home):
    try:
      mine = lease.Lease(bucket, home)
      taken.append(mine)
      until = time.monotonic() + 2 * lease.PATIENCE
      while time.monotonic() < until:
        mine.renew()
        time.sleep(lease.EVERY)
    except manifest.InUseError as error:
      return str(error)

  monkeypatch.setattr(lease, '_POLL', .1)
  with concurrent.futures.ThreadPoolExecutor(6) as pool:
    said = list(pool.map(take, homes))
  assert len(taken) == 1
  assert sum('another run is using' in (text or '') for text in said) == 5


def test_a_released_folder_is_taken_at_once(bucket, homes, monkeypatch):
  monkeypatch.setattr(lease, 'PATIENCE', 100.0)
  first = lease.Lease(bucket, homes[0])
  assert lease.living(bucket)
  first.release()
  assert not lease.living(bucket)
  lease.Lease(bucket, homes[1])
  assert sorted(bucket.list(lease.FOLDER)) == [
      f'{lease.FOLDER}/0000{k}' for k in (1, 2)]


def test_a_dead_one_is_waited_for_and_its_ghost_writes_no_more(
    bucket, homes):
  ghost = lease.Lease(bucket, homes[0])
  ghost.check()
  began = time.monotonic()
  lease.Lease(bucket, homes[1])
  assert time.monotonic() - began >= lease.PATIENCE
  for act in (ghost.check, ghost.renew):
    with pytest.raises(lease.LostError, match='another one works there now'):
      act()


def test_a_dead_one_of_the_same_copy_is_not_waited_for(
    bucket, homes, monkeypatch):
  monkeypatch.setattr(lease, 'PATIENCE', 100.0)
  lease.Lease(bucket, homes[0])
  lease.Lease(bucket, homes[0])


def test_an_old_listing_gives_no_second_holder(server, bucket, homes):
  lease.Lease(bucket, homes[0]).release()
  mine = lease.Lease(bucket, homes[1])
  server.hidden = lambda name: lease.FOLDER in name
  over = threading.Event()

  def live():
    while not over.wait(lease.EVERY):
      mine.renew()

  thread = threading.Thread(target=live)
  thread.start()
  try:
    with pytest.raises(manifest.InUseError):
      lease.Lease(bucket, homes[2])
  finally:
    over.set()
    thread.join()


def test_a_service_that_ignores_the_condition_is_refused(
    bucket, homes, monkeypatch):
  def written_over(self, name, content):
    self.write(name, content)
    return True

  monkeypatch.setattr(store.Bucket, 'create', written_over)
  with pytest.raises(UserError, match='nothing keeps two runs apart'):
    lease.Lease(bucket, homes[0])


def test_a_lease_that_is_no_json_is_named(bucket, homes):
  bucket.write(f'{lease.FOLDER}/00001', b'{')
  with pytest.raises(UserError, match='00001 is no JSON'):
    lease.Lease(bucket, homes[0])


def test_an_ended_run_does_not_hide_that_it_could_not_say_so(
    server, bucket, homes, caplog):
  mine = lease.Lease(bucket, homes[0])
  server.fault = lambda method, path: '503'
  mine.release()
  assert 'cannot be written' in caplog.text
  server.fault = lambda method, path: ''
  said = json.loads(bucket.read(f'{lease.FOLDER}/00001'))
  assert not said['released'] and said['host']
