"""What a described column matches."""

from uncertainty.results import column


def test_a_name_matches_itself_and_placeholders_their_words():
  plain, named, asked = column.by(
      'x', ('rho', 'float', '', ''), ('human_NAME', 'float', '', ''),
      ('TASK_prompt', 'string', '', ''))
  assert plain.matches('rho') and not plain.matches('rho_p')
  assert named.matches('human_mood') and not named.matches('human_')
  assert asked.matches('p_true_prompt') and not asked.matches('song_prompt')
  assert plain.writer == 'x'


def test_a_dot_in_a_name_is_a_dot():
  one, = column.by('x', ('nucleus_0.9', 'float', '', ''))
  assert one.matches('nucleus_0.9') and not one.matches('nucleus_0x9')
