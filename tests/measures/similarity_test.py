"""Measures of pairwise similarity: by hand, bounds, and others' code."""

import itertools

import numpy as np
import pytest
import scipy.linalg

from uncertainty.measures import similarity

N_RANDOM = 200
GRAPH = (similarity.degree_uncertainty, similarity.eigenvalue_sum,
         similarity.eccentricity)


def _random(seed):
  rng = np.random.default_rng(seed)
  n = int(rng.integers(2, 13))
  alike_SS = rng.beta(.5, .5, (n, n))
  np.fill_diagonal(alike_SS, 1)
  return alike_SS


def _cliques(clusters):
  clusters = np.asarray(clusters)
  return (clusters[:, None] == clusters).astype(float)


def _words(seed, n_samples=5):
  rng = np.random.default_rng(seed)
  return [tuple(rng.choice(list('abcdefg'), int(rng.integers(1, 7))))
          for _ in range(n_samples)]


def test_two_samples_by_hand():
  alike_SS = np.array([[1, .2], [.6, 1]])  # .4 both ways
  assert similarity.degree_uncertainty(alike_SS) == pytest.approx(.3)
  # W / 1.4 has eigenvalues 1 and .6 / 1.4.
  assert similarity.eigenvalue_sum(alike_SS) == pytest.approx(1 + 3 / 7)
  # 1 − 3/7 is below .9: its eigenvector (1, −1) / √2 counts, the other, being
  # constant, has no spread.
  assert similarity.eccentricity(alike_SS) == pytest.approx(1)


@pytest.mark.parametrize('n', [2, 3, 10])
def test_all_alike_and_all_different(n):
  assert [f(np.ones((n, n))) for f in GRAPH] == pytest.approx(
      [0, 1, 0], abs=1e-7)
  assert [f(np.eye(n)) for f in GRAPH] == pytest.approx(
      [1 - 1 / n, n, np.sqrt(n - 1)], abs=1e-7)


def test_clusters_are_counted():
  alike_SS = _cliques([0, 1, 0, 2, 2, 2])
  assert similarity.eigenvalue_sum(alike_SS) == pytest.approx(3)
  assert similarity.degree_uncertainty(alike_SS) == pytest.approx(
      1 - (4 + 1 + 9) / 36)
  assert similarity.eccentricity(alike_SS) == pytest.approx(np.sqrt(2))


@pytest.mark.parametrize('measure', GRAPH)
def test_order_and_direction_mean_nothing(measure):
  for seed in range(50):
    alike_SS = _random(seed)
    order = np.random.default_rng(seed).permutation(len(alike_SS))
    value = measure(alike_SS)
    assert measure(alike_SS[np.ix_(order, order)].T) == pytest.approx(
        value, abs=1e-7)
    assert 0 <= value <= len(alike_SS)


def test_graph_measures_agree_with_the_random_walk():
  """An independent way: SciPy on (D − W) v = λ D v, whose u is D^½ v."""
  for seed in range(N_RANDOM):
    alike_SS = _random(seed)
    n = len(alike_SS)
    weights_SS = (alike_SS + alike_SS.T) / 2
    degree_SS = np.diag([sum(row) for row in weights_SS])
    assert similarity.degree_uncertainty(alike_SS) == pytest.approx(
        np.trace(n * np.eye(n) - degree_SS) / n**2, abs=1e-6)
    values_S, vectors_SS = scipy.linalg.eigh(
        degree_SS - weights_SS, degree_SS)
    assert similarity.eigenvalue_sum(alike_SS) == pytest.approx(
        sum(max(0, 1 - v) for v in values_S), abs=1e-6)
    vectors_SS = np.sqrt(degree_SS) @ vectors_SS
    squared = sum(np.var(vectors_SS[:, k]) * n
                  for k in range(n) if values_S[k] < .9)
    assert similarity.eccentricity(alike_SS) == pytest.approx(
        np.sqrt(squared), abs=1e-6)


def test_lexical_similarity_by_hand():
  assert similarity.rouge_l('abcd', 'bxd') == pytest.approx(2 * 2 / 7)
  assert similarity.rouge_l((), ()) == similarity.rouge_l((), ('a',)) == 0
  assert similarity.lexical_similarity(
      [('a', 'b'), ('a', 'b'), ('c',)]) == pytest.approx(1 / 3)
  assert similarity.jaccard('abc', 'bcd') == .5
  assert similarity.jaccard('', '') == 0
  with pytest.raises(ValueError, match='two samples'):
    similarity.lexical_similarity([('a',)])


def test_rouge_is_that_of_every_subsequence():
  """An independent way: all subsequences, the longest that both have."""
  def parts(words):
    return {c for k in range(len(words) + 1)
            for c in itertools.combinations(words, k)}

  for seed in range(N_RANDOM):
    a, b = _words(seed, 2)
    longest = max(map(len, parts(a) & parts(b)))
    precision, recall = longest / len(b), longest / len(a)
    expected = (2 * precision * recall / (precision + recall)
                if longest else 0)
    assert similarity.rouge_l(a, b) == pytest.approx(expected, abs=1e-12)


def test_semantic_density_by_hand():
  # Of weights ½, ¼, ¼ and similarities 1, .5, 0.
  assert similarity.semantic_density(
      [1, .5, 0], np.log([.2, .1, .1])) == pytest.approx(.625)
  assert similarity.semantic_density([1], [-5.]) == 1
  # Tiny probabilities lose nothing.
  assert similarity.semantic_density(
      [1, 0], [-2000., -2000.]) == pytest.approx(.5)


def test_sar_by_hand():
  assert similarity.token_sar([-1., -2., -4.], [.5, .5, 0]) == 1.5
  # No token matters: all do alike.
  assert similarity.token_sar([-1., -3.], [0, 0]) == 2
  assert not np.signbit(similarity.token_sar([0., 0.], [1, 1]))  # no −0
  p = np.array([.5, .25])
  alike_SS = np.array([[1, .004], [.002, 1]])
  assert similarity.sentence_sar(np.log(p), alike_SS) == pytest.approx(
      -np.mean(np.log([.5 + 4 * .25, .25 + 2 * .5])))
  # What is no probability may be above 1, and the measure below 0.
  assert similarity.sentence_sar(np.log(p), np.ones((2, 2))) < 0
  # Of samples that nothing backs it is the mean of −ln p, however small p.
  assert similarity.sentence_sar([-900., -1000.], np.eye(2)) == 950
  with pytest.raises(ValueError, match='one token'):
    similarity.token_sar([], [])


def test_cocoa_by_hand():
  assert similarity.cocoa(2., np.array([1, .5, 0])) == 1
  assert similarity.cocoa(2., np.ones(3)) == 0
  with pytest.raises(ValueError, match='another sample'):
    similarity.cocoa(1., np.array([]))


def test_sums_agree_with_loops():
  """An independent way: the definitions, one term at a time."""
  for seed in range(N_RANDOM):
    rng = np.random.default_rng(seed)
    alike_SS = _random(seed)
    n = len(alike_SS)
    p = rng.uniform(1e-6, 1, n)
    terms = []
    for s in range(n):
      backing = sum(p[k] * alike_SS[s, k] for k in range(n) if k != s)
      terms.append(-np.log(p[s] + backing / .001))
    assert similarity.sentence_sar(np.log(p), alike_SS) == pytest.approx(
        sum(terms) / n, abs=1e-6)
    assert similarity.token_sar(np.log(p), alike_SS[0]) == pytest.approx(
        sum(-np.log(p[t]) * alike_SS[0, t] for t in range(n))
        / sum(alike_SS[0]), abs=1e-6)
    assert similarity.semantic_density(
        alike_SS[0], np.log(p)) == pytest.approx(
            sum(p[s] * alike_SS[0, s] for s in range(n)) / sum(p), abs=1e-6)
    assert similarity.cocoa(-np.log(p[0]), alike_SS[0, 1:]) == pytest.approx(
        -np.log(p[0]) * sum(1 - a for a in alike_SS[0, 1:]) / (n - 1),
        abs=1e-6)


@pytest.mark.parity
@pytest.mark.peers
@pytest.mark.parametrize('module, name, ours', [
    ('deg_mat', 'DegMat', similarity.degree_uncertainty),
    ('eig_val_laplacian', 'EigValLaplacian', similarity.eigenvalue_sum),
    ('eccentricity', 'Eccentricity', similarity.eccentricity)])
def test_graph_measures_agree_with_lm_polygraph(
    polygraph, module, name, ours):
  theirs = getattr(polygraph(module), name)()
  for seed in range(N_RANDOM):
    alike_SS = _random(seed)
    assert ours(alike_SS) == pytest.approx(theirs({
        'semantic_matrix_entail': alike_SS[None],
        'sample_texts': [[''] * len(alike_SS)]})[0], abs=1e-6)


@pytest.mark.parity
@pytest.mark.peers
def test_lexical_similarity_agrees_with_lm_polygraph(polygraph):
  theirs = polygraph('lexical_similarity').LexicalSimilarity('rougeL')
  for seed in range(N_RANDOM):
    words = _words(seed)
    assert similarity.lexical_similarity(words) == pytest.approx(
        -theirs({'sample_texts': [[' '.join(w) for w in words]]})[0],
        abs=1e-6)


@pytest.mark.parity
@pytest.mark.peers
def test_sar_density_and_cocoa_agree_with_lm_polygraph(polygraph):
  token = polygraph('token_sar').TokenSAR()
  sentence = polygraph('sentence_sar').SentenceSAR()
  whole = polygraph('sar').SAR()
  density = polygraph('semantic_density').SemanticDensity(concat_input=False)
  cocoa = {-1: polygraph('cocoa').CocoaPPL(), 0: polygraph('cocoa').CocoaMSP()}
  for seed in range(N_RANDOM):
    rng = np.random.default_rng(seed)
    alike_SS = _random(seed)
    n = len(alike_SS)
    tokens = [np.log(rng.uniform(.01, 1, 4)) for _ in range(n)]
    kept = [rng.uniform(0, 1, 4) for _ in range(n)]
    each_S = [similarity.token_sar(t, 1 - k) for t, k in zip(tokens, kept)]
    sums_S = np.array([t.sum() for t in tokens])
    stats = {
        'greedy_log_likelihoods': [tokens[0]], 'token_similarity': [kept[0]],
        'sample_log_probs': [sums_S], 'sample_log_likelihoods': [tokens],
        'sample_token_similarity': [kept],
        'sample_sentence_similarity': [alike_SS],
        'greedy_sentence_similarity': [alike_SS[0, 1:]]}
    assert each_S[0] == pytest.approx(token(stats)[0], abs=1e-6)
    assert similarity.sentence_sar(sums_S, alike_SS) == pytest.approx(
        sentence(stats)[0], abs=1e-6)
    assert similarity.sentence_sar(
        -np.array(each_S), alike_SS) == pytest.approx(
            whole(stats)[0], abs=1e-6)
    for least, theirs in cocoa.items():
      own = -sums_S[0] / (len(tokens[0]) if least else 1)
      assert similarity.cocoa(own, alike_SS[0, 1:]) == pytest.approx(
          theirs(stats)[0], abs=1e-6)
    # Theirs reads distances to the greedy answer, which comes apart.
    p_S3 = rng.dirichlet([.5, .5, .5], n - 1)
    stats |= {
        'sample_log_probs': [sums_S[1:]], 'sample_tokens': [tokens[1:]],
        'sample_texts': [[f'{i:02}' for i in range(n - 1)]],
        'greedy_log_probs': [tokens[0]],
        'greedy_semantic_matrix_contra_forward': [p_S3[:, 2]],
        'greedy_semantic_matrix_neutral_forward': [p_S3[:, 1]]}
    alike_S = np.minimum(1, [1, *(p_S3[:, 0] + p_S3[:, 1] / 2)])
    assert similarity.semantic_density(
        alike_S, sums_S / 4) == pytest.approx(-density(stats)[0], abs=1e-6)


@pytest.mark.parity
@pytest.mark.peers
def test_what_goes_wrong_there_is_refused_or_right_here(polygraph):
  # A cosine of 1.0000001 or below 0 gives them a degree below 0 and the
  # logarithm of a negative number.
  above_SS = np.array([[1, 1.5], [1.5, 1]])
  stats = {'semantic_matrix_entail': above_SS[None],
           'sample_texts': [['', '']],
           'sample_log_probs': [np.log([.5, .5])],
           'sample_sentence_similarity': [1 - above_SS]}
  assert polygraph('deg_mat').DegMat()(stats)[0] < 0
  with np.errstate(invalid='ignore'):
    assert np.isnan(polygraph('sentence_sar').SentenceSAR()(stats)[0])
  for measure in GRAPH:
    with pytest.raises(ValueError, match=r'\[0, 1\]'):
      measure(above_SS)
  with pytest.raises(ValueError, match=r'\[0, 1\]'):
    similarity.sentence_sar(np.log([.5, .5]), 1 - above_SS)
  # A token that no meaning hangs on leaves them 0 / 0.
  stats = {'greedy_log_likelihoods': [[-1., -3.]],
           'token_similarity': [np.ones(2)]}
  with np.errstate(invalid='ignore'):
    assert np.isnan(polygraph('token_sar').TokenSAR()(stats)[0])
  assert similarity.token_sar([-1., -3.], np.zeros(2)) == 2
  # A p that no float holds leaves them the logarithm of 0.
  stats = {'sample_log_probs': [np.array([-900., -1000.])],
           'sample_sentence_similarity': [np.eye(2)]}
  with np.errstate(divide='ignore'):
    assert np.isinf(polygraph('sentence_sar').SentenceSAR()(stats)[0])
  assert similarity.sentence_sar([-900., -1000.], np.eye(2)) == 950


@pytest.mark.parametrize('bad', [1.0001, -.1, np.nan])
def test_what_is_no_similarity_is_refused(bad):
  bad_SS = np.array([[1, bad], [0, 1]])
  for call in (*(lambda f=f: f(bad_SS) for f in GRAPH),
               lambda: similarity.semantic_density([1, bad], [-1, -1]),
               lambda: similarity.token_sar([-1, -1], [1, bad]),
               lambda: similarity.sentence_sar([-1, -1], bad_SS),
               lambda: similarity.cocoa(1., np.array([bad]))):
    with pytest.raises(ValueError, match=r'\[0, 1\]'):
      call()
