"""The paper's own result files: its figures cell by cell, then done soundly.

    python -m uncertainty.main --config=configs/published.py \\
      --workdir=runs/published --config.results_dir=../shared/published

2 cores of an AMD EPYC, 30 models × Coane multiple choice, 2 000 bootstrap
draws: 84 s, of which 38 s analysis and 40 s report. 1 774 of 1 775 printed
cells and 860 of 860 blanks match.

No model is needed. The folder may hold any subset of the paper's files, in
any nesting. Multiple-choice files have no human columns: they come from fuller
files of the same data set in or beside the folder, else from the data set
itself (`--config.data.manual_dir`). Cells are compared with
`figures/*_cells.csv` beside the folder, or with
`--config.analysis.compare_with=CSV`.

`analysis/cells.parquet` follows the paper's recipes, blanks and flaws
included; `--config.mode=sound` computes the same figures without them. All
other tables are the sound analysis in either mode.
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  arg = common.parse_arg(arg, quicktest=False)
  config = common.default()
  config.data.name = 'coane'
  config.mode = 'reproduction'
  config.analysis.results_format = 'published'
  if arg.quicktest:
    common.shrink(config)
  return config
