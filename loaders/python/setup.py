# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""For `pip install loaders/python`; setup.py, as the pip of Python 3.6 may know nothing else."""
from setuptools import setup

setup(
    name='faiss-fleet-loader',
    version='0.1.0',
    description='One vector store for Python: native FAISS where the host has it, exact search by numpy elsewhere',
    license='Apache-2.0',
    python_requires='>=3.6',
    packages=['faiss_fleet_loader'],
)
