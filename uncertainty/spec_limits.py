"""What the values of config fields may be."""

# Fields that take one of a few words.
CHOICES = {
    'model.dtype': ('float64', 'float32', 'bfloat16'),
    'data.trained_items': ('refuse', 'leave_out'),
    'prompt.profile': ('paper', 'clean'),
    'prompt.style': ('auto', 'chat', 'completion'),
    'prompt.text_score': ('pmi', 'sum', 'per_token', 'per_byte'),
    'free.grader': ('rules', 'model'),
    'free.semantic_correction': ('none', 'miller_madow', 'chao_shen'),
    'probe.store': ('rows', 'sums'),
    'tune.objective': ('hard', 'smoothed', 'human', 'calibration', 'answers'),
    'tune.over': ('choices', 'vocabulary'),
    'tune.method': ('lora', 'full'),
    'tune.split_by': ('item', 'subject'),
    'steer.fit': ('means', 'ridge'),
    'analysis.human_entropy': (
        'plain', 'miller_madow', 'chao_shen', 'dirichlet'),
    'analysis.results_format': ('ours', 'published'),
    'mode': ('sound', 'reproduction', 'compare'),
}
# Smallest and largest values that mean something. What no machine could hold
# is refused here rather than by whatever runs out of memory first.
RANGES: dict[str, tuple[float, float]] = {
    'model.model_axis': (1, 65_536),
    'data.limit': (1, 10**9),
    'prompt.n_orders': (1, 10_000),
    'score.batch_tokens': (0, 2**22),
    'score.row_tokens': (0, 2**20),
    'score.top_k': (1, 100_000),
    'free.max_tokens': (1, 100_000),
    'free.batch_size': (1, 65_536),
    'free.n_samples': (1, 10_000),
    'free.temperature': (0, 100),
    'free.top_p': (1e-6, 1),
    'free.top_k': (0, 10**6),
    'probe.n_folds': (2, 1000),
    'probe.n_permutations': (0, 10**6),
    'tune.smoothing': (0, 0.999),
    'tune.kl': (0, 1e6),
    'tune.rank': (1, 65_536),
    'tune.alpha': (1e-6, 1e6),
    'tune.steps': (1, 10**9),
    'tune.batch_size': (1, 65_536),
    'tune.accumulate': (1, 65_536),
    'tune.learning_rate': (0, 100),
    'tune.warm_up': (0, 10**9),
    'tune.weight_decay': (0, 100),
    'tune.clip': (0, 1e9),
    'tune.every': (1, 10**9),
    'tune.held_out': (0, 0.95),
    'tune.split_seed': (0, 2**31 - 1),
    'steer.n_controls': (0, 10_000),
    'steer.n_folds': (2, 1000),
    'analysis.n_bootstrap': (1, 10**6),
    'analysis.confidence_level': (0.5, 0.9999),
    'analysis.alpha': (1e-6, 0.5),
    'analysis.n_bins': (1, 10_000),
    'analysis.calibrated_below': (1e-6, 1),
    'analysis.set_coverage': (0.01, 0.999),
    'seed': (0, 2**31 - 1),
}
# Fields that name something, several of it where commas part them.
NAMED = ('model.source', 'data.name', 'prompt.answer', 'probe.protocol',
         'probe.positions')
PROTOCOLS = ('paper', 'sound', 'doubt')
# The first three each alone; of what follows, about a written answer, several.
POSITIONS = ('last_prompt', 'answer', 'all', 'bracket_mean',
             'before_generating', 'second_last', 'answer_end', 'exact_answer')
JUDGES = ('words', 'model', 'embedding', 'nli')
