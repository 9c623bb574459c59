"""Prompts against the published ones, and the rules of each profile."""

import dataclasses
import importlib.util
import pathlib

import pandas as pd
import pytest

from uncertainty import data, memory, prompts
from uncertainty.prompts import dialogue, instructions
from uncertainty.specs import DataSpec, PromptSpec
from uncertainty.types import Item, UserError

_PATH = pathlib.Path(__file__).with_name('templates.py')
_SPEC = importlib.util.spec_from_file_location('templates', _PATH)
templates = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(templates)

# Published model → template, BOS, EOS.
MODELS = {
    'Llama_3.2_1B': (templates.LLAMA_32, '<|begin_of_text|>', '<|eot_id|>'),
    'Falcon3_1B': (templates.FALCON_3, None, '<|endoftext|>'),
    'Gemma2_2B': (templates.GEMMA_2, '<bos>', '<eos>'),
    'Mistral_0.1': (templates.MISTRAL_01, '<s>', '</s>'),
}
ITEM = Item('q', 'Who wrote “Emma”?', ('Austen', 'Brontë', 'Woolf'), answer=0,
            human_shares=(.7, .2, .1))


def _chat(template=templates.FALCON_3, bos=None):
  return templates.tokenizer(template, bos)


def _build(tokenizer, item=ITEM, dataset='coane', **fields):
  [prompt] = prompts.build([item], PromptSpec(**fields), tokenizer,
                           dataset=dataset)
  return prompt


def _assert_equal(made, published):
  assert [p.text for p in made] == published.tolist()


@pytest.mark.shared
@pytest.mark.parametrize('model', MODELS)
@pytest.mark.parametrize(('suffix', 'style'), [('', 'completion'),
                                               ('_Ins', 'chat')])
def test_paper_profile_equals_the_published_coane_prompts(
    shared, tmp_path_factory, monkeypatch, model, suffix, style):
  monkeypatch.setattr(dialogue, 'CHAT_DATE', '15 May 2026')  # day of the run
  items = data.load(DataSpec(
      'coane', manual_dir=str(shared / 'data'),
      data_dir=str(tmp_path_factory.getbasetemp() / 'coane')))
  published = pd.read_parquet(
      shared / 'published' / 'coane' / f'coane_{model}{suffix}.parquet')
  assert len(published) == 421
  tokenizer = templates.tokenizer(*MODELS[model])
  for answer, column in (('letters', 'formatted_question_mcqa'),
                         ('free', 'formatted_question_fr')):
    spec = PromptSpec('paper', style, answer)
    _assert_equal(prompts.build(items, spec, tokenizer, dataset='coane'),
                  published[column])


@pytest.mark.shared
@pytest.mark.parametrize(('suffix', 'style'), [('', 'completion'),
                                               ('_Ins', 'chat')])
def test_paper_profile_equals_the_published_protoqa_prompts(
    shared, monkeypatch, suffix, style):
  monkeypatch.setattr(dialogue, 'CHAT_DATE', '05 May 2026')
  folder = shared / 'published' / 'protoqa'
  published = pd.read_parquet(
      folder / f'protoqa_Llama_3.2_1B{suffix}.parquet',
      columns=['Question', 'Answers', 'formatted_question_mcqa'])
  items = [Item(str(i), q, tuple(a)) for i, (q, a) in enumerate(
      zip(published['Question'], published['Answers']))]
  tokenizer = templates.tokenizer(*MODELS['Llama_3.2_1B'])
  made = prompts.build(items, PromptSpec('paper', style, 'letters'), tokenizer,
                       dataset='protoqa')
  _assert_equal(made, published['formatted_question_mcqa'])


def test_the_stray_brace_is_in_the_paper_s_chat_multiple_choice_only():
  chat = _chat()
  assert _build(chat, profile='paper').text.endswith('<|assistant|>\n{')
  assert _build(chat, profile='clean').text.endswith('<|assistant|>\n')
  for profile in ('paper', 'clean'):
    text = _build(chat, profile=profile, style='completion').text
    assert text.endswith('Answer:')
  one = _build(chat, profile='paper').text.removesuffix('{')
  assert one == _build(chat, profile='clean').text


@pytest.mark.parametrize('profile', ['paper', 'clean'])
@pytest.mark.parametrize('style', ['chat', 'completion'])
def test_free_responses_start_inside_a_brace(profile, style):
  text = _build(_chat(), answer='free', profile=profile, style=style).text
  assert text.endswith('{') and '{Au}' in text


def test_items_become_ascii_but_letters_stay():
  text = _build(_chat()).text
  assert 'Who wrote "Emma"?' in text and 'B. Brontë' in text
  assert prompts.to_ascii('‘a’ “b” c–d—e …') == '\'a\' "b" c-d-e ...'


@pytest.mark.parametrize('template', ['GEMMA_2', 'MISTRAL_01', 'DROPS_SYSTEM'])
def test_a_template_without_system_turns_gets_it_before_the_question(template):
  tokenizer = _chat(getattr(templates, template), '<s>')
  assert not prompts.takes_system(tokenizer)
  text = _build(tokenizer).text
  system = instructions.PAPER.labelled_system.format(label='letter')
  assert text.count(system) == 1
  assert f'{system}\n\nQuestion: What is the chemical symbol' in text


def test_bos_text_starts_a_completion_once_and_only_if_there_is_one():
  with_bos = _build(templates.tokenizer(bos='<s>')).text
  assert with_bos.startswith('<s>Question') and with_bos.count('<s>') == 1
  assert _build(templates.tokenizer()).text.startswith('Question')


def test_auto_style_chats_where_there_is_a_template():
  assert '<|user|>' in _build(_chat()).text
  assert '<|user|>' not in _build(templates.tokenizer()).text
  with pytest.raises(UserError, match='no chat template; use --config'):
    _build(templates.tokenizer(), style='chat')


def test_without_examples_only_the_item_is_asked():
  text = _build(templates.tokenizer(), few_shot=False).text
  assert text == ('Question: Who wrote "Emma"?\nA. Austen\nB. Brontë\n'
                  'C. Woolf\nAnswer:')
  chat = _build(_chat(), few_shot=False, answer='free').text
  assert chat.count('<|user|>') == 1


def test_numbers_label_choices_with_numbers():
  text = _build(_chat(), answer='numbers', profile='clean').text
  assert '1. Austen\n2. Brontë\n3. Woolf\nAnswer:' in text
  assert 'only the number of the correct answer' in text
  assert '<|assistant|>\n3' in text  # gold is the third choice


def test_text_answers_continue_the_prompt_in_the_choices_words():
  prompt = _build(templates.tokenizer(), answer='text')
  assert prompt.text.endswith('Question: Who wrote "Emma"?\nAnswer:')
  assert 'Question: What is the chemical symbol for gold?\nAnswer: Au\n\n' in (
      prompt.text)
  assert prompt.continuations == (' Austen', ' Brontë', ' Woolf')
  assert prompt.neutral_text == prompt.text.replace('Who wrote "Emma"?', 'N/A')


def test_text_answers_in_a_chat_are_the_assistant_s_turn():
  prompt = _build(_chat(), answer='text')
  assert prompt.text.endswith('<|user|>\nQuestion: Who wrote "Emma"?\n'
                              '<|assistant|>\n')
  assert prompt.continuations == ('Austen', 'Brontë', 'Woolf')
  mistral = _build(_chat(templates.MISTRAL_01, '<s>'), answer='text')
  assert mistral.text.endswith('[/INST]')
  assert mistral.continuations == (' Austen', ' Brontë', ' Woolf')


# Logs hold their own examples; Provo's next words are no choices.
@pytest.mark.parametrize(
    'dataset', sorted(instructions.WORDINGS.keys() - {'lm_eval', 'provo'}))
@pytest.mark.parametrize('style', ['chat', 'completion'])
@pytest.mark.parametrize('answer', ['letters', 'numbers', 'text'])
def test_every_data_set_has_worked_examples_and_fills_its_wording(
    dataset, style, answer):
  prompt = _build(_chat(), dataset=dataset, style=style, answer=answer,
                  item=dataclasses.replace(ITEM, group='us_history'))
  for field in ('{question}', '{label}', '{group}', '{cue}'):
    assert field not in prompt.text + prompt.neutral_text
  wording = instructions.WORDINGS[dataset]
  assert len(wording.examples) >= 2
  for example in wording.examples:
    assert example.question in prompt.text
    assert 0 <= example.answer < len(example.choices)


def test_mmlu_shows_the_subject_s_own_examples_in_the_clean_profile():
  own = (Item('d0', 'Two and two?', ('3', '4'), answer=1),
         Item('d1', 'Three and two?', ('5', '4'), answer=0))
  item = dataclasses.replace(ITEM, group='elementary_mathematics',
                             extra={'examples': own})
  text = _build(templates.tokenizer(), item, 'mmlu').text
  assert text.startswith(
      'The following are multiple choice questions (with answers) about'
      ' elementary mathematics.\n\nQuestion: Two and two?\nA. 3\nB. 4\n'
      'Answer: B\n\nQuestion: Three and two?')
  assert 'gold' not in text
  assert 'gold' in _build(templates.tokenizer(), item, 'mmlu',
                          profile='paper').text


def test_opinions_do_not_ask_for_what_is_correct():
  assert 'correct' not in _build(_chat(), dataset='protoqa').text


def test_words_follow_a_list_of_rated_words():
  item = Item('w', 'keenness', ('very negative', 'neutral'))
  prompt = _build(templates.tokenizer(bos='<s>'), item, 'vader', answer='text')
  lines = prompt.text.removeprefix('<s>').splitlines()
  assert lines[0] == 'matter: neutral' and lines[-1] == 'keenness:'
  assert len(lines) == 1 + len(instructions.WORDINGS['vader'].examples)
  assert prompt.continuations == (' very negative', ' neutral')
  assert prompt.neutral_text.endswith('\nN/A:')


def test_open_questions_about_words_and_statements_are_whole_sentences():
  word = _build(_chat(), Item('w', 'keenness'), 'vader', answer='free').text
  assert 'Is the word "keenness" very negative, negative,' in word
  assert 'Is the word "restless" very negative' in word
  assert '{negative}.' in word and '{positive}.' in word
  text = _build(_chat(), Item('s', 'Fish fly.'), 'truth', answer='free').text
  assert 'Is this statement true or false? Fish fly.\nAnswer in' in text
  assert '{true}.' in text and '{false}.' in text


def test_statements_stand_alone():
  item = Item('s', 'The salmon is a fish.', ('true', 'false'))
  prompt = _build(templates.tokenizer(bos='<s>'), item, 'truth',
                  answer='statement')
  assert prompt.text == '<s>The salmon is a fish.'


@pytest.mark.parametrize(('fields', 'words'), [
    ({'profile': 'papper'}, 'choose paper or clean'),
    ({'style': 'chatt'}, 'choose auto, chat or completion'),
    ({'answer': 'letter'}, 'choose one of letters'),
])
def test_unknown_settings_list_the_known_ones(fields, words):
  with pytest.raises(UserError, match=words):
    _build(_chat(), **fields)


def test_open_questions_cannot_be_asked_as_closed_ones():
  with pytest.raises(UserError, match=r'no choices.*answer=free'):
    _build(_chat(), Item('q', 'Why?'))
  assert _build(_chat(), Item('q', 'Why?'), answer='free').text.endswith('{')


def test_an_unknown_data_set_is_refused():
  with pytest.raises(UserError, match='no prompts for this data set'):
    _build(_chat(), dataset='coanne')


@pytest.mark.parametrize(('answer', 'times'), [('letters', 1), ('text', 2)])
def test_prompts_that_are_too_much_together_are_refused(
    monkeypatch, answer, times):
  """Each is within the bound of one prompt."""
  monkeypatch.setattr(memory, 'machine_bytes', lambda: 16 << 20)
  long = _chat("{% for m in messages %}{{ m.content }}{% endfor %}"
               "{{ 'a' * 30000 }}")
  spec = PromptSpec(style='chat', answer=answer)
  made = prompts.build([ITEM] * (30 // times), spec, long, dataset='coane')
  assert len(made[0].text) > 30_000
  with pytest.raises(UserError, match=(
      "the prompts take more than 1 MiB.*n_orders.*template")) as raised:
    prompts.build([ITEM] * 10_000, spec, long, dataset='coane')
  assert '\n' not in str(raised.value)
