"""What `tried_tokenizer` has a limited process do: cut texts into tokens.

A request is a JSON object with `texts`, `split`, whether special tokens are
cut like other words, and, where it is new, `program`, a tokenizer.json; an
answer one with `tokens`, how many there are, or `error`. Hardly anything is
imported, so that it starts at once.
"""

from typing import Any

import tokenizers

from uncertainty import limited_process


def start() -> limited_process.Answer:
  """What answers requests.

  Returns:
    A function from a request to its answer.
  """
  made: Any = None

  def answer(request):
    nonlocal made
    try:
      if 'program' in request:
        made = None
        made = tokenizers.Tokenizer.from_str(request['program'])
      made.encode_special_tokens = request['split']
      # With special tokens, which is the longer.
      return {'tokens': sum(map(len, made.encode_batch(request['texts'])))}
    except BaseException as error:  # a panic in Rust is no Exception
      said = ' '.join(str(error).split())[:200]
      return {'error': f'{type(error).__name__}: {said}'.removesuffix(': ')}

  return answer


if __name__ == '__main__':
  limited_process.serve(start)
