"""Chat templates of public models, rewritten, on a tokenizer of one word.

Each writes out what the model's own template does for system, user and
assistant turns of plain text.
"""

import tokenizers
import transformers

LLAMA_32 = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{% set system = messages[0]['content'] %}{% set turns = messages[1:] %}"
    "{% else %}{% set system = '' %}{% set turns = messages %}{% endif %}"
    "<|start_header_id|>system<|end_header_id|>\n\n"
    "Cutting Knowledge Date: December 2023\nToday Date: {{ date_string }}\n\n"
    "{{ system }}<|eot_id|>"
    "{% for turn in turns %}<|start_header_id|>{{ turn['role'] }}"
    "<|end_header_id|>\n\n{{ turn['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant"
    "<|end_header_id|>\n\n{% endif %}")

FALCON_3 = (
    "{% for turn in messages %}{% if turn['role'] != 'assistant' %}"
    "<|{{ turn['role'] }}|>\n{{ turn['content'] }}\n"
    "{% elif not loop.last %}<|assistant|>\n{{ turn['content'] }}"
    "{{ eos_token }}\n{% else %}<|assistant|>\n{{ turn['content'] }}"
    "{{ eos_token }}{% endif %}"
    "{% if loop.last and add_generation_prompt %}<|assistant|>\n{% endif %}"
    "{% endfor %}")

GEMMA_2 = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}"
    "{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for turn in messages %}<start_of_turn>"
    "{{ 'model' if turn['role'] == 'assistant' else turn['role'] }}\n"
    "{{ turn['content'] | trim }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}")

MISTRAL_01 = (
    "{{ bos_token }}{% for turn in messages %}"
    "{% if turn['role'] == 'user' %} [INST] {{ turn['content'] }} [/INST]"
    "{% elif turn['role'] == 'assistant' %} {{ turn['content'] }}"
    "{{ eos_token }}{% else %}"
    "{{ raise_exception('Only user and assistant roles') }}{% endif %}"
    "{% endfor %}")

# A template that silently leaves a system turn out.
DROPS_SYSTEM = (
    "{% for turn in messages %}{% if turn['role'] != 'system' %}"
    "[{{ turn['role'] }}]{{ turn['content'] }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}[assistant]{% endif %}")


def tokenizer(chat_template: str | None = None, bos: str | None = None,
              eos: str = '</s>', words: tuple[str, ...] = ()
              ) -> transformers.PreTrainedTokenizerFast:
  """A whole-word tokenizer; `words` are its vocabulary besides <unk>."""
  vocabulary = {word: i for i, word in enumerate(('<unk>', *words))}
  model = tokenizers.models.WordLevel(vocabulary, unk_token='<unk>')
  made = transformers.PreTrainedTokenizerFast(
      tokenizer_object=tokenizers.Tokenizer(model), unk_token='<unk>',
      bos_token=bos, eos_token=eos)
  made.chat_template = chat_template
  return made
