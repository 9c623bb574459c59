"""Your own questions: a CSV, Parquet or JSONL file.

Columns: `question`, `choices`, and where known `answer` and people's
`human_counts` or `human_shares`; README, "Your own data", shows a file.

    python -m uncertainty.main --config=configs/table.py --workdir=runs/mine \\
      --config.data.path=my_questions.csv
"""

from ml_collections import config_dict

from configs import common


def get_config(arg: str | None = None) -> config_dict.ConfigDict:
  return common.asked('table', 'text', arg)
