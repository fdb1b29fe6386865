# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Remedies: every command can be typed, belongs to the host's package manager, and changes no more than it says."""

import re
import shlex
import subprocess

import pytest

from faiss_fleet.causes import diagnose as causes
from faiss_fleet.causes import remedies

ARCHITECTURES = ('x86_64', 'aarch64', 'ppc64le')
HOSTS = [(family, arch) for family in remedies.FAMILIES for arch in ARCHITECTURES]
# Commands that only a family's hosts have.
MANAGERS = {
    'yum': ('yum', 'rpm', 'package-cleanup', 'yum-complete-transaction'), 'dnf': ('dnf', 'rpm'),
    'apt': ('apt', 'apt-get', 'apt-file', 'apt-cache', 'apt-mark', 'dpkg', 'dpkg-reconfigure'), 'apk': ('apk',),
    'zypper': ('zypper', 'rpm')}
EVERY_MANAGER = set(name for names in MANAGERS.values() for name in names)
LIBRARIES = (None, 'libgomp.so.1: cannot open', 'libopenblas.so.0: cannot open', 'libmkl_rt.so: cannot open',
             'libcudart.so.11: cannot open', 'libstdc++.so.6: cannot open', 'libunheard.so.3: cannot open')


def _texts(cause, family=None, arch=None):
    lines = LIBRARIES if cause == 'missing_shared_lib' else (None,)
    return [causes.remedy(cause, family, arch, line) for line in lines]


def _commands(text):
    return re.findall('`([^`]+)`', text)


def test_every_cause_has_a_remedy_and_every_remedy_a_cause():
    assert set(causes.CAUSES) == set(remedies.REMEDIES)


def test_an_unknown_cause_is_a_key_error():
    with pytest.raises(KeyError):
        causes.remedy('no such cause')


@pytest.mark.parametrize('family, arch', [*HOSTS, (None, None)])
def test_remedies_are_whole_sentences_for_each_host(family, arch):
    for cause in causes.CAUSES:
        for text in _texts(cause, family, arch):
            assert len(text) > 20 and (text[0].isalpha() or text[0] == '`'), (cause, text)
            assert text[-1] in '.);' and '..' not in text.replace('...', ''), (cause, text)
            assert text.count('`') % 2 == 0 and '  ' not in text and '( ' not in text, (cause, text)
            assert not re.search(r'[:(,] [.;)]', text), (cause, text)


@pytest.mark.parametrize('family, arch', [*HOSTS, (None, None)])
def test_a_command_is_said_as_the_table_has_it(family, arch):
    for cause, parts in remedies.REMEDIES.items():
        text = causes.remedy(cause, family, arch)
        commands = _commands(' '.join(part for part in parts if isinstance(part, str)))
        assert [command for command in commands if f'`{command}`' not in text] == [], cause
        assert not re.search(r' [,;)]| [.](?: |$)', re.sub('`[^`]*`', 'COMMAND', text)), (cause, text)
    assert '-B build .`' in causes.remedy('cuda_missing', family, arch)
    assert ' .condarc' in causes.remedy('conda_network', family, arch)


def test_every_command_is_valid_shell():
    commands = set(command for cause in causes.CAUSES for family, arch in [*HOSTS, (None, None)]
                   for text in _texts(cause, family, arch) for command in _commands(text))
    assert len(commands) > 150
    for command in commands:
        assert shlex.split(command), command
    script = '\n'.join(f'if false; then\n{command}\nfi' for command in sorted(commands))
    checked = subprocess.Popen(['sh', '-n'], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    assert checked.communicate(script.encode('utf-8'))[1].decode('utf-8') == ''
    assert checked.returncode == 0


@pytest.mark.parametrize('family, arch', HOSTS)
def test_no_remedy_names_a_package_manager_that_the_host_lacks(family, arch):
    others = EVERY_MANAGER - set(MANAGERS[family])
    for cause in causes.CAUSES:
        for text in _texts(cause, family, arch):
            named = set(re.findall(r'[a-z][a-z-]*', text)) & others
            assert named == set(), (cause, named, text)


def test_without_a_family_the_command_of_each_is_named():
    text = causes.remedy('headers_missing')
    for command in ('yum install python3-devel', 'apt-get install python3-dev', 'apk add python3-dev',
                    'zypper install python3-devel'):
        assert f'`{command}`' in text


def test_no_remedy_deletes_opens_or_switches_off():
    harmful = ('rm -', 'rm /', 'chmod 666', 'chmod 777', 'chmod -R', 'setenforce', 'SELINUX=disabled', 'unconfined',
               '--privileged', '--nogpgcheck', 'gpgcheck=0', '--allow-unauthenticated', '--force', '--nodeps',
               'sslverify', 'strict-ssl', '--trusted-host', 'remount', 'kill ', 'conda clean', 'curl -k', '| sh',
               '| bash', 'execstack', 'chcon')
    for cause in causes.CAUSES:
        for family, arch in [*HOSTS, (None, None)]:
            for text in _texts(cause, family, arch):
                assert [word for word in harmful if word in text] == [], cause


def test_no_remedy_names_what_is_gone():
    gone = ('mirrorlist.centos.org', 'mirror.centos.org', 'dl.fedoraproject.org', 'kyamagu', 'nodesource.com/setup')
    for cause in causes.CAUSES:
        for family, arch in [*HOSTS, (None, None)]:
            assert [name for name in gone if name in causes.remedy(cause, family, arch)] == [], cause


def test_the_library_in_the_line_decides_which_package():
    assert '`yum install libgomp`' in causes.remedy('missing_shared_lib', 'yum', line='libgomp.so.1: cannot open')
    for line in ('libgomp.so.1: cannot open', 'libunheard.so.3: cannot open', None):
        assert 'openblas' not in causes.remedy('missing_shared_lib', 'yum', line=line)


@pytest.mark.parametrize('family, line, command', [
    ('yum', 'libgfortran.so.5: cannot open', 'yum install libgfortran5'),
    ('dnf', 'libgfortran.so.5: cannot open', 'dnf install libgfortran'),
    ('zypper', 'libgfortran.so.4: cannot open', 'zypper search --provides LIBRARY'),
    ('yum', 'libgfortran: not found', 'yum install libgfortran'),
    ('apt', 'libssl.so.3: cannot open', 'apt-get install libssl3'),
    ('apt', 'libssl.so.1.1: cannot open', 'apt-file search LIBRARY'),
    ('yum', 'libcrypto.so.10: cannot open', 'yum provides "*/LIBRARY"'),
])
def test_a_package_holds_one_release_of_a_library(family, line, command):
    assert f'`{command}`' in causes.remedy('missing_shared_lib', family, line=line)


@pytest.mark.parametrize('family', ['yum', 'dnf', 'zypper'])
def test_the_copy_of_the_rpm_database_is_of_the_place_that_rpm_names(family):
    assert '`cp -a "$(rpm -E %_dbpath)" /root/rpm.orig`' in causes.remedy('package_db', family)


@pytest.mark.parametrize('line, said', [
    ('npm ERR! code ERESOLVE', 'npm explain NAME'), ('npm error Conflicting peer dependency: a@1', 'npm explain NAME'),
    ('ERROR: Cannot install a==1 and b==2 because these have conflicting dependencies.', 'python3 -m venv DIR'),
    ('E: Unmet dependencies.', 'apt-cache policy NAME')])
def test_a_conflict_is_put_right_by_the_tool_that_found_it(line, said):
    assert f'`{said}`' in causes.remedy('package_conflict', 'apt', line=line)


@pytest.mark.parametrize('family, line, command', [
    ('yum', 'No package swig4 available.', 'yum search NAME'), ('dnf', 'No match for argument: x', 'dnf search NAME'),
    ('apt', 'E: Unable to locate package x', 'apt-get update'), ('apk', '  x (no such package):', 'apk search NAME'),
    ('zypper', "No package matching 'x' found", 'zypper search NAME')])
def test_a_package_that_no_repository_has_is_not_sought_in_an_index_of_wheels(family, line, command):
    text = causes.remedy('no_matching_distribution', family, line=line)
    assert f'`{command}`' in text and 'wheel' not in text
    named = set(re.findall(r'[a-z][a-z-]*', text)) & (EVERY_MANAGER - set(MANAGERS[family]))
    assert named == set() and text.endswith('.') and ' .' not in text and text.count('`') % 2 == 0
    index = causes.remedy('no_matching_distribution', family, line='ERROR: No matching distribution found for faiss')
    assert 'wheel' in index


@pytest.mark.parametrize('os_id, like, version, family', [
    ('centos', 'rhel fedora', '7', 'yum'), ('rhel', 'fedora', '7.9', 'yum'), ('amzn', 'centos rhel fedora', '2', 'yum'),
    ('ol', 'fedora', '7.9', 'yum'), ('rocky', 'rhel centos fedora', '8.9', 'dnf'), ('fedora', '', '41', 'dnf'),
    ('amzn', 'fedora', '2023', 'dnf'), ('almalinux', ['rhel', 'centos', 'fedora'], '9.4', 'dnf'),
    ('debian', None, '12', 'apt'), ('ubuntu', 'debian', '24.04', 'apt'), ('neon', 'ubuntu debian', '22.04', 'apt'),
    ('alpine', '', '3.20.1', 'apk'), ('opensuse-leap', 'suse opensuse', '15.6', 'zypper'), ('sles', 'suse', '12',
    'zypper'),
    ('somethingelse', 'rhel', '9', 'dnf'), ('arch', '', None, None), (None, None, None, None), ('Debian', '', '',
    'apt')])
def test_the_family_follows_from_os_release(os_id, like, version, family):
    assert remedies.family_of(os_id, like, version) == family


CENTOS = """[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
[sclo]
#baseurl=http://mirror.centos.org/centos/7/sclo/$basearch/rh/
mirrorlist=http://mirrorlist.centos.org?arch=$basearch&release=7&repo=sclo-rh
[debug]
baseurl=http://mirror.centos.org/centos/7/sclo/$basearch/rh/
[in-house]
baseurl=http://mirror.corp.example/centos/7/os/$basearch/
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
"""
CENTOS_AFTER = """[base]
name=CentOS-$releasever - Base
baseurl={0}/os/$basearch/
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
[sclo]
#baseurl=http://mirror.centos.org/centos/7/sclo/$basearch/rh/
baseurl={0}/sclo/$basearch/rh/
[debug]
baseurl={0}/sclo/$basearch/rh/
[in-house]
baseurl=http://mirror.corp.example/centos/7/os/$basearch/
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
"""
EPEL = """[epel]
#baseurl=http://download.fedoraproject.org/pub/epel/7/$basearch
metalink=https://mirrors.fedoraproject.org/metalink?repo=epel-7&arch=$basearch
[in-house]
baseurl=http://mirror.corp.example/epel/7/$basearch
#metalink=https://mirrors.fedoraproject.org/metalink?repo=epel-7&arch=$basearch
"""
EPEL_AFTER = EPEL.replace(
    '\nmetalink=https://mirrors.fedoraproject.org/metalink?repo=epel-7&arch=$basearch',
    '\nbaseurl=https://archives.fedoraproject.org/pub/archive/epel/7/$basearch')


@pytest.mark.parametrize('arch, name, before, after', [
    ('x86_64', 'CentOS-Base.repo', CENTOS, CENTOS_AFTER.format('http://vault.centos.org/7.9.2009')),
    ('aarch64', 'CentOS-Base.repo', CENTOS.replace('/centos/', '/altarch/'),
     CENTOS_AFTER.replace('/centos/', '/altarch/').format('http://vault.centos.org/altarch/7.9.2009')),
    ('x86_64', 'epel.repo', EPEL, EPEL_AFTER)])
def test_only_public_mirrors_are_replaced_and_a_copy_is_kept(tmpdir, arch, name, before, after):
    repo = tmpdir.join(name)
    repo.write(before)
    place = '/etc/yum.repos.d/' + name.split('-')[0].split('.')[0]
    command = next(each for each in _commands(causes.remedy('centos_eol_mirror', 'yum', arch)) if place in each)
    subprocess.check_call(['sh', '-c', command.replace('/etc/yum.repos.d', str(tmpdir))])
    assert repo.read() == after
    assert tmpdir.join(name + '.orig').read() == before


def test_epel_is_not_promised_where_it_is_not_made():
    assert 'epel.repo' not in causes.remedy('centos_eol_mirror', 'yum', 'aarch64')
    assert 'cmake3' not in causes.remedy('cmake_too_old', 'yum', 'aarch64')
