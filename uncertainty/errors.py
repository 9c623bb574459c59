"""The one error that people see; imports nothing, so that all may raise it."""


class UserError(Exception):
  """Bad input: says what was wrong, where, and what to do, in one line.

  `main` prints it without a traceback and exits with status 1.
  """
