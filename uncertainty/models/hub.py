"""Downloads from the Hugging Face hub, or from a mirror that speaks as it."""

import contextlib
import os
import pathlib
from collections.abc import Iterator

import huggingface_hub
from huggingface_hub import errors

from uncertainty.types import UserError

# Weights only as safetensors: pickles can run code when read.
_PATTERNS = (
    'config.json', 'generation_config.json', 'model.safetensors',
    'model.safetensors.index.json', 'model-*-of-*.safetensors',
    'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json',
    'added_tokens.json', 'chat_template.jinja', 'chat_template.json',
)

_SECONDS = 10  # that a question to the hub may take

# Of httpx or httpx2, depending on the client's version.
_HTTP_ERROR = errors.HTTPError  # pyright: ignore[reportPrivateImportUsage]


def download(
    hub_id: str, revision: str | None = None
) -> tuple[pathlib.Path, str]:
  """Fetches a repository's safetensors, tokenizer and config.

  The hub client's own settings hold: HF_ENDPOINT, HF_HOME, HF_TOKEN,
  HF_HUB_OFFLINE.

  Args:
    hub_id: `org/name`.
    revision: branch, tag or commit; None for the default branch.

  Returns:
    The snapshot's directory, and the commit it is of.

  Raises:
    UserError: there is no such repository or revision, it is gated, or the
      hub cannot be reached and the files are not in the cache.
  """
  try:
    with _refusals(hub_id, revision):
      path = pathlib.Path(huggingface_hub.snapshot_download(
          hub_id, revision=revision, allow_patterns=list(_PATTERNS),
          endpoint=os.environ.get('HF_ENDPOINT')))
  except errors.LocalEntryNotFoundError as error:
    reason = _first_line(error.__cause__ or error)
    raise UserError(
        f'{hub_id}: is not in the cache, and the hub cannot be reached'
        f' ({reason}); download it while online, without HF_HUB_OFFLINE'
    ) from error
  except (_HTTP_ERROR, OSError) as error:
    raise UserError(
        f'{hub_id}: the download failed ({_first_line(error)}); try again, the'
        ' finished files are kept') from error
  # Snapshots lie in a folder that is named by their commit.
  return path, path.name


def check(hub_id: str, revision: str | None = None) -> None:
  """Asks the hub whether it has a repository; fetches nothing.

  Of a model that is in the cache nothing is asked, and a hub that cannot be
  reached refuses nothing.

  Args:
    hub_id: `org/name`.
    revision: branch, tag or commit; None for the default branch.

  Raises:
    UserError: there is no such repository or revision, or the hub calls it
      gated.
  """
  with contextlib.suppress(_HTTP_ERROR, OSError), _refusals(hub_id, revision):
    if not huggingface_hub.try_to_load_from_cache(
        hub_id, 'config.json', revision=revision):
      huggingface_hub.HfApi(endpoint=os.environ.get('HF_ENDPOINT')).model_info(
          hub_id, revision=revision or 'main', timeout=_SECONDS)


@contextlib.contextmanager
def _refusals(hub_id: str, revision: str | None) -> Iterator[None]:
  """Says in one line why the hub does not give a repository."""
  try:
    yield
  except errors.GatedRepoError as error:
    raise UserError(
        f'{hub_id}: is gated; accept its licence on its hub page, then log in'
        ' with `hf auth login` or set HF_TOKEN') from error
  except errors.RevisionNotFoundError as error:
    raise UserError(
        f'{hub_id}: has no revision {revision!r}; give a branch, tag or'
        ' commit of it') from error
  except errors.RepositoryNotFoundError as error:
    raise UserError(
        f'{hub_id}: no such repository on the hub, or it is private; check'
        ' the name, or log in with `hf auth login`') from error
  except errors.HFValidationError as error:
    raise UserError(
        f'{hub_id}: is no valid hub id; give org/name') from error


def _first_line(error: BaseException) -> str:
  return (str(error).splitlines() or [type(error).__name__])[0]
