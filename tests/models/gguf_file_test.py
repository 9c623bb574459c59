"""Tests of the GGUF reader against `gguf`'s writer and scalar decoders."""

import struct

import gguf
import numpy as np
import pytest
from gguf import GGMLQuantizationType, quants

from uncertainty.models.gguf_file import GgufFile, dequantise
from uncertainty.types import UserError

K_BLOCK = 256


def _write(path, tensors=(), metadata=(), alignment=None):
  writer = gguf.GGUFWriter(path, 'llama')
  if alignment:
    writer.add_custom_alignment(alignment)
  for key, value in metadata:
    writer.add_key_value(key, value, _kind(value), _sub_kind(value))
  for name, data, kind in tensors:
    writer.add_tensor(name, data, raw_dtype=kind)
  writer.write_header_to_file()
  writer.write_kv_data_to_file()
  writer.write_tensors_to_file()
  writer.close()
  return path


def _kind(value):
  kinds = {str: 'STRING', bool: 'BOOL', int: 'INT64', float: 'FLOAT64',
           list: 'ARRAY'}
  return gguf.GGUFValueType[kinds[type(value)]]


def _sub_kind(value):
  return _kind(value[0]) if isinstance(value, list) else None


def _half(data):
  return float(np.frombuffer(data, '<f2')[0])


def _q8_0(block):
  return [_half(block[:2]) * q
          for q in struct.unpack('32b', block[2:])]


def _q4_0(block):
  d, nibbles = _half(block[:2]), block[2:]
  return ([d * ((b & 15) - 8) for b in nibbles]
          + [d * ((b >> 4) - 8) for b in nibbles])


def _q4_1(block):
  d, m, nibbles = _half(block[:2]), _half(block[2:4]), block[4:]
  return ([d * (b & 15) + m for b in nibbles]
          + [d * (b >> 4) + m for b in nibbles])


def _q5_0(block):
  d, high = _half(block[:2]), struct.unpack('<I', block[2:6])[0]
  low = [b & 15 for b in block[6:]] + [b >> 4 for b in block[6:]]
  return [d * ((q | (high >> i & 1) << 4) - 16) for i, q in enumerate(low)]


def _q5_1(block):
  d, m = _half(block[:2]), _half(block[2:4])
  high = struct.unpack('<I', block[4:8])[0]
  low = [b & 15 for b in block[8:]] + [b >> 4 for b in block[8:]]
  return [d * (q | (high >> i & 1) << 4) + m for i, q in enumerate(low)]


def _k_scales(packed):
  """Eight 6-bit scales and minima of Q4_K and Q5_K out of 12 bytes."""
  pairs = []
  for j in range(8):
    if j < 4:
      pairs.append((packed[j] & 63, packed[j + 4] & 63))
    else:
      pairs.append((packed[j + 4] & 15 | packed[j - 4] >> 6 << 4,
                    packed[j + 4] >> 4 | packed[j] >> 6 << 4))
  return pairs


def _k_values(block, n_high):
  d, dmin = _half(block[:2]), _half(block[2:4])
  scales = _k_scales(block[4:16])
  high, low = block[16:16 + n_high], block[16 + n_high:]
  values = []
  for j in range(8):
    for i in range(32):
      byte = low[j // 2 * 32 + i]
      q = byte >> 4 if j % 2 else byte & 15
      if n_high:
        q |= (high[i] >> j & 1) << 4
      values.append(d * scales[j][0] * q - dmin * scales[j][1])
  return values


def _q4_k(block):
  return _k_values(block, 0)


def _q5_k(block):
  return _k_values(block, 32)


def _q6_k(block):
  low, high = block[:128], block[128:192]
  scales, d = struct.unpack('16b', block[192:208]), _half(block[208:])
  values = [0.0] * K_BLOCK
  for half in range(2):
    for i in range(32):
      for quarter in range(4):
        byte = low[64 * half + i + 32 * (quarter % 2)]
        q = byte >> 4 if quarter >= 2 else byte & 15
        q |= (high[32 * half + i] >> 2 * quarter & 3) << 4
        at = 128 * half + 32 * quarter + i
        values[at] = d * scales[at // 16] * (q - 32)
  return values


SCALAR = {'Q8_0': _q8_0, 'Q4_0': _q4_0, 'Q4_1': _q4_1, 'Q5_0': _q5_0,
          'Q5_1': _q5_1, 'Q4_K': _q4_k, 'Q5_K': _q5_k, 'Q6_K': _q6_k}
# Where each block keeps float16 scales, which must be finite.
HALVES = {'Q8_0': (0,), 'Q4_0': (0,), 'Q4_1': (0, 2), 'Q5_0': (0,),
          'Q5_1': (0, 2), 'Q4_K': (0, 2), 'Q5_K': (0, 2), 'Q6_K': (208,)}


def _blocks(kind, n_blocks, seed=0):
  rng = np.random.default_rng(seed)
  _, n_bytes = gguf.GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
  blocks = rng.integers(0, 256, (n_blocks, n_bytes), dtype=np.uint8)
  for at in HALVES[kind]:
    halves = rng.normal(size=(n_blocks, 1)).astype('<f2')
    blocks[:, at:at + 2] = halves.view(np.uint8)
  return blocks


@pytest.mark.parametrize('kind', SCALAR)
def test_blocks_are_decoded_as_the_format_says(kind):
  blocks = _blocks(kind, 3)
  expected = [x for block in blocks for x in SCALAR[kind](block.tobytes())]
  np.testing.assert_allclose(
      dequantise(blocks.ravel(), kind), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('kind', SCALAR)
def test_chunks_do_not_show(kind):
  n_elements, _ = gguf.GGML_QUANT_SIZES[GGMLQuantizationType[kind]]
  blocks = _blocks(kind, (1 << 17) // n_elements + 3)
  whole = quants.dequantize(blocks, GGMLQuantizationType[kind])
  np.testing.assert_array_equal(
      dequantise(blocks.ravel(), kind), whole.ravel())


@pytest.mark.parametrize('kind, dtype', [
    ('F32', np.float32), ('F16', np.float16)])
def test_plain_floats_are_exact(kind, dtype):
  values = np.random.default_rng(0).normal(size=99).astype(dtype)
  read = dequantise(values.view(np.uint8), kind)
  assert read.dtype == np.float32
  np.testing.assert_array_equal(read, values.astype(np.float32))


def test_bfloat16_is_the_upper_half_of_float32():
  values = np.array([1.0, -2.5, 3.140625, 0.0], np.float32)
  upper = (values.view(np.uint32) >> 16).astype('<u2')
  np.testing.assert_array_equal(
      dequantise(upper.view(np.uint8), 'BF16'), values)


def test_metadata_of_every_type_reads_back(tmp_path):
  pairs = [('a.text', 'Größe 東京'), ('a.yes', True), ('a.count', -3),
           ('a.share', 0.25), ('a.words', ['x', '', 'ü']), ('a.ids', [1, 2])]
  file = GgufFile(_write(tmp_path / 'm.gguf', metadata=pairs))
  assert file.metadata['general.architecture'] == 'llama'
  for key, value in pairs:
    assert file.metadata[key] == value


@pytest.mark.parametrize('alignment', [None, 64])
def test_tensors_read_back_whole_and_by_rows(tmp_path, alignment):
  rng = np.random.default_rng(0)
  plain = rng.normal(size=(5, 7)).astype(np.float32)
  packed = _blocks('Q4_K', 12).reshape(6, -1)
  vector = _blocks('Q8_0', 3).reshape(-1)
  file = GgufFile(_write(tmp_path / 'm.gguf', [
      ('plain', plain, None), ('packed', packed, GGMLQuantizationType.Q4_K),
      ('vector', vector, GGMLQuantizationType.Q8_0)], alignment=alignment))
  assert file.tensors['packed'].shape == (6, 512)
  np.testing.assert_array_equal(file.read('plain'), plain)
  np.testing.assert_array_equal(file.read('plain', 2, 4), plain[2:4])
  whole = quants.dequantize(packed, GGMLQuantizationType.Q4_K)
  np.testing.assert_array_equal(file.read('packed'), whole)
  np.testing.assert_array_equal(file.read('packed', 1, 3), whole[1:3])
  whole = quants.dequantize(vector, GGMLQuantizationType.Q8_0)
  np.testing.assert_array_equal(file.read('vector', 5, 50), whole[5:50])


def _tiny(path):
  data = np.arange(64, dtype=np.float32).reshape(2, 32)
  return _write(path, [('first', data, None), ('second', data, None)])


def test_truncated_data_names_the_tensor(tmp_path):
  path = _tiny(tmp_path / 'm.gguf')
  path.write_bytes(path.read_bytes()[:-40])
  with pytest.raises(UserError, match='m.gguf: is truncated: tensor second'):
    GgufFile(path)


def test_every_cut_through_the_header_is_an_error(tmp_path):
  path = _tiny(tmp_path / 'm.gguf')
  content = path.read_bytes()
  for size in range(0, 200, 7):
    path.write_bytes(content[:size])
    with pytest.raises(UserError, match='m.gguf'):
      GgufFile(path)


@pytest.mark.parametrize('content', [b'<html>not found</html>',
                                     b'version https://git-lfs.github.com',
                                     b'\x80\x02}q\x00.'])
def test_other_contents_are_not_gguf(tmp_path, content):
  path = tmp_path / 'm.gguf'
  path.write_bytes(content)
  with pytest.raises(UserError, match='is not a GGUF file'):
    GgufFile(path)


def test_missing_file_is_named(tmp_path):
  with pytest.raises(UserError, match='absent.gguf: cannot be read'):
    GgufFile(tmp_path / 'absent.gguf')


def test_unknown_version_and_type_are_named(tmp_path):
  path = _tiny(tmp_path / 'm.gguf')
  content = bytearray(path.read_bytes())
  path.write_bytes(content[:4] + struct.pack('<I', 9) + content[8:])
  with pytest.raises(UserError, match='GGUF version 9'):
    GgufFile(path)
  at = content.index(b'second') + len('second') + 4 + 2 * 8
  for code, name in ((GGMLQuantizationType.IQ2_XS.value, 'IQ2_XS'),
                     (77, 'number 77')):
    content[at:at + 4] = struct.pack('<I', code)
    path.write_bytes(content)
    with pytest.raises(UserError, match=f'second has type {name}'):
      GgufFile(path)


def test_a_type_that_does_not_fit_the_shape_is_mislabelled(tmp_path):
  path = _tiny(tmp_path / 'm.gguf')
  content = bytearray(path.read_bytes())
  at = content.index(b'second') + len('second') + 4 + 2 * 8
  content[at:at + 4] = struct.pack('<I', GGMLQuantizationType.Q4_K.value)
  path.write_bytes(content)
  with pytest.raises(UserError, match='second of shape .* is not made of'):
    GgufFile(path)
