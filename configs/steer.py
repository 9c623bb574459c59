"""Is the direction that reads doubt the one that causes it?

    python -m uncertainty.main --config=configs/steer.py \\
      --workdir=runs/steer --config.data.manual_dir=../shared/data

General-knowledge questions (Coane & Umanath 2021), asked once as they are and
then with directions added to SmolLM2-135M-Instruct's residual stream: those
that read people's entropy, the model's own, and whether it is right, each
fitted on the half of the items that is not steered along it. Beside them, as
long, five directions fitted to shuffled labels and five random ones, and each
taken out instead. `--config.prompt.answer=letters,verbal` asks for stated
confidence, too; with stated_doubt among `--config.steer.directions` it is
steered along, which takes hours on two cores unless
`--config.steer.answer=letters`.

Two cores of an Intel Xeon with much other work beside (12 % of one for this),
bfloat16, these and stated_doubt at doses −1 and 1, four controls of each kind:
545 s to score with stated confidence, 2 628 s to steer 4 320 items. At layer 14
choice entropy, .480 unsteered, moves by .046 a unit of dose along what reads
people's entropy, .096 along what reads the model's own, −.066 along being
right, −.056 along stated doubt; along shuffled labels by −.021 to .041. Whether
any of them does more than those cannot be told with four controls. The model
answers C whatever is added: accuracy does not move.

Both models on 2 cores of an AMD EPYC at a load of 13 to 24, bfloat16,
`--config.data.limit=40 --config.steer.doses=-1,1 --config.steer.ablate=False`:
2 080 items in 191 processor seconds (21 min of the clock). Choice entropy of
SmolLM2, .469, moves by .033 a unit of dose along what reads people's entropy,
.112 along what reads its own, −.035 along being right, and −.032 to .054 along
five directions of shuffled labels; that of Gemma 3 270M, .986, by .003, .004
and −.005, and −.004 to .006. Of all six the claim `steered` says that it cannot
be told; SmolLM2's own entropy comes nearest (.100 beyond the controls, .002 to
.198 before correction for the other claims).
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False)
  config = common.default()
  config.data.name = 'coane'
  config.data.limit = 120
  config.prompt.answer = 'letters'
  config.probe.sites = 'residual'
  config.probe.n_permutations = 200
  config.steer.directions = 'people_entropy,model_entropy,model_correct'
  if arg.quicktest:
    common.shrink(config)
  return config
