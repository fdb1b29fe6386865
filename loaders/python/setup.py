# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""For `pip install loaders/python`; setup.py, as the pip of Python 3.6 may know nothing else."""
import atexit
import io
import os
import shutil
import sys
import tempfile

from setuptools import setup

HERE = os.path.dirname(os.path.abspath(__file__))
options = {}
if not {'develop', 'editable_wheel'}.intersection(sys.argv):
    # What a build needs in between is not left in the checkout, which may be read-only. An editable install stays.
    scratch = tempfile.mkdtemp(prefix='faiss-fleet-loader-')
    atexit.register(shutil.rmtree, scratch, True)
    options = {'build': {'build_base': os.path.join(scratch, 'build')}, 'egg_info': {'egg_base': scratch}}
with io.open(os.path.join(HERE, 'README.md'), encoding='utf-8') as readme:
    text = readme.read()

setup(
    name='faiss-fleet-loader',
    version='0.1.0',
    description='One vector store for Python: native FAISS where the host has it, exact search by numpy elsewhere',
    long_description=text,
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    python_requires='>=3.6',
    packages=['faiss_fleet_loader'],
    package_data={'faiss_fleet_loader': ['py.typed', '*.pyi']},
    options=options,
)
