"""Columns of DIR/tuning.parquet, the log of a tuning."""

from collections.abc import Mapping

from uncertainty.results.table_columns import Table, describe

STEP, LOSS, HELD_OUT_LOSS = 'step', 'training_loss', 'held_out_loss'
OBJECTIVE_LOSS, KL_TO_BASE = 'objective_loss', 'kl_to_base'
LEARNING_RATE, GRADIENT_NORM = 'learning_rate', 'gradient_norm'
TOKENS, SECONDS = 'read_tokens', 'step_seconds'

TABLES: Mapping[str, Table] = {t.name: t for t in (
    describe({}, 'tuning', 'tuning.run', (
        'One step of the optimiser, in DIR/tuning.parquet; row 0 is the '
        'untuned model.'), '',
        (STEP, 'int', 'count', 'Steps done.'),
        (LOSS, 'float', 'nats', (
            "Of the step's lessons, before it: objective_loss + tune.kl · "
            'kl_to_base.')),
        (OBJECTIVE_LOSS, 'float', 'nats', (
            'Mean over lessons (answers: tokens) of the objective; between '
            'people and model a share of the scale with tune.divergence='
            'wasserstein.')),
        (KL_TO_BASE, 'float', 'nats', (
            'KL(base ‖ tuned) of the next token where answers are read; 0 '
            'where tune.kl is, and it is not computed.')),
        (HELD_OUT_LOSS, 'float', 'nats', (
            'training_loss of the items that are not trained on, after the '
            'step; every tune.every steps.')),
        (LEARNING_RATE, 'float', 'none', "The step's."),
        (GRADIENT_NORM, 'float', 'none', 'Before it is clipped.'),
        (TOKENS, 'int', 'tokens', (
            'Read in the step, what prompts share once a row.')),
        (SECONDS, 'float', 's', 'That the step took, compiling included.')),)}
