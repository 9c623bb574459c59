"""Prompts: how items are put to a model."""

from uncertainty.prompts.dialogue import (
    Dialogue,
    lead,
    style_of,
    takes_system,
    write,
)
from uncertainty.prompts.labels import letter_tokens, number_tokens
from uncertainty.prompts.orders import orders, permute, shuffled
from uncertainty.prompts.own_template import read as read_template
from uncertainty.prompts.profiles import build, cleaned, fitting, to_ascii

__all__ = ['Dialogue', 'build', 'cleaned', 'fitting', 'lead',
           'letter_tokens', 'number_tokens', 'orders', 'permute',
           'read_template', 'shuffled', 'style_of', 'takes_system', 'to_ascii',
           'write']
