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
from uncertainty.models.loading import Model, load

__all__ = ['Decoder', 'DecoderConfig', 'Model', 'Rotary', 'decode',
           'empty_cache', 'extend_cache', 'load', 'raw_bits', 'read_hidden',
           'unembed']
