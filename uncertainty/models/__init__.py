"""Language models: one decoder for all families, and loading of weights."""

from uncertainty.models.decoder import Decoder
from uncertainty.models.families.config import DecoderConfig, Rotary
from uncertainty.models.forward import (
    decode,
    empty_cache,
    extend_cache,
    raw_bits,
    read_hidden,
    unembed,
)
from uncertainty.models.loading import Model, Opened, load, open_source

__all__ = ['Decoder', 'DecoderConfig', 'Model', 'Opened', 'Rotary', 'decode',
           'empty_cache', 'extend_cache', 'load', 'open_source', 'raw_bits',
           'read_hidden', 'unembed']
