"""Columns of the tables of sets of choices, and of abstention."""

from collections.abc import Mapping

from uncertainty.results.table_columns import SHARED, Table, describe

_WRITER = 'analysis.questions.prediction_sets'
_LABELS = ('labels', 'string', '', (
    '`answers`: the right one; `people`: their shares, so that coverage is of '
    'a person\'s answer.'))
_SCORE = ('nonconformity', 'string', '', (
    '`lac`: 1 − p; `aps`: p of all choices as probable or more; `aps_random`: '
    'its own p counted in a random part.'))
_CONDITION = ('condition', 'string', '', (
    'One threshold for all (`marginal`), one a place of the choice (`class`), '
    'or one a group of items (`group`).'))

TABLES: Mapping[str, Table] = {t.name: t for t in (
    describe(SHARED, 'sets', _WRITER,
             'Split conformal sets of one model\'s choices, over random halves '
             'of the items.', 'model dataset accuracy rho p_value n',
             _LABELS, _SCORE, _CONDITION,
             ('nominal', 'float', 'share', 'config.analysis.set_coverage.'),
             ('coverage', 'float', 'share', (
                 'Labels inside, of the tested half; mean over splits.')),
             ('coverage_low', 'float', 'share', 'Its 2.5 % over splits.'),
             ('coverage_high', 'float', 'share', 'Its 97.5 % over splits.'),
             ('set_size', 'float', 'choices', 'Mean of a set.'),
             ('empty_share', 'float', 'share', 'Sets without a choice.'),
             ('uacc', 'float', 'to √K', (
                 'accuracy / set_size · mean √K (Ye et al. 2024).')),
             ('n_calibration', 'int', 'items', 'In the other half.')),
    describe(SHARED, 'sets_by_group', _WRITER,
             'The same among items of one group, or of one right choice.',
             'model dataset n', _LABELS, _SCORE, _CONDITION,
             ('stratum_kind', 'string', '', '`group` or `class`.'),
             ('stratum', 'string', '', 'Which; a class by its place.'),
             ('coverage', 'float', 'share', 'Labels inside; mean over splits.'),
             ('set_size', 'float', 'choices', 'Mean of a set.')),
    describe(SHARED, 'abstention', 'analysis.questions.abstention',
             'One model that answers only where it is sure enough, over '
             'random halves of the items.', 'model dataset accuracy n',
             _LABELS,
             ('rule', 'string', '', (
                 '`risk`: as many answers as keep wrong ones below nominal, of '
                 'all items; `coverage`: nominal of the items are answered.')),
             ('nominal', 'float', 'share', 'Of the rule.'),
             ('answered', 'float', 'share', 'Answered, of the tested half.'),
             ('risk', 'float', 'share', ('Items answered wrongly, of all; with '
              '`people`, the share of them who choose otherwise.')),
             ('risk_low', 'float', 'share', 'Its 2.5 % over splits.'),
             ('risk_high', 'float', 'share', 'Its 97.5 % over splits.'),
             ('selective_risk', 'float', 'share', 'Of those answered.'),
             ('n_calibration', 'int', 'items', 'In the other half.')),
)}
