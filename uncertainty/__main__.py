"""The program, as the script `uncertainty` and as `python -m uncertainty`."""

from uncertainty import stopping


def main() -> None:
  """Runs it; whoever stops it early waits for no import."""
  stopping.exit_on_signals()
  from uncertainty import main as program
  program.main()


if __name__ == '__main__':
  main()
