"""What describes a measure, and what it is a measure of."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Subject:
  """What a measure is a measure of, and so what it is held against.

  Attributes:
    about: `choice` (which choice the model takes), `written` (an answer that
      it wrote) or `stated` (an answer that it gave with a confidence in
      words, to a question with or without choices).
    grade: results column that says whether that answer was right.
    foreign: how the human signals start that it is not compared with. A
      choice meets people's choosing, a written answer their recall; a stated
      confidence, which may be of either, meets both.
  """

  about: str
  grade: str
  foreign: tuple[str, ...]


# What a measure is taken over; `registry.PREFIXES` says what each is.
MC, FR, BRACKET = 'mc', 'fr', 'bracket'
FR_FIRST, BRACKET_FIRST = 'fr_first', 'bracket_first'

_RECALL, _CHOOSING = ('human_fr_',), ('human_mc_',)
OF_CHOICE = Subject('choice', 'correct', _RECALL)
OF_ANSWER = Subject('written', 'fr_correct', _CHOOSING)
OF_SAMPLES = Subject('written', 'sample_correct', _CHOOSING)
OF_JUDGED = Subject('written', 'p_true_correct', _CHOOSING)

# A measure that is not of the item as a whole is of what its prefix names.
_OF_PREFIX = {
    MC: OF_CHOICE, FR: OF_ANSWER, BRACKET: OF_ANSWER,
    FR_FIRST: OF_ANSWER, BRACKET_FIRST: OF_ANSWER,
}


@dataclasses.dataclass(frozen=True)
class Measure:
  """One measure of uncertainty.

  Attributes:
    name: as in results columns, after the prefix.
    formula: in natural logarithms; p is the next-token distribution in
      descending order, c the choices' probabilities.
    source: where it was proposed or used.
    orientation: +1 if high means uncertain, −1 if low does.
    range: smallest and largest possible value.
    needs: answer formats that give it, for people to read.
    passes: forward passes for one item.
    prefixes: what it is taken over.
    paper_name: column of the paper's own files, after the prefix; '' if none.
    of: its subject; None where that is its prefix's (`subject`).
    primary: whether it is the one that its way of asking is judged by
      (`PRIMARY`), over the first of its prefixes.
    kind: what it shares with measures of the same formula or quantity; such
      measures are one unit where claims are made over many. '' if it has none.
  """

  name: str
  formula: str
  source: str
  orientation: int
  range: tuple[float, float]
  needs: str
  passes: str
  prefixes: tuple[str, ...]
  paper_name: str = ''
  of: Subject | None = None
  primary: bool = False
  kind: str = ''

  def subject(self, prefix: str) -> Subject:
    """What it is a measure of when taken over a prefix.

    Args:
      prefix: one of `prefixes`.

    Returns:
      Its own subject, or else the prefix's.

    Raises:
      KeyError: it has none of its own and no such prefix has one.
    """
    return self.of or _OF_PREFIX[prefix]

  @property
  def primary_column(self) -> str:
    """The results column that is primary; '' if none is."""
    return column(self.prefixes[0], self.name) if self.primary else ''


def column(prefix: str, name: str) -> str:
  """The results column of a measure: `mc`, `total_entropy` → joined.

  Args:
    prefix: one of `PREFIXES`.
    name: a measure's, such as `total_entropy`.

  Returns:
    The two joined by an underscore; the name alone for the prefix ''.
  """
  return f'{prefix}_{name}' if prefix else name
