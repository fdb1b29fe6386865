# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""The next step for each cause, as data.

A remedy is a tuple of parts that are joined with spaces. A part is a text for every host, or a dictionary of texts by
distribution family, or by family and architecture ('yum/aarch64').
"""

from __future__ import annotations

import re

_INSTALL = {'yum': 'yum install', 'dnf': 'dnf install', 'apt': 'apt-get install', 'apk': 'apk add',
            'zypper': 'zypper install'}


def _packages(
    yum: str, apt: str | None = None, apk: str | None = None, zypper: str | None = None, dnf: str | None = None
) -> dict[str, str]:
    """The command that installs packages, by family."""
    names = {'yum': yum, 'dnf': dnf or yum, 'apt': apt, 'apk': apk, 'zypper': zypper}
    return dict((family, f'`{_INSTALL[family]} {those}`') for family, those in names.items() if those)


# (library in the line, packages that hold it)
LIBRARIES = tuple((re.compile(form), names) for form, names in (
    (r'libgomp', _packages('libgomp', 'libgomp1', 'libgomp', 'libgomp1')),
    # CentOS 7 has one package for each release of it; the releases before are sought by the file, as are those of OpenSSL.
    (r'libgfortran\.so\.5',
     _packages('libgfortran5', 'libgfortran5', 'libgfortran', 'libgfortran5', dnf='libgfortran')),
    (r'libgfortran(?!\.so\.[34])', _packages('libgfortran', 'libgfortran5', 'libgfortran', 'libgfortran5')),
    (r'libopenblas|libblas|liblapack|cblas_|[sd]gemm_|[sd]syev_',
     _packages('openblas-serial openblas-openmp', 'libopenblas0', 'openblas', 'libopenblas_pthreads0')),
    (r'libstdc\+\+', _packages('libstdc++', 'libstdc++6', 'libstdc++', 'libstdc++6')),
    (r'libgcc_s', _packages('libgcc', 'libgcc-s1', 'libgcc', 'libgcc_s1')),
    (r'libz\.so', _packages('zlib', 'zlib1g', 'zlib', 'libz1')),
    (r'lib(?:ssl|crypto)\.so\.3', _packages('openssl-libs', 'libssl3', 'libssl3', 'libopenssl3')),
))
# Where a line says that the repositories of the distribution lack a package, in place of the remedy for an index.
NO_PACKAGE_LINE = re.compile(
    r'no package |unable to locate package|installation candidate|no match for argument|unable to find a match|'
    r'\((?:missing|no such package)\):|nothing to do|not found in package names', re.IGNORECASE)
NO_PACKAGE = (
    'No repository that is enabled has a package of that name. See what there is:', {
        'yum': '`yum repolist all` and `yum search NAME`', 'dnf': '`dnf repolist --all` and `dnf search NAME`',
        'apt': '`apt-get update`, then `apt-cache policy NAME` and `apt-cache search NAME`',
        'apk': '`apk update`, then `apk search NAME`', 'zypper': '`zypper repos` and `zypper search NAME`'},
    '. Name it as this release does, or enable the repository that holds it.')
# Where npm or pip found that packages exclude each other, in place of the remedy for packages of the distribution.
CONFLICTS = (
    (re.compile(r'eresolve|peer dependency|npm (?:err!|error)', re.IGNORECASE), (
        'Two packages want different releases of a third: `npm explain NAME` shows who wants which. Take releases that '
        'agree; --force and --legacy-peer-deps only hide it.',)),
    (re.compile(r'conflicting dependencies|conflict is caused by|we can conclude', re.IGNORECASE), (
        'The lines name the requirements that exclude each other. Pin fewer of them, or install into an environment of '
        'their own: `python3 -m venv DIR`.',)),
)
# A library that no package above holds.
ANY_LIBRARY = {
    'yum': '`yum provides "*/LIBRARY"`', 'dnf': '`dnf provides "*/LIBRARY"`', 'apt': '`apt-file search LIBRARY`',
    'apk': '`apk search so:LIBRARY`', 'zypper': '`zypper search --provides LIBRARY`'}


def _vault(place: str) -> str:
    """The command that points the public mirrors in the repository files of CentOS 7 at the archive."""
    return (
        "`sed -i.orig -E"
        " -e 's,^mirrorlist=.*mirrorlist[.]centos[.]org.*repo=(os|updates|extras|centosplus)(&.*)?$,"
        f"baseurl={place}/\\1/$basearch/,'"
        " -e 's,^mirrorlist=.*mirrorlist[.]centos[.]org.*repo=sclo-(rh|sclo)(&.*)?$,"
        f"baseurl={place}/sclo/$basearch/\\1/,'"
        f" -e 's,^baseurl=http://mirror[.]centos[.]org/(centos|altarch)/([$]releasever|7)/,baseurl={place}/,'"
        " /etc/yum.repos.d/CentOS-*.repo`")


def _archive(place: str) -> str:
    return (f'On CentOS 7 itself the packages are in the archive, {place}/. Lines that name the public mirrors are replaced '
            f'by {_vault(place)}; files that change keep a copy with the ending .orig, and in-house mirrors stay as they are.')


_X86 = 'http://vault.centos.org/7.9.2009'
_ALTARCH = 'http://vault.centos.org/altarch/7.9.2009'
_VAULT = {'yum': _archive(_X86), 'yum/aarch64': _archive(_ALTARCH), 'yum/ppc64le': _archive(_ALTARCH),
          'yum/i686': _archive(_ALTARCH)}
_EPEL = {'yum': 'EPEL 7 is in the archive, https://archives.fedoraproject.org/pub/archive/epel/7/: `sed -i.orig -E '
                "'s,^metalink=https?://mirrors[.]fedoraproject[.]org/metalink[?]repo=epel-7&.*,"
                "baseurl=https://archives.fedoraproject.org/pub/archive/epel/7/$basearch,' "
                '/etc/yum.repos.d/epel.repo`.',
         'yum/aarch64': 'EPEL 7 is no longer made for aarch64; take such packages from another source.'}
_SCL = {'yum': 'On CentOS 7 devtoolset has it, from http://vault.centos.org/7.9.2009/sclo/x86_64/rh/: '
               '`yum install centos-release-scl`, point its repository files at the archive, `yum install '
               'devtoolset-11-gcc-c++`, and `scl enable devtoolset-11 bash` before the build.',
        'yum/aarch64': 'On CentOS 7 devtoolset has it, from http://vault.centos.org/altarch/7.9.2009/sclo/aarch64/rh/: '
                       '`yum install centos-release-scl`, point its repository files at the archive, `yum install '
                       'devtoolset-10-gcc-c++`, and `scl enable devtoolset-10 bash` before the build.'}
_COMPILER = _packages('gcc-c++ make git', 'g++ make git', 'g++ make git', 'gcc-c++ make git')
_CONTROLLER = 'Or let the controller fetch and ship, which needs no network on the host.'
_WHEELS = ('for glibc 2.17 that is faiss-cpu 1.9.0.post1 on Python 3.10 to 3.13, 1.8.0.post1 on 3.8, 1.7.2 on 3.6')

REMEDIES = {
    'disk_full': (
        'See which file system is full with `df -h / /tmp /var/tmp /opt` and `df -i`. Make room there, or work '
        'elsewhere: `TMPDIR=/var/tmp` for pip and npm, another faiss_install__prefix, another storage directory for '
        'the container engine.',),
    'read_only': (
        'Choose a prefix on a writable file system. Where this one was writable before, `dmesg` has the reason for '
        'which the kernel made it read-only.',),
    'oom_build': (
        'Build with one job (`MAKEFLAGS=-j1 CMAKE_BUILD_PARALLEL_LEVEL=1`), give the machine or container more memory '
        'or swap, or let the controller build and ship the result.',),
    'out_of_memory': (
        'Look at `dmesg` and `free -m`. Give the process or its container more memory, or use a smaller index (IVF or '
        'PQ in place of Flat).',),
    'process_limit': (
        'A limit on processes or threads is reached. Compare `ulimit -u` and the number of threads '
        '(`ls -d /proc/[0-9]*/task/[0-9]* | wc -l`); a container has its own (`--pids-limit`, pids.max of its cgroup). '
        'Raise it for this user or service (/etc/security/limits.d, TasksMax=), or start fewer: `OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1`.',),
    'file_limit': (
        'Raise the number of open files: `ulimit -n 4096` in the shell, LimitNOFILE= for a service, '
        '/etc/security/limits.d for a user. Where inotify ran out: fs.inotify.max_user_watches.',),
    'kernel_too_old': (
        'Use an image or binary made for an older kernel (Debian 12 and Rocky 8 and 9 run on 3.10 with docker '
        '20.10.10 or later), or update the kernel and start it:', {
            'yum': '`yum update kernel`', 'dnf': '`dnf upgrade kernel`',
            'apt': '`apt-get install linux-image-amd64` (Ubuntu: linux-image-generic)',
            'apt/aarch64': '`apt-get install linux-image-arm64` (Ubuntu: linux-image-generic)',
            'apk': '`apk upgrade linux-lts`',
            'zypper': '`zypper update kernel-default`'}, '.'),
    'vault_password': (
        'Give the password that the file was encrypted with: `ansible-playbook --ask-vault-pass`, '
        '`--vault-password-file FILE` or `--vault-id LABEL@FILE`; ansible_vault_password_file in ansible.cfg keeps '
        'it.',),
    'proxy': (
        'Set http_proxy, https_proxy and no_proxy with valid credentials (npm: `npm config set https-proxy URL`; '
        'conda: proxy_servers in .condarc; docker: a systemd drop-in;', {
            'yum': 'yum: proxy= in /etc/yum.conf', 'dnf': 'dnf: proxy= in /etc/dnf/dnf.conf',
            'apt': 'apt: Acquire::http::Proxy in /etc/apt/apt.conf.d', 'apk': 'apk: http_proxy',
            'zypper': 'zypper: /etc/sysconfig/proxy'}, ').', _CONTROLLER),
    'clock_or_cert': (
        'Compare `date -u` with a watch and set the clock (`chronyc makestep` where chrony keeps it). Where it is right, '
        'the certificate or the CA bundle has expired: update ca-certificates', {
            'yum': '(`yum update ca-certificates`)', 'dnf': '(`dnf upgrade ca-certificates`)',
            'apt': '(`apt-get install ca-certificates`)', 'apk': '(`apk upgrade ca-certificates`)',
            'zypper': '(`zypper update ca-certificates-mozilla`)'}, '.'),
    'tls': (
        'Make the CA of the proxy or mirror known to the host:', {
            'yum': 'copy it to /etc/pki/ca-trust/source/anchors and run `update-ca-trust`',
            'dnf': 'copy it to /etc/pki/ca-trust/source/anchors and run `update-ca-trust`',
            'apt': 'copy it to /usr/local/share/ca-certificates (name.crt) and run `update-ca-certificates`',
            'apk': 'copy it to /usr/local/share/ca-certificates (name.crt) and run `update-ca-certificates`',
            'zypper': 'copy it to /etc/pki/trust/anchors and run `update-ca-certificates`'},
        '. pip takes PIP_CERT, Node NODE_EXTRA_CA_CERTS, docker /etc/docker/certs.d.', _CONTROLLER),
    'git_tls_old': (
        'The TLS libraries here are older than the server asks for. Update them:', {
            'yum': '`yum update nss curl libcurl openssl ca-certificates`',
            'dnf': '`dnf upgrade libcurl openssl-libs ca-certificates`',
            'apt': '`apt-get install libcurl3-gnutls libgnutls30 ca-certificates`, the ones that git uses',
            'apk': '`apk upgrade libcurl openssl ca-certificates`',
            'zypper': '`zypper update libcurl4 openssl ca-certificates-mozilla`'}, '.', _VAULT, _CONTROLLER),
    'openssl_too_old': (
        'Pin `urllib3<2` for this Python, or use a Python built with OpenSSL 1.1.1 or later.', _CONTROLLER),
    'centos_eol_mirror': (
        'The mirrors of this release are gone.', _VAULT, _EPEL, _SCL, {
            'dnf': 'CentOS 8 and CentOS Stream 8 are at http://vault.centos.org/; a maintained release (Rocky, Alma, '
                   'CentOS Stream 9) is the lasting way.'},
        'faiss-fleet itself needs no packages of the distribution.'),
    'epel_metalink': (
        "EPEL's list of mirrors cannot be read.", _EPEL, {
            'yum': 'Until then `yum --disablerepo=epel` goes on without it.',
            'dnf': 'Check `curl -I https://mirrors.fedoraproject.org/`; `dnf --disablerepo=epel` goes on without it.'},
        'Where TLS is the reason, update ca-certificates first.'),
    'repo_failed': (
        'One package repository does not answer or has moved: compare the URL in the line with the repository file.', {
            'yum': '`yum repolist -v` lists them; `yum --disablerepo=ID` goes on without it.',
            'dnf': '`dnf repolist -v` lists them; `dnf --disablerepo=ID` goes on without it.',
            'apt': 'Run `apt-get update` first, as an old package list names files that are gone; a release that is no '
                   'longer supported is in the archive that the distribution keeps of its old releases.',
            'apk': 'Compare /etc/apk/repositories with the release in /etc/alpine-release, then `apk update`.',
            'zypper': '`zypper repos -u` lists them; `zypper modifyrepo --disable ALIAS` goes on without it.'}),
    'package_lock': (
        'Another package manager is running. Wait for it and try again;', {
            'yum': '`cat /var/run/yum.pid` names the process (often PackageKit or yum-cron)',
            'dnf': '`ps -C dnf,dnf-automatic,packagekitd -o pid,etime,args` names it',
            'apt': '`fuser -v /var/lib/dpkg/lock-frontend` names it (often unattended-upgrades); apt waits with '
                   '`-o DPkg::Lock::Timeout=300`',
            'apk': '`fuser /lib/apk/db/lock` names its number; apk waits with `--wait 300`',
            'zypper': '`cat /run/zypp.pid` names it'},
        '. In a playbook, lock_timeout of the package modules waits.'),
    'package_db': (
        'The database of installed packages is damaged or a transaction was cut off.', {
            'yum': 'Keep a copy (`cp -a "$(rpm -E %_dbpath)" /root/rpm.orig`), then `rpm --rebuilddb`; an unfinished '
                   'transaction: `yum-complete-transaction`.',
            'dnf': 'Keep a copy (`cp -a "$(rpm -E %_dbpath)" /root/rpm.orig`), then `rpm --rebuilddb`.',
            'apt': '`dpkg --configure -a`, then `apt-get install --fix-broken`.',
            'apk': '`apk fix`.',
            'zypper': 'Keep a copy (`cp -a "$(rpm -E %_dbpath)" /root/rpm.orig`), then `rpm --rebuilddb`.'},
        'Look at `df -h` as well.'),
    'package_key': (
        'The package or repository is signed with a key that is not known here. Get the key from the vendor over HTTPS '
        'and check its fingerprint;', {
            'yum': '`rpm --import FILE` adds it', 'dnf': '`rpm --import FILE` adds it',
            'apt': 'put it into /etc/apt/keyrings and name it in the source (signed-by=)',
            'apk': 'put it into /etc/apk/keys', 'zypper': '`rpm --import FILE` adds it'},
        '. Do not switch the check off.'),
    'package_conflict': (
        'The packages wanted exclude each other or what is installed. The lines name both:', {
            'yum': '`yum repolist` and `yum list --showduplicates NAME` show where each comes from',
            'dnf': '`dnf repoquery --location NAME` shows where each comes from',
            'apt': '`apt-cache policy NAME` shows where each comes from, `apt-mark showhold` what is held back',
            'apk': '`apk policy NAME` shows where each comes from',
            'zypper': '`zypper search -s NAME` shows where each comes from'},
        '. Take them from one repository.'),
    'image_rate_limit': (
        'Log in (`podman login REGISTRY` or `docker login REGISTRY`), pull from a mirror of your own, or load the '
        'image from an archive (`podman load -i image.tar`).',),
    'image_missing': (
        'Compare name and digest with what the registry has (`skopeo inspect docker://IMAGE`), write the registry in '
        'front of the name, and log in where it is private (`podman login REGISTRY`), as the user who pulls; or load '
        'the image from an archive. Where an image of ours was removed by hand, run audit.yml again.',),
    'engine_too_old': (
        'The container engine is older than the image or client asks for. Update it', {
            'yum': "(CentOS 7's own docker 1.13 cannot read OCI images; docker-ce 20.10 or later can)",
            'dnf': '(`dnf upgrade podman`)', 'apt': '(`apt-get install podman`)', 'apk': '(`apk upgrade podman`)',
            'zypper': '(`zypper update podman`)'},
        ', or load the image in the older format: `skopeo copy --format v2s2 docker://IMAGE '
        'docker-archive:image.tar`.'),
    'conda_network': (
        'Set proxy_servers or a channel mirror in .condarc, and try `conda info` and '
        '`curl -I https://CHANNEL/linux-64/repodata.json`; or let the controller solve and ship the environment.',),
    'conda_terms': (
        'The terms of service of a default channel of conda are not accepted. Read and accept them (`conda tos '
        'accept`), or '
        'use a channel without: `conda create -n faiss --override-channels -c conda-forge faiss-cpu`.',),
    'prebuild_network': (
        "Let the host reach the download host of the release, or name a mirror "
        '(npm_config_faiss_node_binary_host=URL) or a local directory (npm_config_local_prebuilds=DIRECTORY); or let '
        'the controller build and ship the addon.',),
    'git_blocked': (
        'Set http.proxy for git or name a mirror (`git config --global url.https://MIRROR/.insteadOf '
        'https://github.com/`), or name a source archive with its sha256 in the inventory.',),
    'network': (
        'Check the name and the way (`getent hosts NAME`, `curl -v URL`), then firewall, DNS and proxy settings.',
        _CONTROLLER),
    'unreachable': (
        "Try `ssh HOST true` by hand with the inventory's user, port and key; then `ansible HOST -m ping -vvv`.",),
    'hash_mismatch': (
        'Fetch the file again without the cache (pip: `--no-cache-dir`; npm: `npm cache verify`). If it happens again, '
        'something in between changes files (proxy, mirror) or the lock is out of date: make the lock again on '
        'purpose, never switch the check off.',),
    'corrupt_artefact': (
        'A downloaded file is damaged, cut short or an error page. Fetch it again without the cache (pip: '
        '`--no-cache-dir`; npm: `npm cache verify`), compare `sha256sum FILE` with the lock, and look for a full disk '
        'or a proxy that answers with a page of its own. A Git LFS pointer in its place: `git lfs pull`.',),
    'docker_perm': (
        'The user may not talk to the docker daemon. Run as root (`become: true`), or use podman, which needs neither '
        'root nor a daemon. Membership in the group docker is as good as root: grant it only on purpose.',),
    'podman_userns': (
        'Give the user subordinate ids (`usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER`, then '
        '`podman system migrate`), and see that newuidmap is there and setuid:',
        _packages('shadow-utils', 'uidmap', 'shadow shadow-uidmap', 'shadow', dnf='shadow-utils'), '.', {
            'yum': 'CentOS 7 allows no user namespaces by default: `sysctl -w user.max_user_namespaces=28633`, and '
            'keep '
                   'it in /etc/sysctl.d.'}, 'Or run podman as root.'),
    'cgroup_v2': (
        'The systemd of CentOS 7 (219) needs cgroup v1: run the container without systemd as its first process, or '
        'on a host '
        'with systemd.unified_cgroup_hierarchy=0. For the engine choose the runtime that suits the host '
        '(`podman --runtime runc` or crun).',),
    'container_perm': (
        "Give the mounted path to the container's user (`podman unshare chown`), check every parent directory with "
        '`namei -l PATH`, and under SELinux add :Z to the mount. Inside another container the engine needs rights '
        'that the outer one does not pass on: run it on the host.',),
    'engine_missing': (
        'Install podman:', _packages('podman', 'podman', 'podman', 'podman'), ', or start docker '
        '(`systemctl start docker`, with OpenRC `rc-service docker start`). Or choose a strategy that needs no engine.'),
    'engine_storage': (
        "The engine's storage driver does not suit the file system. `podman info` or `docker info` names both. "
        'overlay needs xfs made with ftype=1, or ext4; rootless or inside a container it needs fuse-overlayfs:',
        _packages('fuse-overlayfs', 'fuse-overlayfs', 'fuse-overlayfs', 'fuse-overlayfs'),
        '. Otherwise use vfs in a storage directory of its own (`podman --storage-driver vfs --root DIRECTORY`).'),
    'engine_network': (
        "The engine cannot set up a container's network. It needs a firewall tool and the kernel's modules for it:",
        _packages('iptables', 'iptables netavark', 'iptables', 'iptables', dnf='iptables-nft netavark'),
        '. After the firewall was restarted: `podman network reload --all` (docker: `systemctl restart docker`). '
        'faiss-fleet runs its container without a network (`--network none`).'),
    'seccomp_clone3': (
        "The engine's system call filter is older than the C library in the image. Update the engine (docker 20.10.10, "
        'podman 4, libseccomp 2.4.4 or later), or use an image with glibc before 2.34 (Debian 11, Rocky 8).',),
    'selinux_mount': (
        'Mount with :z (shared) or :Z (private). `ausearch -m avc -ts recent` shows whether SELinux refused it, '
        '`ls -ldn PATH` whether ownership did.',),
    'noexec_mount': (
        '`findmnt -no OPTIONS --target PATH` shows noexec. Choose a prefix, or a TMPDIR, on a file system without it '
        '(`TMPDIR=/opt/tmp`).',),
    'selinux_exec': (
        '`ausearch -m avc -ts recent` shows what SELinux refused, `ls -Z PATH` the label. `restorecon -v PATH` gives '
        'a file the label of its place; install under /opt rather than a home or network directory. Do not switch '
        'SELinux off.',),
    'musl': (
        "The binary is for another C library. Use a system or image with glibc (Debian, Rocky) in place of Alpine, or "
        'a build for musl; gcompat does not carry FAISS.',),
    'arch_mismatch': (
        'Install on the host itself or for its architecture (`uname -m`, `file LIBRARY`). Keep node_modules out of '
        'what is copied to it (.dockerignore) and run `npm rebuild` there; choose the image for this platform '
        '(`podman pull --arch ARCH IMAGE`).',),
    'glibc_too_old': (
        'Use a build made for this glibc: ' + _WHEELS + ', and Node 16; or a container. devtoolset does not change '
        'glibc, and glibc must not be replaced under a running system.',),
    'glibc_too_new': (
        'Names that are missing were removed in 2.31 and 2.34: rebuild that library on this system, without -ffast-math, '
        'or take a newer release of it. A library that asks for an executable stack is not loaded from 2.41 on: a '
        'newer release of it does not ask.',),
    'glibc_mixed': (
        'Unset LD_LIBRARY_PATH and LD_PRELOAD and try again. A second glibc has to be started through its own ld-linux '
        'for the whole process; use a container rather than mix two.',),
    'glibcxx_too_old': (
        'Use a wheel made for this host (GLIBCXX_3.4.19 of CentOS 7: faiss-cpu 1.9.0.post1 or older). In conda, '
        '`conda install "libstdcxx-ng>=12"` in the environment, and see that LD_LIBRARY_PATH does not put the '
        "system's library before the environment's.",),
    'cxxabi_too_old': (
        "As for GLIBCXX: an older wheel, or the environment's libstdc++ before the system's; for Node take 16 (the "
        "last "
        'line for glibc 2.17) or a build of Node for this glibc.',),
    'libgomp_version': (
        'Update libgomp', {
            'yum': '(`yum update libgomp`)', 'dnf': '(`dnf upgrade libgomp`)', 'apt': '(`apt-get install libgomp1`)',
            'apk': '(`apk upgrade libgomp`)', 'zypper': '(`zypper update libgomp1`)'},
        ', in conda `conda update libgomp`, and see that no older copy comes first (LD_LIBRARY_PATH, LD_PRELOAD).'),
    'libgcc_too_old': (
        'Update libgcc', {
            'yum': '(`yum update libgcc`)', 'dnf': '(`dnf upgrade libgcc`)', 'apt': '(`apt-get install libgcc-s1`)',
            'apk': '(`apk upgrade libgcc`)', 'zypper': '(`zypper update libgcc_s1`)'},
        ', in conda `conda update libgcc-ng`, and see that no older copy comes first (LD_LIBRARY_PATH).'),
    'cpu_isa': (
        'Use a build for this CPU: faiss-cpu 1.13.2 or older chooses at load (`FAISS_OPT_LEVEL=generic` forces the '
        'plain one); 1.14.3 and later need x86-64-v2, and older CPUs numpy before 2.4. On a virtual machine pass the '
        'host\'s CPU flags through; `grep -o -m1 "avx[^ ]*" /proc/cpuinfo` shows what there is.',),
    'static_tls': (
        'Import faiss before other libraries, or load the library that is named first (`LD_PRELOAD=PATH`); with glibc '
        '2.32 and later `GLIBC_TUNABLES=glibc.rtld.optional_static_tls=16384`.',),
    'cxx11_abi_mismatch': (
        'Binding and library were made apart. See which copy is loaded (`ldd LIBRARY`), then build both together with '
        'one compiler and one _GLIBCXX_USE_CXX11_ABI; or use the wheel, which holds both. Where the symbol begins with '
        'Py, the library was made for another Python: install its package again with the Python that runs it.',),
    'numpy_too_old': (
        'Upgrade numpy within what this Python allows (`pip install "numpy>=1.23,<2"`), or take the faiss-cpu of that '
        'time.',),
    'numpy2_abi': (
        'Where the log names NumPy 2: `pip install "numpy<2"` beside faiss-cpu 1.8.0.post1 or older; 1.9.0 and later '
        'work with numpy 2. Where numpy itself does not load (its C extensions fail), it was made for another Python '
        'or processor: install it again with the very Python that runs it.',),
    'gpu_generation': (
        'The GPU build has no code for this GPU. Take a release for its compute capability '
        '(`nvidia-smi --query-gpu=name,compute_cap --format=csv`), build with CMAKE_CUDA_ARCHITECTURES set to it, or '
        'use faiss-cpu.',),
    'node_abi': (
        'Run `npm rebuild` with the Node that will run it (faiss-node itself is N-API and not bound to one release).',),
    'missing_shared_lib': ('`ldd FILE` names all libraries that are not found.',),
    'python_missing': (
        'Install Python:', _packages('python3', 'python3', 'python3', 'python3'), '. Or name one that is there: '
        'ansible_python_interpreter=/path/to/python3; node-gyp takes `npm config set python PATH`. faiss-fleet can '
        'ship a Python of its own (faiss_install__portable_python).'),
    'ansible_target_python': (
        'Run ansible-core 2.16 (the last for Python 2.7 and 3.6) on the controller, or point '
        'ansible_python_interpreter at a Python that this ansible-core supports.',),
    'selinux_bindings': (
        'Install the bindings for the Python that Ansible uses:', {
            'yum': '`yum install libselinux-python` (Python 2.7) or `yum install libselinux-python3` (3.6)',
            'dnf': '`dnf install python3-libselinux`', 'apt': '`apt-get install python3-selinux`',
            'zypper': '`zypper install python3-selinux`'}, '.'),
    'yum_bindings': (
        "The package module runs under a Python without the package manager's bindings. Point "
        'ansible_python_interpreter at the Python of the distribution', {
            'yum': '(/usr/bin/python on CentOS 7, with ansible-core 2.16)',
            'dnf': '(/usr/libexec/platform-python or /usr/bin/python3; `dnf install python3-dnf`)',
            'apt': '(/usr/bin/python3; `apt-get install python3-apt`)', 'zypper': '(/usr/bin/python3)'}, '.'),
    'ansible_become': (
        'Give the password (`-K`, ansible_become_password) or a NOPASSWD rule in sudoers; switch requiretty off for '
        'the user, and raise `timeout` where sudo is slow (often DNS).',),
    'ansible_remote_tmp': (
        'Set ansible_remote_tmp to a directory that the user can write to and that is not full, such as '
        '/var/tmp/.ansible-USER, and look at `df -h` and the owner of the home directory.',),
    'locale': (
        'The locale that the environment names is not installed. `locale -a` lists what is; set LC_ALL to '
        'one of them (C.UTF-8 where it is listed, which it is not on CentOS 7), or '
        'install it:', {
            'yum': '`localedef -i en_US -f UTF-8 en_US.UTF-8`', 'dnf': '`dnf install glibc-langpack-en`',
            'apt': '`apt-get install locales`, then `dpkg-reconfigure locales`', 'apk': '`apk add musl-locales`',
            'zypper': '`zypper install glibc-locale`'}, '.'),
    'node_too_old': (
        'Use Node 16 on CentOS 7 (16.20.2 is the last line whose official build runs on glibc 2.17); newer ones need a '
        'build for glibc 2.17 or a container.',),
    'python_version': (
        'Use another Python, or pin the release for this one: ' + _WHEELS + '. node-gyp before 10 needs Python up to '
        '3.11, or `pip install setuptools` for distutils.',),
    'externally_managed': (
        'Leave that Python to the distribution and make an environment of your own: `python3 -m venv /opt/faiss`, then '
        '`/opt/faiss/bin/pip install faiss-cpu`.', {
            'apt': 'Where venv is missing: `apt-get install python3-venv`.'}),
    'pip_too_old': (
        'Upgrade pip in the virtual environment: `pip install "pip<21"` on Python 2.7, `pip install "pip<22"` on 3.6, '
        'otherwise the newest (manylinux2014 needs 19.3, manylinux_x_y 20.3).',),
    'wheel_tag': (
        'Take a wheel whose tag fits (`pip debug --verbose` lists what fits): for glibc 2.17 manylinux2014 or '
        'manylinux_2_17. Never rename a wheel to get past the check.',),
    'no_matching_distribution': (
        'Check the name (faiss-cpu, not faiss), the index (`-i`, `--find-links`) and the Python; then pin a release '
        'that has a wheel for this Python and glibc: ' + _WHEELS + '.',),
    'conda_glibc': (
        'On a host whose glibc is older take older builds (`conda install "faiss-cpu<1.8"`); when solving for another '
        'host set CONDA_OVERRIDE_GLIBC to its real version. Never claim a newer glibc than the host has.',),
    'conda_not_found': (
        'Name the channel that has it (`conda install -c conda-forge faiss-cpu`), and look whether it exists for this '
        'platform (`conda search -c conda-forge faiss-cpu`).',),
    'conda_unsat': (
        'Make a new environment with a supported Python (`conda create -n faiss -c conda-forge python=3.10 faiss-cpu`) '
        'rather than add to an old one.',),
    'prebuild_missing': (
        'Use a release that has one (faiss-node 0.5.1 for linux x64, 0.2.3 and later for linux arm64), or let the '
        'controller build the addon for this host class.',),
    'bindings_tool': (
        'faiss-node uses prebuild-install: `npm install faiss-node`, not node-pre-gyp.',),
    'sdist_fallback': (
        'Use a Python and a release that have a wheel: ' + _WHEELS + '. Upgrade pip first, and say '
        '`--only-binary=:all:` so that it never builds.',),
    'faiss_source_missing': (
        'faiss-node 0.5.1 clones the sources in its install step; older ones lack them. Fetch the sub-modules '
        '(`git submodule update --init`) or name a source archive with its sha256 in the inventory.',),
    'cuda_missing': (
        'Build for the CPU (`cmake -DFAISS_ENABLE_GPU=OFF -B build .`), or install faiss-cpu in place of faiss-gpu.',),
    'cmake_too_old': (
        'Install a newer CMake in a virtual environment: `pip install "cmake<4"`, and put it first in PATH.', {
            'yum': 'CentOS 7 has 2.8.12; EPEL 7 has cmake3 3.17: `yum install cmake3`.',
            'yum/aarch64': ''}, _EPEL),
    'compiler_too_old': (
        'faiss-node needs C++17 (gcc 7 or later).', {
            'dnf': '`dnf install gcc-toolset-12-gcc-c++`, then `scl enable gcc-toolset-12 bash`.',
            'apt': '`apt-get install g++`.', 'apk': '`apk add g++`.', 'zypper': '`zypper install gcc13-c++`.'}, _SCL,
        'Set CC and CXX where an older one is found first.'),
    'blas_missing': (
        'Install a BLAS to build against:', _packages(
            'openblas-devel lapack-devel', 'libopenblas-dev liblapack-dev', 'openblas-dev', 'openblas-devel'),
        '.', _EPEL, 'Or name it: `cmake -DBLA_VENDOR=OpenBLAS -DBLAS_LIBRARIES=PATH -B build .`.'),
    'openmp_missing': (
        'Use gcc, which has OpenMP, and install its library:', _packages('libgomp', 'libgomp1', 'libgomp', 'libgomp1'),
        '; with clang:', _packages('libomp-devel', 'libomp-dev', 'openmp-dev', 'libomp-devel'), '. Link with '
        '-fopenmp.'),
    'headers_missing': (
        'Install the headers of Python', _packages('python3-devel', 'python3-dev', 'python3-dev', 'python3-devel'),
        'or of the library that the line names (-devel or -dev).'),
    'build_tool_missing': (
        'Install what a build needs:', _COMPILER, '; CMake:', _packages(
            'cmake3', 'cmake', 'cmake', 'cmake', dnf='cmake'), '; for Python also swig; for Node `npm install -g '
        'cmake-js`.', _EPEL),
    'build_failed': (
        'Read the log above this line for the first error; better, install a prebuilt: a wheel '
        '(`--only-binary=:all:`) or the addon that the controller builds.',),
    'bindings_missing': (
        'Run `npm rebuild faiss-node` with install scripts allowed (no ignore-scripts), and keep it out of the bundler '
        '(serverExternalPackages, externals). Where npm left out a build for this platform: `npm ci --include=optional`.',),
    'pickle_isa': (
        'Make the index again or save it with faiss.write_index where it was made, and read it with '
        'faiss.read_index.',),
    'loader_missing_module': (
        'Look at the error above it for the reason. Otherwise install faiss-cpu again in this very environment, and '
        'see '
        'that no directory named faiss lies in the working directory; `FAISS_OPT_LEVEL=generic` avoids builds that are '
        'not there.',),
    'faiss_error': (
        'Read the message: a wrong dimension, an index that is not trained, or an index file of another release.',),
    'segfault': (
        'Look for two OpenMP or BLAS libraries in one process (`ldd LIBRARY`; try `OMP_NUM_THREADS=1`) and for mixed '
        'builds; install FAISS alone into a new prefix and try again.',),
    'abort': (
        'Read the line above it (what():). Two OpenMP runtimes: use one. An index file of another release: write it '
        'again.',),
    'timeout': (
        'See whether the host is overloaded or the network slow (`uptime`), then raise the limit that is named.',),
    'permission_denied': (
        'Choose a path that the user owns (conda: `conda create --prefix DIRECTORY python`), or run with become where '
        'the place is meant for all. `namei -l PATH` shows which directory refuses, `ausearch -m avc` whether SELinux '
        'does.',),
    'not_installed': (
        'Install faiss-cpu for the very interpreter that runs the application (`PYTHON -m pip install faiss-cpu`), '
        'with numpy and, from 1.13.2 on, packaging. What lacks pkg_resources wants `setuptools<82`; what lacks a part of '
        "distutils, Debian's package python3-distutils.",),
    'command_missing': (
        'Install the package that holds the command, on the machine or in the image where it runs, or correct PATH:', {
            'yum': '`yum provides "*/bin/NAME"`', 'dnf': '`dnf provides "*/bin/NAME"`',
            'apt': '`apt-file search bin/NAME`', 'apk': '`apk search cmd:NAME`',
            'zypper': '`zypper search --provides --file-list /usr/bin/NAME`'}, '.'),
    'too_large': (
        'Raise faiss_install__max_size_mb, or leave that strategy out of faiss_install__strategies.',),
    'not_a_directory': (
        'Look at it with `ls -ld PATH` and move it away, or name another place: faiss_install__prefix, or '
        'vector_backend__path for the backend configuration.',),
    'killed': (
        'Find out who sent it on that host: a person, systemd, a watchdog, the limits of a container or a batch system '
        '(`journalctl --since -1h`, `dmesg -T`), then run again.',),
    'interrupted': (
        'Run it again; see who sent the signal (a shutdown, a job limit, Ctrl-C).',),
    'garbage_output': (
        'Find out what prints there, a startup file of the shell or a sitecustomize of Python, and silence it: log in '
        'and start `/bin/sh -c true` and `python3 --version`.',),
    'wrong_answer': (
        'Do not use this build. Try a generic build or another BLAS (`OPENBLAS_CORETYPE=Haswell`), and report CPU and '
        'versions.',),
    'loader_failed': (
        'Read the message: it is what the application would get. A host whose only FAISS is for Python 2.7 needs a '
        'newer Python (faiss_install__portable_python); for an application that uses no loader, set '
        'faiss_install__search_test: {workload: {loader: false}}.',),
    'low_recall': (
        'Raise nprobe or efSearch, train with more data, or use Flat; uniform noise has no neighbours to find.',),
    'prediction': ('Run without `--check` to try it.',),
    'unknown': ('Read the whole log beside the record; `faiss-fleet explain` on it shows what is recognised.',),
    'loader_benign': (
        'Nothing to do when "Successfully loaded faiss." follows; otherwise read the error after it.',),
}
