# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""Why FAISS is not available on a host, as data: the closed list of causes, and the words by which each is known.

Nothing is computed here. A new message is a new phrase; a new cause is a row in CAUSES, one in PATTERNS and a remedy in
remedy_table.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# (name, rank, meaning). Rank orders the causes of one log: a lower one may have brought about a higher one.
#   5 to 19   the machine and the network        20 to 29  the binary and the host do not fit
#   30 to 39  the choice of a package            40 to 49  a build nobody asked for
#   50 to 59  what a build lacks                 60 to 79  what is seen in the end, whatever began it
#   79        says that it failed and not why: named only when nothing else is found
#   90        no cause at all
CAUSES = (
    ('disk_full', 5, 'A file system has no room left.'),
    ('read_only', 6, 'The place written to is mounted read-only.'),
    ('oom_build', 7, 'The compiler was killed or ran out of memory.'),
    ('out_of_memory', 8, 'The process ran out of memory or was killed for it.'),
    ('process_limit', 9, 'A limit on processes or threads is reached.'),
    ('file_limit', 9, 'A limit on open files or file watches is reached.'),
    ('kernel_too_old', 9, 'The kernel is older than the C library in use allows.'),
    ('vault_password', 9, 'The password of an Ansible vault is missing or wrong.'),
    ('proxy', 10, 'The proxy refused, or wants credentials.'),
    ('clock_or_cert', 10, 'A certificate has expired, or the clock is wrong.'),
    ('tls', 11, 'A TLS certificate is not trusted by this host.'),
    ('git_tls_old', 11, "curl, NSS or OpenSSL here is too old for the server's TLS."),
    ('openssl_too_old', 11, 'The ssl module is built with an OpenSSL that is too old, or is not there.'),
    ('centos_eol_mirror', 12, 'The mirrors of CentOS 7 or its SCLs are gone; yum has nothing to ask.'),
    ('package_db', 12, 'The database of installed packages is damaged, or a transaction was cut off.'),
    ('package_lock', 12, 'Another process holds the lock of the package manager.'),
    ('epel_metalink', 13, "EPEL's metalink cannot be fetched."),
    ('repo_failed', 13, 'A package repository does not answer or has moved.'),
    ('package_key', 13, 'A package or repository is signed with a key that is not known here.'),
    ('image_rate_limit', 13, 'The image registry limits anonymous pulls.'),
    ('image_missing', 13, 'The registry, or the container engine, has no such image or digest.'),
    ('engine_too_old', 13, 'The container engine is older than the image or client asks for.'),
    ('conda_network', 14, 'conda cannot reach its channel.'),
    ('conda_terms', 13, 'conda wants the terms of service of a channel accepted.'),
    ('prebuild_network', 14, 'The prebuilt addon cannot be downloaded.'),
    ('git_blocked', 14, 'git cannot fetch the sources.'),
    ('network', 15, 'A server cannot be reached from this host.'),
    ('unreachable', 15, 'Ansible could not reach the host.'),
    ('hash_mismatch', 16, 'What was downloaded or shipped is not what was locked.'),
    ('corrupt_artefact', 17, 'An archive or file is damaged or cut short.'),
    ('docker_perm', 18, 'The user may not talk to the docker daemon.'),
    ('podman_userns', 18, 'Rootless podman lacks user namespaces or subordinate ids.'),
    ('cgroup_v2', 18, 'The cgroup version of the host does not suit systemd or the container engine.'),
    ('container_perm', 19, 'The container runtime may not do or read something.'),
    ('engine_missing', 19, 'There is no container engine, or its service does not run.'),
    ('engine_storage', 18, "The container engine's storage driver does not suit the file system or the user."),
    ('engine_network', 19, "The container engine cannot set up a container's network."),
    ('seccomp_clone3', 19, "The engine's seccomp filter refuses a system call of a newer glibc (clone3, faccessat2)."),
    ('selinux_mount', 19, 'SELinux, or ownership, keeps the container out of a mounted directory.'),
    ('noexec_mount', 19, 'A library lies on a file system mounted noexec.'),
    ('selinux_exec', 19, 'SELinux forbids a library an executable stack, heap or text relocation.'),
    ('musl', 20, "The binary is for glibc and the host's C library is musl, or the other way round."),
    ('arch_mismatch', 20, 'The binary is for another processor or operating system, or is not whole.'),
    ('glibc_too_old', 21, 'The binary needs a newer glibc than the host has.'),
    ('glibc_too_new', 21, 'An object was made for an older glibc: this one no longer has its names, or does not load it.'),
    ('glibc_mixed', 21, 'Parts of two C libraries are loaded into one process.'),
    ('glibcxx_too_old', 22, 'The binary needs a newer libstdc++ than the one that is loaded.'),
    ('cxxabi_too_old', 22, 'The binary needs a newer C++ ABI (libstdc++) than the one that is loaded.'),
    ('libgomp_version', 22, 'The libgomp that is loaded is older than the binary needs.'),
    ('libgcc_too_old', 22, 'The libgcc that is loaded is older than the binary needs.'),
    ('cpu_isa', 23, 'The binary uses instructions that this CPU does not have.'),
    ('gpu_generation', 23, 'The GPU build has no code for the generation of this GPU.'),
    ('static_tls', 24, 'A library loaded late finds no room left for thread-local data.'),
    ('cxx11_abi_mismatch', 24, 'Binding and library were made by different compilers or from different releases.'),
    ('numpy_too_old', 24, 'FAISS was built against a newer numpy than is installed.'),
    ('numpy2_abi', 25, 'FAISS was built for numpy 1 and numpy 2 is installed, or numpy itself does not load.'),
    ('node_abi', 25, 'The addon was built for another release of Node.'),
    ('missing_shared_lib', 26, 'A shared library that the binary needs is not on the host.'),
    ('python_missing', 27, 'There is no usable Python interpreter where one is expected.'),
    ('ansible_target_python', 27, 'The Python on the host is too old for this ansible-core.'),
    ('selinux_bindings', 27, 'The interpreter that Ansible uses has no SELinux bindings.'),
    ('yum_bindings', 27, 'The yum module runs under a Python that has no yum or rpm bindings.'),
    ('ansible_become', 27, 'Ansible could not become another user.'),
    ('ansible_remote_tmp', 14, 'Ansible could not make its temporary directory on the host.'),
    ('locale', 27, 'The locale that the environment names is not installed.'),
    ('node_too_old', 28, 'Node is older than the package needs.'),
    ('python_version', 30, 'No release of the package supports this Python.'),
    ('externally_managed', 31, 'The distribution keeps pip from changing its own Python (PEP 668).'),
    ('pip_too_old', 31, 'pip is too old for the tag of the wheel, or for the package.'),
    ('wheel_tag', 32, 'The wheel is for another platform, Python or glibc.'),
    ('no_matching_distribution', 33, 'No index or repository asked has the package, or a release that fits this host.'),
    ('package_conflict', 33, 'The packages wanted exclude each other or what is installed.'),
    ('conda_glibc', 30, 'The package asks for a newer glibc (virtual package __glibc) than conda sees.'),
    ('conda_not_found', 32, 'The package is in none of the channels.'),
    ('conda_unsat', 33, 'conda finds no set of packages that fit together.'),
    ('prebuild_missing', 34, 'The release has no prebuilt addon for this platform.'),
    ('bindings_tool', 35, 'The addon was installed with the wrong tool.'),
    ('sdist_fallback', 40, 'pip found no wheel that fits, took the source archive, and the build failed.'),
    ('faiss_source_missing', 45, 'The sources of FAISS are not where the build expects them.'),
    ('cuda_missing', 50, 'The build looks for CUDA, which is not there.'),
    ('cmake_too_old', 50, 'CMake is older than the build asks for.'),
    ('compiler_too_old', 51, 'The compiler does not know the C++ standard or the options asked for.'),
    ('blas_missing', 51, 'No BLAS or LAPACK is there to build against.'),
    ('openmp_missing', 51, 'The compiler has no OpenMP.'),
    ('headers_missing', 51, 'Header files of Python or of a library are not installed.'),
    ('build_tool_missing', 52, 'A tool that the build needs is not installed.'),
    ('build_failed', 79, 'A build from source failed, for no reason that is recognised.'),
    ('bindings_missing', 60, 'The addon was never built or was left out of what was shipped.'),
    ('pickle_isa', 61, 'An index was pickled by a FAISS with another instruction set build.'),
    ('loader_missing_module', 62, 'The compiled part of FAISS cannot be imported.'),
    ('faiss_error', 63, 'FAISS itself refused an argument or a file.'),
    ('segfault', 64, 'The process died of a bad memory access (SIGSEGV, SIGBUS).'),
    ('abort', 65, 'The process ended itself (SIGABRT, SIGTRAP, uncaught C++ exception).'),
    ('timeout', 66, 'Something took longer than it was given.'),
    ('permission_denied', 67, 'The user may not read, write or run something.'),
    ('not_installed', 68, 'FAISS, or a package it needs, is not installed for this interpreter.'),
    ('killed', 69, 'It was killed by SIGKILL, and nothing shows that this was for lack of memory.'),
    ('command_missing', 69, 'A command is not on the host, or not in PATH.'),
    ('too_large', 70, 'What would be installed takes more room than faiss_install__max_size_mb allows.'),
    ('not_a_directory', 70, 'Something that is not a directory is where a directory is needed.'),
    ('interrupted', 70, 'Someone or something stopped it from outside.'),
    ('garbage_output', 71, 'The child process printed something that is not an answer.'),
    ('wrong_answer', 72, 'FAISS runs but does not find what it must find.'),
    ('loader_failed', 72, 'FAISS itself passed, and through the loader it did not.'),
    ('low_recall', 73, 'An approximate index finds too few of the true neighbours.'),
    ('prediction', 74, 'Nothing was tried: this is what the facts predict.'),
    ('unknown', 75, 'It failed and nothing in its output is recognised.'),
    ('loader_benign', 90, 'FAISS tried a faster build first, which is not there; the next one is loaded. No error.'),
)

# Lines that hold words of an error and are none.
HARMLESS = (
    "deprecation: ",
    "deprecationwarning",
    "step may have been partially swapped out to disk",
    "builtin type swigpy",
    "npm warn deprecated",
    "npm notice",
    "npm warn unknown",
    "npm warn config",
    "npm warn using --force",
    "running pip as the 'root' user",
    "[notice] a new release of pip",
    "you are using pip version",
    "you should consider upgrading via",
    "since package 'wheel' is not installed",
    "warning: the directory ~ or its parent directory is not owned",
    "could not find mkl",
    "checking for version",
    "looking for ~ - not found",
    "cmake warning",
    "performing test ",
    "requires-python: ",
    "experimentalwarning",
    "npm warn allow-scripts",
    "npm warn install-scripts",
    "the authenticity of host",
    "warning]: module remote_tmp ~ did not exist and was created",
    "ssh: exec ",
    "insecureplatformwarning: ",
    "npm err! network ~ 'proxy' config is set properly",
    "npm error network ~ 'proxy' config is set properly",
    "your cpu supports instructions that this tensorflow binary was not compiled to use",
    "requirement already satisfied: ",
    "defaulting to user installation",
    "unable to create environments file",
    "warning: transient problem: ",
    "cmake deprecation warning",
    "not found, skipping",
    "npm warn notsup",
    "npm warn error: unsupported engine",  # of a package that it does not name
    # gyp asks them for versions, and goes on without.
    "xcode-select: error: tool 'xcodebuild' requires xcode", "xcrun: error: unable to lookup item 'platformpath'",
    "notopensslwarning: ",
    "runtimewarning: numpy.",
    "node_tls_reject_unauthorized environment variable to",
    "warn ebadengine }",
    "is using the discovered python interpreter",
    "initialize_locale",
    "pip's dependency resolver does not currently take into account",
    "failed to add conmon to",
    "no systemd user session available",
    "falling back to --cgroup-manager",
    "for using systemd, you may need",
    "you can enable lingering with",
    "cannot configure rootless cgroup using the cgroupfs manager",
    "resource limits are not supported and ignored",
    "w tensorflow/", "dso_loader.cc: ~ could not load dynamic library", "dso_loader.cc: ~ could not dlopen library",
    "i tensorflow/",
    "ignore above cudart dlerror",
    "gpu_device.cc: ~ cannot dlopen some gpu libraries",
    "is not a shared mount",
    "you are not registered",
    "setlocale: lc_ ~ cannot change locale ~ no such file",
    "rpmdb altered outside of yum",
    "delta rpms disabled",
    "not owned or is not writable by the current user",
    "is not writeable, defaulting to", "is not writable, defaulting to", "fontconfig error: no writable cache director",
    "debconf: ",
    "can lead to a corrupted system",
    "invoke-rc.d: ",
    "apt does not have a stable cli interface",
    "failed to load cni during init, please check",
    "modprobe: fatal: ", "unable to lock jvm memory",
    "could not load module ~ , err exit status",
    "failed to load module 'canberra",
    "failed to watch directory '/sys/fs/cgroup",
    "error opening for writing ~ urls.txt",  # mamba tries whether it may write there, and takes the next directory
    "npm warn cleanup ",
    "npm warn optional skipping optional dependency: ",
    "error: could not load host key: ",
    "connection closed by ~ [preauth]",
    "unable to read consumer identity",
    "pam unable to dlopen(",
    "pam adding faulty module",
    "deprecation warning]",
    "ratelimiterror",
    "exceeded your current quota",
    "successfully opened dynamic library",
    "using cgroups-v1 which is deprecated",
    "found link http ~ , version: ",
    "download is performed unsandboxed as root",
    "(skipped as optional)",
    "unable to find image ' ~ ' locally",
    "session opened for user",
    "session closed for user",
    "optional dep failed, continuing",
    "gyp warn eacces",
    "warning: error loading config file",
    "userwarning: failed to initialize numpy",
    "your kernel does not support ~ the cgroup is not mounted",
    "your kernel does not support ~ discarded",
    "your kernel does not support cgroup",
    "failed to retrieve available kernel versions", "failed to check for processor microcode upgrades",  # needrestart
    "failed call to cuinit",
    "skipped: ~ interpreternotfound: ", "skipped because could not find python interpreter with spec",  # tox
    "after october 2020 you may experience errors",
    "'oomkilled': false",
    "sudo: unable to resolve host",
    "corrupt jpeg data",
    "can not write log (is /dev/pts mounted",
    "platform dependent libraries <exec_prefix>",
    "warning: clock skew detected",
    "update-alternatives: error: alternative path /usr/share/man/",  # of images without manual pages
    # The loader goes on without it: no cause, but where a mount or SELinux forbids it, as for other libraries.
    "cannot be preloaded: ignored", "cannot be preloaded (cannot open shared object file): ignored",
    "cannot be preloaded (cannot read file data): ignored", "cannot be preloaded (wrong elf class: ~ ): ignored",
)

# Lines of a test runner that tell of a test that passed, whatever the test is called; a list of the versions that a
# library defines; what yum and dnf say of a download: name, size, time; what a compiler says of a test program of
# configure; a line of `docker info`.
# What pip says of other packages that are there, once it has installed what was wanted.
_OTHER_PACKAGES = (
    "(?:error: )?(?!faiss)[a-z0-9][\\w.-]{0,80} [^ ]{1,40} (?:requires|has requirement) .{1,200}, "
    "but you(?:'ll| will)? have [\\w.-]{1,80} [^ ]{1,40} which is incompatible\\.(?:$|')"
)
HARMLESS_BEGINNINGS = (
    "['(`]?-- (?:found |check for |checking |detecting )|"
    "(?:glibc|glibcxx|cxxabi|gomp|gcc)_[\\w.]{1,20}$|"
    "conftest\\.\\w{1,4}: ?|supports d_type: true|\\W{0,3}, error: exit status \\d{1,3}\\b|"
    "(?:ok|changed): \\[|<[^>]{1,80}> \\(0, |"
    "(?!'?oomkilled|.{0,60}max_user_namespaces)['\\w ./()-]{1,60}[:=] ?'?(?:0(?:\\.0+)?%?|false|null|none|off|disabled|n/a)'?,?(?: times)?$|"
    "[a-z]{0,30}signal=|created wheel for |pass [\\w./-]{1,200}$|test_\\S{1,100} ok$|"
    "(?:ok \\d{1,6}\\b|[\u2713\u2714\u221a] |passed |pass: |\\[ *ok *\\] |\\[ *passed *\\] )|" + _OTHER_PACKAGES
)
HARMLESS_ANYWHERE = (
    "\\| {1,9}[\\d.]{1,9} [kmg]?b {1,9}\\d\\d:\\d\\d|"
    "undefined symbol: _?py\\w{1,60} \\(|"
    "your kernel does not support (?:swap|kernel memory|memory|cgroup|oom|cpu|blkio|block i/o|pids?)\\b|"
    "(?:\\.{2,} ?(?:ok|passed|pass)| passed(?: +\\[ *\\d{1,3}%\\])?)$|"
    ": '" + _OTHER_PACKAGES
)

# (phrases of which one begins a line that says a step went well, causes that are then no causes): a download that was
# tried again, a warning the tool went on from, a part that was looked for and is not needed.
RESOLVED = (
    (("successfully installed ",), (
        "network", "timeout", "proxy", "tls", "wheel_tag", "python_version", "numpy2_abi", "numpy_too_old",
        "no_matching_distribution", "sdist_fallback", "build_failed", "compiler_too_old", "build_tool_missing",
        "headers_missing", "pip_too_old", "blas_missing", "permission_denied", "hash_mismatch", "corrupt_artefact",
        "not_installed")),
    (("installed python-",), ("headers_missing",)),  # python-build of pyenv
    # wget that was told not to check the certificate: it warns, and sends its request.
    (("http request sent, awaiting response", "proxy request sent, awaiting response"), ("tls", "clock_or_cert")),
    (("remainder of file ignored",), ("not_installed", "python_version")),  # a .pth file that Python skips
    (("matplotlib created a temporary",), ("permission_denied", "read_only")),
    (("gyp info ok",), ("prebuild_missing", "prebuild_network", "network", "timeout")),
    (("successfully uninstalled ", "found existing installation: ", "attempting uninstall: "), ("sdist_fallback",)),
    (("successfully built ", "successfully tagged "), ("network", "timeout", "arch_mismatch", "wheel_tag")),
    (("added ~ package", "up to date", "changed ~ package", "found 0 vulnerabilities", "success saved lockfile"), (
        "network", "timeout", "node_too_old", "arch_mismatch", "prebuild_missing", "prebuild_network")),
    (("complete!", "transaction test succeeded", "running transaction test"), (
        "centos_eol_mirror", "epel_metalink", "repo_failed", "network", "timeout", "package_lock", "package_key")),
    (("hit:", "get:"), ("package_lock",)),  # apt reads its lists
    (("setting up ", "processing triggers for "), ("package_lock", "repo_failed", "network", "timeout", "cgroup_v2")),
    (("hello from docker", "status: downloaded newer image", "status: image is up to date"), (
        "cgroup_v2", "network", "timeout", "image_rate_limit", "image_missing", "engine_storage")),
    # An engine that asks one registry after the other found the image in this one.
    (("writing manifest to image destination", "storing signatures"), (
        "image_missing", "image_rate_limit", "network", "tls", "timeout")),
    # "-- Generating done" is also said where generating failed.
    (("-- build files have been written to",), (
        "cuda_missing", "build_tool_missing", "blas_missing", "openmp_missing", "headers_missing")),
    (("started docker application container engine", "started containerd container runtime",
      "started podman api service"), ("engine_missing",)),
    (("executing transaction: done", "executing transaction: ...working... done", "transaction finished"), (
        "conda_network", "conda_unsat", "conda_glibc", "network", "timeout", "package_conflict", "corrupt_artefact",
        "hash_mismatch")),
    (("resolving deltas: 100%", "updating files: 100%", "checking out files: 100%"), (
        "git_blocked", "network", "timeout")),
    (("debug1: connection established",), ("network",)),
    # mamba goes on without a lock in a directory of packages that others own.
    (("warning libmamba lockfile creation for path ~ continuing without it",
      "warning lockfile creation for path ~ continuing without it"), ("permission_denied",)),
    (("http request sent, awaiting response... 200 ok",), ("network", "timeout", "tls")),
)


# The same for a line of any tool that says that all went well (lines.WENT_WELL).
WENT_WELL = (
    "permission_denied", "container_perm", "read_only", "network", "timeout", "locale", "command_missing",
    "missing_shared_lib")

# Phrases that name a part, an option or a package and no failure: they count on a line that says that something failed.
MENTIONED = frozenset((
    "file descriptor limit", "inotify watch limit", "dpkg --configure -a", "parsing file '/var/lib/dpkg/",
    "conda tos accept", "initializing graphdriver", "creating overlay mount", "devmapper: ", "devicemapper: ",
    "creating aufs mount", "aufs mount", "d_type", "fuse-overlayfs: ", "overlay2: ", "fusermount3: ", "fusermount: ",
    "thin pool has", "thin-pool ~ ", "mounting storage for", "creating container storage", "netavark: ",
    "aardvark-dns: ", "configuring network namespace", "setup network: ", "userland proxy", "adding pod to cni network",
    "rootlessport ~ ", "libcudart.so", "libcublas.so", "libcuda.so", "nvidia-container-cli: ", "post-invoke",
    "adding seccomp filter", "adding seccomp rule", "uv_thread_create", "relabeling content", "setfilecon",
    "selinux relabeling of", "rosetta ~ x86_64", "x86-64-v2", "without avx", "kernel version ~ or",
    "minimum kernel version", "disk requirements:", "inodes on the", "posix_memalign", "access to the docker daemon",
    "newuidmap", "newgidmap", "max_user_namespaces", "unprivileged_userns_clone", "nsenter: ", "user namespace",
    "subordinate uid", "subordinate ids", "cpio: chown", "/uid_map: ", "/gid_map: ", "clone_newuser ~ ",
    "cgroups-v1", "cgroup mount", "cgroup.subtree_control", "cgroup.procs", "sd-bus call", "create systemd cgroup",
    "creating' systemd unit", "creating systemd unit", "unified cgroup", "no cgroup ", "python-dnf",
    "install -y python2-dnf", "install -y python3-dnf", "install python3-apt", "python 2.6", "ansible ~ python2.6",
    "sudo password", "become password", "su password", "privilege escalation", "sudo: user ", "remote_tmp",
    "remote tmp", "remote temp path", "github.com port 443", "github.com:443", "github.com[0:",
    "gnutls_handshake", "connect to github.com", "yum ~ baseurl", "via proxy", "proxy tunnel", "proxy connection",
    "proxy scheme", "resolve proxy", "proxy handshake", "connect to proxy",
    "proxy authentication", "ssl: ", "[ssl", "x509: ", "cafile", "client certificate", "no certificate",
    "certificate issuer", "certificate verification", "ssl verification", "verify certificate",
    "certificate validation", "ssl validation", "ssl certificate verif", "set certificate verify locations",
    "setting certificate", "ca certificates bundle", "tls ca certificate", "ssl ca cert", "certificate subject name",
    "tls protocol", "fetch repodata", "retrieve repodata", "fetch repo data",
    "prebuild-install ~ network", "prebuild-install ~ certificate", "prebuild-install ~ tunnel",
    "prebuild-install ~ request to", "node-pre-gyp ~ network", "python_requires",
    "sys.version_info", "supports python", "minimum python version", "you are using python 3.6",
    "node_module_version", "node_api_version", "n-api version", "napi version", "compiled for node", "with numpy 2",
    "support numpy 2", "numpy ~ abi", "numpy array api", "deps/faiss", "faissconfig.cmake", "findfaiss.cmake",
    "c++17 support", "c++20 support", "c++11 support", "c++14 support", "c++17 compiler", "c++14 compiler",
    "c++11 compiler", "c++20 compiler", "cxx17", "cxx_std_", "gcc >= ", "gcc ~ or later", "gcc ~ or newer",
    "gcc ~ or higher", "if constexpr", "structured bindings", "stdc++fs", "assembler messages", "'std::optional",
    "'__builtin_ia32", "dialect 'cxx", "openmp_cxx", "openmp runtime", "libgomp.spec", "find openmp",
    "without openmp", "no openmp", "blas/lapack", "no blas", "no lapack", "dependency 'openblas", "find a blas",
    "python_include_dir", "python_numpy_include_dirs", "python headers", "python-dev", "development.module",
    "find_package(gtest", "'cc1plus'", "'cc1'", "swig_executable", "swig_dir", "find ninja", "rust compiler",
    "c++ compiler installed", "no acceptable", "--require-hashes", "zlib: ", "archive/tar", "cpio: ",
    "central directory", "is_trained", "faiss/impl/ ~ .cpp:", "dial tcp", "net/http: ", "getaddrinfo",
    "using the linuxmusl", "waiting for become success",
    "bindings file", "early eof", "curl 56", "curl 18 ", "curl 28 ", "curl 92", "crc-32",
))

# Words of which a log of conda has one; dnf and zypper use the same solver and print some of the same lines.
CONDA_WORDS = frozenset((
    "conda", "mamba", "libmamba", "micromamba", "pixi", "anaconda", "rattler", "libmambaunsatisfiable",
    "unsatisfiableerror", "libmambaunsatisfiableerror", "environment", "specs", "pyh", "py", "encountered",
    "unsatisfiable", "unsatisfiablespecifications", "incompatible"))


def _ended(code: int, signal: int) -> tuple[tuple[str, ...], dict[str, str]]:
    """A row's phrases and options: how tools say that a process ended with an exit code, or by the signal behind it."""
    said = r"(?:code|status|exit|raised exception|returncode|rc|exited|errorlevel|died with|signal|signum|in docker container)[a-z]{0,3}'?[ :=(']{1,4}"
    end = r"(?![\d.]\d|\d)"
    return (str(code), f"-{signal}", f"signal ~ {signal}", f"signum ~ {signal}"), {
        'regex': f"{said}(?:{code}|-{signal}){end}|(?:signal|signum)'?[ :=]{{1,3}}(?:some\\()?-?{signal}{end}"}


def _absent(names: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """A row's phrases and options: how shells, engines and languages say that a command is not there; names: a regex."""
    name = rf"(?:/\S{{0,200}}/)?(?:{names})"
    return (
        "command not found", ": not found", "executable file ~ not found", "spawn ~ enoent", "no such file or directory: ",
        "xargs: ~ : no such file", "make ~ : no such file", "env: ~ : no such file", "failed to run command ' ~ no such file",
        "command not found: ", "unknown command: ", "error: command ' ~ failed: no such file", "program ' ~ ' not found",
        "failed to find required executable", "cannot run program '",
    ), {
        'regex': rf"(?:^|[ :;'\]]){name}'?: (?:command )?not found|executable file '?{name}'? ?not found|"
                 rf"exec: '{name}': executable file not found|spawn {name} enoent|no such file or directory: b?'{name}'|"
                 rf"(?:xargs|env|make(?:\[\d+\])?): '?{name}'?: no such file|failed to run command '{name}'|"
                 rf"(?:command not found|unknown command): {name}$|command '{name}' failed: no such file|"
                 rf"program '{name}' not found|required executable '?{name}\b|cannot run program '{name}'"}


_ENGINES = r"docker|podman|apptainer|singularity|nerdctl|buildah|crun|runc"
_BUILD_TOOLS = (
    r"autoconf|autoreconf|aclocal|automake|autopoint|libtoolize|cmake3?|cmake-js|ccache|c\+\+|g\+\+|gcc|cc|clang(?:\+\+)?|g?make|"
    r"ninja|meson|gfortran|pkg-config|pkgconf|patchelf|protoc|cargo|rustc|bison|flex|nasm|yasm|m4|ar|ld|as|"
    r"ranlib|node-gyp|node-gyp-build|node-pre-gyp|prebuild-install|bazel|git|patch|unzip|x86_64-[\w-]{1,30}-g(?:cc|\+\+)|"
    r"aarch64-[\w-]{1,30}-g(?:cc|\+\+)|gcc-\d{1,2}|g\+\+-\d{1,2}|clang-\d{1,2}"
)
_PYTHONS = r"python[\d.]{0,5}"

# What pip, and what builds for it, say of a build that failed.
_PIP_BUILD_FAILED = (
    "failed building wheel", "could not build wheels", "failed to build installable wheels",
    "failed-wheel-build-for-install", "building wheel for ~ error", "building wheel for ~ did not run successfully",
    "setup.py bdist_wheel ~ error", "setup.py install for ~ error", "failed to build wheel",
    "setup.py egg_info did not run successfully", "metadata-generation-failed", "legacy-install-failure",
    "failed to build one or more wheels", "error: failed-wheel-build",
    "pip subprocess to install build dependencies did not run", "installing build dependencies ~ error",
    "getting requirements to build wheel ~ error", "getting requirements to build wheel did not run",
    "preparing metadata ~ error", "preparing wheel metadata ~ error", "failed cleaning build dir",
    "could not build the egg", "which use pep 517 and cannot be installed directly", "chefbuilderror",
    "failed to prepare distributions", "build backend ~ error", "call to ~ build_wheel' failed",
    "build backend failed to ", "call to ~ get_requires_for_build_ ~ failed", "call to ~ prepare_metadata_for_build_ ~ failed",
    "call to ~ build_editable' failed", "call to ~ build_sdist' failed", "failed to download and build '",
    "metadata generation failed", "setup.py egg_info exited with", "setup.py ~ 'egg_info ~ exited with",
    "setup.py egg_info' failed with", "errored out with exit status ~ setup.py", "pdm.exceptions.builderror: ",
    "error in ~ setup command: ",
    "failed with error code 1 in /tmp/pip", "setup.py install did not run successfully",
    "note: this is an issue with the package mentioned above, not pip",
    "this error originates from a subprocess, and is likely not a problem with pip",
    "error: subprocess-exited-with-error", "backendunavailable", "egg_info ~ failed", "pep517 ~ error",
    "preparing metadata ( ~ did not run successfully", "building editable for ~ did not run successfully",
    "preparing editable metadata ( ~ did not run", "getting requirements to build editable did not run",
)

# (cause, phrases[, options]): the first row of which a phrase fits a line says what the line means, so what is specific
# comes first. A phrase is lower case with ' for every quote; its parts, between which anything may stand, are divided
# by " ~ ". Options are those of causes.Row.
PATTERNS: tuple[tuple[Any, ...], ...] = (
    # --- FAISS's own loader: which of its builds it tried
    ('loader_benign', (
        "no module named 'faiss.swigfaiss", "no module named '_swigfaiss", "no module named faiss.swigfaiss",
        "cannot import name '_swigfaiss",
    ), {'after': ("could not load library with",)}),
    ('loader_benign', (
        "could not load library with ~ support due to",
    ), {'unless': ("glibc", "cxxabi", "cannot open shared object", "undefined symbol", "dll load failed",
        "static tls", "numpy", "illegal", "failed to map", "permission", "gomp_", "executable stack")}),
    ('loader_benign', (
        "failed to load gpu faiss: ", "faiss falling back to cpu-only",
    )),

    # --- limits: errno EAGAIN of a thread or process, EMFILE and ENFILE of a file
    ('process_limit', ("resource temporarily unavailable", "return code from pthread_create() is 11"), {
        'after': ("pthread_create", "fork", "thread", "clone", "rlimit_nproc", "vfork", "spawn", "new process",
                  "system_error", "execute_child"),
        'unless': ("lock", "mount", "temporarily unavailable (11)")}),
    ('process_limit', ("spawn ~ eagain", "fork ~ eagain", "uv_thread_create ~ eagain", "cannot fork: resource",
        "failed to create new os thread ~ errno=11", "eagain ~ clone", "setuid ~ resource temporarily",
        "reached maximum number of processes", "max user processes exceeded", "pids.max ~ exceeded",
        "blas_thread_init: ensure that your address space and process count limits",
        "fork: retry: no child processes", "fork: retry: resource", "cgroup: fork rejected by pids controller",
        "task limit reached", "unable to create native thread", "unable to create new native thread",
        "unable to allocate necessary resources for omp thread", "cannot set user id: resource temporarily",
        "blas : program is terminated. because you tried to allocate too many memory regions")),
    ('file_limit', ("emfile", "enfile", "too many open files", "errno 24]", "no file descriptors available",
        "number of file watchers reached", "inotify ~ limit reached", "inotify watch limit",
        "failed to create inotify", "file descriptor limit", "out of file descriptors",
    ), {'unless': ("not enough memory", "too many open files (harmless")}),

    ('file_limit', ("code: 'enospc'",), {'after': ("number of file watchers reached", "fswatcher")}),  # Node of its error
    ('file_limit', ("no space left", "enospc", "errno 28"), {
        'regex': r"(?:inotify|\bwatch(?:er|es|ing)?\b|add watch).{0,200}(?:no space left|enospc|errno 28)|"
                 r"(?:no space left|enospc|errno 28).{0,80}(?:inotify|, watch\b)"}),
    # --- Ansible on its controller
    ('vault_password', (
        "no vault secrets ~ found", "vault password must be specified", "ansiblevaulterror",
        "vault secrets would found",
        "vault password file ~ not found", "vault password file ~ was not found", "hmac verification failed",
        "decryption failed on", "ansibleerror: decryption failed", "error! decryption failed",
        "attempting to decrypt but no vault", "input is not vault encrypted", "invalid vault password",
        "vault ~ format unhexlify error", "could not match supplied vault", "no vault secrets",
        "as json failed: decryption failed", "as yaml failed: decryption failed", "vault password script",
        "to decrypt vaulted file",
        "vault password ~ returned non-zero", "error! invalid empty password", "reading vault_password_file",
    )),
    # Ansible 1 writes "ERROR:", as other programs do; Vagrant says below it whose error it is.
    ('vault_password', ("error: decryption failed ansible failed",)),
    ('vault_password', ("error: decryption failed",), {
        'regex': r"^error: decryption failed(?:$| for )", 'after': ("ansible", "vault")}),
    ('locale', (
        "could not initialize the preferred locale", "unsupported locale setting", "locale.error: ",
        "requires the locale encoding to be utf-8", "click will abort further execution because python ~ ascii",
        "click discovered that you exported a", "no suitable utf-8 locales were discovered",
        "locale::facet::_s_create_c_locale name not valid", "boost::locale ~ invalid",
        "'ascii' codec can't encode", "'ascii' codec can't decode", "'latin-1' codec can't encode", "ordinal not in range(128)",
        "ansible requires ~ locale",
    ), {'unless': ("warning]: ",)}),
    ('locale', ("cannot change locale ~ module failure", "setlocale: ~ cannot change locale ~ syntax error",)),

    # --- package managers
    # Not held by anyone: the lock may not be opened.
    ('permission_denied', ("unable to lock directory /var", "unable to lock the administration directory"), {
        'after': ("13: permission denied", "are you root")}),
    ('package_lock', (
        "holding the yum lock", "existing lock /var/run/yum", "lockfile is held", "yum lock",
        "is using yum ~ lock", "could not get lock /var/", "unable to acquire the dpkg", "dpkg/lock",
        "unable to lock the administration directory", "unable to lock directory /var/lib/apt",
        "unable to lock database", "system management is locked", "waiting for process with pid ~ to finish",
        "can't create transaction lock", "failed to obtain the transaction lock", "dpkg status database is locked",
        "failed to obtain rpm transaction lock", "waiting for cache lock", "failed to lock apt",
        "apt/lists/lock", "lockerror: ", "another app is currently holding", "dpkg frontend lock", "metadata already locked by",
        "libmamba could not set lock",
    ), {'unless': ("permission denied", "are you root", "read-only", "read only", "no space left", "disk quota")}),
    ('read_only', ("not using locking for read only lock file",)),
    ('package_db', (
        "rpmdb ~ failed", "rpmdb open failed", "db_runrecovery", "cannot open packages", "thread died in berkeley",
        "db3 error", "db4 error", "db5 error", "dpkg was interrupted", "unfinished transactions remaining",
        "could not open rpm database", "rpm database is corrupt", "package is in a very bad inconsistent",
        "files list file for package ~ is missing final newline", "dpkg --configure -a", "malformed database schema",
        "corrupt ~ /var/lib/rpm", "/var/lib/rpm ~ corrupt", "package database ~ corrupt",
        "dpkg: unrecoverable fatal error", "parsing file '/var/lib/dpkg/",
        "package cache file is corrupt", "package lists or status file could not be",
        "encountered a section with no package: header", "database disk image is malformed",
        "reinstall it before attempting", "rpmdb ~ malformed", "history database ~ malformed",
        "unable to read database: ", "unable to open database: file format", "failed to initialize alpm",
        "needs to be reinstalled, but i can't find an archive",
    ), {'unless': ("rpmdb altered outside", "read-only", "no space left", "permission denied")}),
    # Whatever Berkeley DB, or rpm itself, says of the database.
    ('package_db', ("rpmdb: ",), {
        'regex': r"(?:^|error: )rpmdb: (?=\S{1,60} )(?!.{0,300}(?:read-only|no space left|permission denied))"}),
    ('package_key', (
        "public key for ~ is not installed", "is not verified: no checksums", "signature verification failed [",
        "signature verification failed for ", "is signed with an unknown key", "is signed with unknown key",
        "gpg check failed", "gpg keys listed for the ~ are already installed but", "no_pubkey",
        "following signatures couldn't be verified",
        "at least one invalid signature was encountered", "signed file isn't valid, got 'no", "expkeysig", "untrusted signature", "untrusted: public key",
        "is not signed", "404 ~ rpm-gpg-key", "gpg key retrieval failed", "gpg key ~ could not be",
        "couldn't open file /etc/pki/rpm-gpg", "error: ~ key import failed", "public key is not available",
        "the following signatures were invalid", "failing package is: ", "can't check signature: no public key", "can't check signature: public key",
        "refusing to automatically import keys when running unattended", "didn't install any keys",
        "unauthenticated packages and", "packages cannot be authenticated", "was used without --force-yes",
        "gpg: keyserver receive failed",
        "gpg: no valid openpgp data found", "public key ~ is not installed", "does not verify: no digest",
        "gpg error: http", "keyexpired", "revkeysig", "gpg signature is not available",
        "openpgp signature verification failed", "error message is: signing key on", "signature could not be verified", "repository ~ gpg signature verification failed", "signature key ~ not trusted",
        "is unknown trust", "verifying a signature using certificate ~ : certificate", "is marginal trust",
        "invalid or corrupted package (pgp", "invalid or corrupted database (pgp",
    ), {'unless': ("kernel module", "unsigned driver", "assembly")}),
    # apt's lists are not all there; the sentence before the errno is in any language.
    ('package_db', ("/var/lib/apt/lists/ ~ - open (2: no such file",)),
    ('package_key', ("error: ~ : bad signature",), {'regex': r"error: [^ ]{1,300}: bad signature$"}),  # apk
    # What another package manager installed, which pip cannot take away.
    ('package_conflict', ("it is a distutils installed project", "uninstall-no-record-file", "uninstall-distutils-installed-package",
                          "cannot uninstall ~ record file not found", "cannot uninstall ~ no record file was found")),
    ('package_conflict', (
        "conflicts between attempted installs", "conflicts with file from package", "have unmet dependencies",
        "held broken packages", "requested an impossible situation", "transaction check error", "protected multilib versions",
        "try to add '--allowerasing",
        "but it is not going to be installed", "but it is not installable",
        "breaks: world[", "cannot install the best", "which is also in package", "multilib version problems found",
        "package ~ obsoletes ~ but obsoleting package", "detected ~ file conflict", "file conflicts:", "dependency resolution failed",
        "filtered out by modular filtering", "filtered out by exclude filtering", "conflicts with ~ provided by",
        "but ~ is to be installed", "unresolvable package conflicts",
        "error: failed dependencies", "unmet dependencies", "dependencies not satisfied",
        "--fix-broken install", "pkgproblemresolver",
        "but this requirement cannot be provided", "not installable providers: ", "the to be installed ~ conflicts with ",
        "the installed ~ conflicts with ",
        "dependency problems - leaving", "pre-dependency problem - ", "have conflicting dependencies", "the conflict is caused by:", "executing the transaction failed because",
        "unable to satisfy dependencies. reached two conflicting", "(conflicting files)", "a conflict with the same file in another package", "could not satisfy dependencies", "resolutionimpossible",
        "cpio: file from package already exists", "cpio: rename failed - is a directory",
    ), {'rank': 33, 'unless': ("glibc_", "libc.so", "libc6 (", "glibcxx_", "pubgrub", "pip ", "npm err", "npm warn",
                               "checking for file conflicts: ")}),
    # Often only what follows from another package whose script failed.
    ('package_conflict', ("dependency problems prevent configuration",), {'rank': 78}),
    # apk's solver: the names it lacks, then that something contradicts.
    ('no_matching_distribution', ("(missing):", "(no such package):"), {
        'regex': r"(?:^|\] )[\w.+:<>=~-]{1,80} \((?:missing|no such package)\):"}),
    ('package_conflict', ("error: unsatisfiable constraints", "unable to select packages"), {'rank': 34}),
    ('package_conflict', ("dpkg: regarding ~ containing ~ conflicts with ",)),
    # uv's and pip's solvers: the reason stands below.
    ('no_matching_distribution', ("no solution found when resolving",), {'rank': 34}),
    ('package_conflict', ("we can conclude that",), {
        'regex': r"we can conclude that .{1,300} (?:are|is) incompatible", 'unless': ("python",)}),
    ('package_conflict', ("because ~ depends on ~ and ~ depends on", "because ~ depends on ~ and you require"), {
        'unless': ("not found", "there is no version", "there are no versions", "only the following", "python")}),
    ('package_conflict', ("clobbererror: ",)),
    # Poetry: what it forbids stands before this line; a release that is not there stands in it.
    ('package_conflict', ("version solving failed",), {'unless': ("doesn't match any versions", "requires python")}),
    ('package_conflict', ("eresolve", "conflicting peer dependency:", "could not resolve dependency:"), {
        'unless': ("npm warn", " warn code: ", "eresolve overriding")}),
    # yum tells what it has for a package that asks for another.
    ('package_conflict', ("error: package: ",), {
        'regex': r"^error: package: [\w.:+~^-]{1,200} \((?:@|\w)",
        'unless': ("glibc_", "libc.so", "glibcxx_", "cxxabi_", "requires: lib"), 'rank': 34}),
    # In any language, but not as an option of a command that someone typed.
    ('package_conflict', ("--skip-broken",), {
        'regex': r"^(?!(?:[$#>+] |run |sudo |yum |dnf |\[[^\]]{1,80}\][$#] ?)|.{0,80}\b(?:yum|dnf)(?: -\w+)* "
                 r"(?:-y |install|update|upgrade|remove))", 'unless': ("glibc_", "libc.so", "glibcxx_")}),
    ('repo_failed', ("repomd.xml", "repodata"), {
        # Any repository but CentOS's own layout (/centos/7/os/...) and EPEL's (/epel/7/x86_64/).
        'regex': r"https?://(?![^/ ]*(?:centos\.org|fedoraproject\.org))(?!\S*/centos(?:-\w+)?/[\d.$a-z]{1,12}/"
                 r"(?:os|base|updates|extras|sclo|centosplus|fasttrack)/)(?!\S*epel/\d{1,2}/(?:\$basearch|x86_64|"
                 r"aarch64|i386|ppc64\w*|everything)/)\S{1,300}/repo(?:md\.xml|data)\S*:? ?(?:\[errno|.{0,40}"
                 r"(?:not found|404|403|50\d|timeout|could not|couldn't|failed))",
        'unless': ("407", "proxy ", "certificate", "metalink")}),
    ('repo_failed', (
        "one of the configured repositories failed (", "failure: repodata/repomd.xml from ",
        ".rpm from ~ no more mirrors to try", "cannot retrieve repository metadata (repomd.xml) for repository: ", "failed to download metadata for repo '",
        "errors during downloading metadata for repository '", "cannot find a valid baseurl for repo: ",
        "failed to synchronize cache for repo '", "failure: repodata/",
    ), {'regex': r"(?:failed \(|\.xml from |\.rpm from |(?:repo|repository):? '?|repodata/[0-9a-f]{8}\S* from )(?=\w)(?!unknown|"
                 r"centos|extra packages|epel|cr-|cr\b|base|updates|extras|appstream|baseos|powertools|sclo|fasttrack|"
                 r"failed|and|metadata|for\b)",
        'unless': ("407", "proxy ", "metalink", "mirrorlist.centos.org", "certificate")}),
    ('centos_eol_mirror', ("status code: 404 for http ~ mirror.centos.org",)),
    ('repo_failed', (
        "failed to download metadata (metalink: ~ for repository", "remote server returned error (try 'apk update')",
        "there are no enabled repositories in", "failed to fetch http ~ 403 forbidden", "failed to fetch mirror",
        "failed retrieving file ' ~ returned error: 404", "changed its ' ~ value from ' ~ to '",
        "e: failed to fetch ~ 404", "failed to fetch ~ 404 not found", "does not have a release file",
        "no longer has a release file", "does no longer have a release file", "unable to fetch some archives",
        "failed to fetch http ~ connection failed", "is not a valid repository id",
        "some index files failed to download", "valid metadata not found at specified url",
        "file '/repodata/repomd.xml' not found on medium", "err: ~ 404 not found",
        "the repository 'http ~ release' ", "http ~ packages 404 not found", "w: failed to fetch ~ 404",
        "opensearch http ~ apkindex", "fetching http ~ apkindex ~ failed", "apkindex ~ no such file", "release file for http ~ is expired",
        "hash sum mismatch ~ http", "file has unexpected size", "mirror sync in progress",
        "error: http ~ /main: no such file", "error: http ~ /community: no such file", "warning: ignoring http",
        "status code: 404 for http ~ repodata", "status code: 403 for http ~ repodata",
        "skipping repository ' ~ because of the above", "problem retrieving the repository index file",
        "skipping service ' ~ because of the above", "there are no enabled repositories defined",
    ), {'unless': ("npm", "certificate", "407")}),
    # yum on a RHEL without a subscription.
    ('repo_failed', ("there are no enabled repos",), {
        'after': ("this system is not registered", "no repositories available through subscriptions")}),

    # Ansible's apt, which does not say why.
    ('repo_failed', ("could not fetch updated apt files", "failed to update apt cache: unknown reason", "failed to update apt cache.'",
                     "'msg': 'apt cache update failed"), {'rank': 74}),

    # --- conda's terms
    ('conda_terms', (
        "terms of service have not been accepted", "condatosnoninteractiveerror", "conda tos accept",
        "condatoserror", "terms of service ~ channels",
    )),

    # --- container engines: age, storage, network
    ('engine_too_old', (
        "mediatype in manifest should be", "missing signature key", "unsupported schema version 2",
        "client version ~ is too old", "client is newer than server", "client ~ newer than server",
        "minimum supported api version", "maximum supported api version", "requires docker engine",
        "docker version ~ too old", "podman version ~ too old", "requires podman", "'--platform' is only supported",
        "option requires buildkit", "unknown flag: --platform", "unknown flag: mount", "unknown flag: --mount", "unsupported manifest ~ oci.image", "server is too old",
        "docker engine version ~ not supported", "unsupported media type application/vnd.oci",
        "invalid reference format ~ oci", "docker api ~ too old", "the docker engine is too old",
        "unsupported mediatype: 'application/vnd.oci",
    ), {'unless': ("upload", "failed to solve")}),
    ('kernel_too_old', (
        "not found as a supported filesystem", "you are running linux kernel version",
    )),
    ('engine_storage', ("failed to remove root filesystem", "unlinkat /var/lib/docker ~ device or resource busy")),
    ('engine_storage', ("user-selected graph driver",)),
    ('engine_storage', (
        "overlayfs: filesystem on ' ~ not supported", "overlayfs: maximum fs stacking depth exceeded",
        "workdir and upperdir must reside under the same mount", "workdir and upperdir must be separate subtrees",
    )),
    # What Go's readers of archives say of a layer.
    ('corrupt_artefact', ("processing tar file(",), {
        'regex': r"processing tar file\(.{1,600}: (?:unexpected eof|archive/tar: |gzip: |flate: |zstd: |invalid (?:header|tar|checksum)|"
                 r"corrupt input|magic number mismatch)"}),
    ('engine_storage', (
        "failed to register layer", "initializing graphdriver", "is not supported over", "using driver overlay in",
        "creating overlay mount", "error creating overlay mount", "devmapper: ", "devicemapper: ",
        "creating aufs mount", "aufs mount", "layer does not exist", "d_type", "prior storage driver",
        "database graph driver", "database configuration mismatch ~ storage", "contains several valid graphdrivers",
        "fuse-overlayfs: ", "fuse-overlayfs ~ not found", "fuse-overlayfs ~ no such file", "mounting storage for",
        "mount ~ overlay ~ invalid argument", "overlay ~ invalid argument", "failed to mount overlay",
        "graphdriver ~ failed", "kernel does not support overlay fs", "creating container storage",
        "error loading driver devicemapper", "graph driver ~ not supported", "overlay2: ", "storage-driver ~ error",
        "fusermount3: ", "fusermount: ", "mount_program is required",
        "backing file system is unsupported for this graph driver", "unknown graph driver", "storage.conf ~ error",
        "driver not supported", "not enabled and/or supported by your kernel", "overlay ~ input/output error", "thin pool has", "thin-pool ~ ",
        "overlay/l: no such file", "'/var/lib/containers/storage/overlay' ~ invalid", "/dev/fuse: no such file",
        "cannot stat '/dev/fuse", "fuse: device not found", "error reading ~ from storage", "failed to create rwlayer",
        "snapshotter not loaded", "failed to extract layer", "unpack image on snapshotter",
        "storage driver ~ not supported", "failed to prepare extraction snapshot", "failed to prepare extraction layer",
        "missing parent bucket", "failed to stat parent: ", "parent snapshot ~ does not exist",
    ), {'unless': ("no space left", "debu[", "level=debug", "permission denied", "operation not permitted: unknown",
        "info[", "level=info", "disk quota", "read-only file", "ids available", "exec format", "docker-storage-setup",
        "lchown", "unexpected eof", "cannot allocate", "already in use", "fusermount ~ operation not permitted",
        "fusermount3 ~ operation not permitted")}),
    ('engine_network', (
        "netavark: ", "netavark (exit", "aardvark-dns: ", "could not find 'netavark", "netavark ~ not found",
        "error adding network", "configuring network namespace", "failed to locate iptables", "cni config ~ error",
        "plugin type=' ~ failed (add)", "failed to create endpoint", "programming external connectivity",
        "ipv4 address pool among the defaults", "pasta failed", "port is already allocated", "failed to find plugin ' ~ ' in path", "cni config uninitialized",
        "network plugin is not ready", "non-overlapping ipv4 address pool", "failed to setup ip tables",
        "unable to enable skip dnat",
        "unable to enable ~ chain", "iptables failed", "no chain/target/match by that name",
        "can't initialize iptables table", "failed to initialize nft", "setup network: ", "error setting up network",
        "cni failed to set up pod", "adding pod to cni network", "failed to set up container networking", "cannot set up network",
        "userland proxy", "failed to start userland", "error initializing network controller",
        "failed to add interface ~ to sandbox", "no cni configuration", "unable to find network with name",
        "bridge and no permissions", "error creating default 'bridge' network", "cni plugin ~ failed",
        "unable to find network configuration", "failed to create nat chain", "rootlessport ~ ", "rule_append failed",
        "slirp4netns failed", "could not find slirp4netns", "unable to find slirp4netns", "could not find pasta",
        "slirp4netns ~ not found", "apply network settings for ~ process caused", "creating network interfaces caused",
        "error creating network interfaces",
    ), {'unless': ("debu[", "level=debug", "info ", "[debug")}),
    ('engine_network', ("listen tcp4 ~ bind: address already in use", "listen tcp6 ~ bind: address already in use")),
    ('engine_network', ("bind: address already in use",), {
        'after': ("docker", "podman", "rootlessport", "endpoint", "userland", "container", "daemon", "publish", "netavark")}),
    ('engine_missing', *_absent(_ENGINES)),
    ('python_missing', *_absent(_PYTHONS)),
    ('build_tool_missing', *_absent(_BUILD_TOOLS)),
    ('headers_missing', *_absent(r"(?:mysql|pg|mariadb|llvm|curl|xml2|xslt|icu|python[\d.]*|gdal|geos|nc|cups|krb5)[_-]config")),
    ('command_missing', ("you must install the sshpass program", "sshpass program",)),
    ('command_missing', ("executable file not found in", "executable file ' ~ not found"), {
        'unless': ("'docker:", "iptables", "conmon", "newuidmap", "fuse-overlayfs", "netavark")}),
    # CMake: Target "x" links to: CUDA::cublas but the target was not found.
    ('cuda_missing', ("but the target was not found",), {'after': ("cuda::", "cudatoolkit::")}),
    ('openmp_missing', ("but the target was not found",), {'after': ("openmp::",)}),
    ('cuda_missing', (
        "could not select device driver", "nvidia-container-cli: ", "nvidia-container-cli.real: ",
        "unresolvable cdi devices nvidia", "nvidia-smi has failed", "nvml error",
    )),

    # --- processors of graphics cards, names that newer C libraries dropped
    ('gpu_generation', (
        "no kernel image is available", "unsupported gpu architecture", "sm_ ~ is not compatible with the current",
        "gpu ~ compute capability ~ not supported", "cuda capability sm_", "minimum cuda capability",
        "gpu is too old", "invalid device function", "invaliddevicefunction", "nobinaryforgpu", "nokernelimagefordevice",
        "no compatible code objects found for", "unable to find code object for all current devices", "tensilelibrary.dat for gpu arch", "cuda error 98", "cuda error 8 ",
        "device kernel image is invalid",
    )),
    ('glibc_too_new', ("_finite",), {
        'regex': r"undefined (?:reference to|symbol:?) ?'?__\w{2,12}_finite\b"}),
    ('glibc_too_new', (
        "undefined reference to '__malloc_hook", "undefined reference to '__free_hook",
        "undefined symbol: __malloc_hook", "undefined symbol: __free_hook", "undefined reference to 'sys_siglist",
        "undefined reference to 'sys_errlist", "undefined reference to '__realloc_hook",
        "undefined reference to '__memalign_hook", "undefined reference to 'gnu_dev_",
        "undefined reference to 'pthread_yield",
    )),
    # Names of the C library's own that it gave away and has taken back, and those that it no longer has to link with.
    ('glibc_too_new', ("undefined symbol: ", "undefined reference to '"), {'unless': ("glibc_private",), 'regex': (
        r"undefined (?:symbol: |reference to ')(?:_dl_sym|__libc_dl(?:open_mode|sym|close)|__libc_memalign|cfree|"
        r"__(?:realloc|memalign|malloc_initialize|after_morecore)_hook|_?sys_(?:errlist|nerr|siglist)|"
        r"__libc_csu_(?:init|fini))\b")}),
    ('cpu_isa', ("fatal glibc error: cpu ",)),
    ('glibc_too_old', ("undefined reference to '",), {'regex': r"undefined reference to '\w+@glibc_"}),
    ('glibcxx_too_old', ("undefined reference to '",), {'regex': r"undefined reference to '[^ ]+@glibcxx_"}),
    ('blas_missing', (
        "undefined reference to 'sgemm", "undefined reference to 'dgemm", "undefined reference to 'sgeqrf",
        "undefined reference to 'sorgqr", "undefined reference to 'ssyrk", "undefined reference to 'dsyev",
        "undefined reference to 'cblas_", "undefined reference to 'sgemv", "undefined reference to 'sgetr",
        "undefined reference to 'sgelsd", "undefined reference to 'sgesvd", "undefined reference to 'dgesv",
        "undefined reference to 'dgemv", "undefined reference to 'sgels",
    )),
    ('container_perm', (
        "applylayer ~ operation not permitted", "applying layer ~ operation not permitted",
        "applylayer ~ permission denied", "applying layer ~ permission denied",
        "processing tar file ~ operation not permitted", "processing tar file ~ permission denied",
    ), {'unless': ("ids available", "lchown")}),
    # What /bin/sh says of the interpreter that Ansible was told to start.
    ('python_missing', ("module_stderr': '/bin/sh: ~ : no such file or directory",
                        "module_stdout': '/bin/sh: ~ : no such file or directory"), {
        'regex': r"/bin/sh: (?:line )?(?:\d{1,3}: )?/[\w./+-]{1,120}: no such file"}),
    # The loader's own words end in the errno, which says more than they do.
    ('out_of_memory', ("failed to map segment ~ cannot allocate memory", "memory protection ~ cannot allocate memory")),
    ('file_limit', ("cannot open shared object file: error 24",)),
    ('permission_denied', (
        "cannot open shared object file: permission denied", "cannot open shared object file: operation not permitted",
        "error loading shared library ~ : permission denied", "error loading shared library ~ : operation not permitted",
    ), {'rank': 28}),
    ('glibc_too_new', ("executable stack as shared object requires: invalid argument",)),  # from 2.41 on
    ('selinux_exec', ("failed to map segment ~ permission denied", "cannot map ~ segment ~ permission denied")),
    ('seccomp_clone3', (
        "undefined symbol: seccomp_", "uv_gettimeofday", "clock_gettime ~ operation not permitted", "getcurrenttimeinmicroseconds",
        "can't initialize time", "pyinit_time ~ operation not permitted", "rseq ~ operation not permitted",
    )),
    ('python_version', (
        "has no attribute 'impimporter",
        "no module named 'imp'", "print '%s.%s.%s' % sys.version_info",
        "cannot import name 'mapping' from 'collections'",
        "attributeerror: module 'collections' has no attribute",
    )),
    # Newer Pythons have no distutils at all; where only a part of it is missing, Debian has it in a package of its own.
    ('python_version', ("no module named 'distutils", "no module named distutils"), {'regex': r"named '?distutils(?!\.)"}),
    ('not_installed', ("no module named 'distutils.", "no module named distutils.")),
    ('ansible_target_python', ("importerror: no module named json",)),  # Python 2.4 and 2.5
    # A Python that was built where a library's headers were not.
    ('headers_missing', ("no module named",), {
        'regex': r"no module named '?_(?:ctypes|bz2|lzma|sqlite3|curses|gdbm|dbm|uuid|crypt)'?$"}),
    # Modules and names of Python's own library that only newer, or only older, Pythons have; and their grammar.
    ('python_version', ("no module named",), {
        'regex': r"no module named '?(?:dataclasses|importlib\.(?:metadata|resources)|tomllib|zoneinfo|graphlib|"
                 r"contextvars|asyncio|typing|enum|pathlib|statistics|secrets|http\.(?:client|server)|"
                 r"urllib\.(?:parse|request)|configparser|queue|collections\.abc|concurrent\.futures|asyncore|asynchat|"
                 r"smtpd|cgi|cgitb|crypt|pipes|telnetlib|nntplib|imghdr|sndhdr|audioop|aifc|chunk|spwd|xdrlib|lib2to3|"
                 r"formatter|parser|symbol|binhex|urllib2|__builtin__|cpickle|stringio|httplib)(?:'|$)"}),
    ('python_version', ("cannot import name",), {
        'regex': r"cannot import name '?\w+'? from '?(?:typing|collections|inspect|importlib|asyncio|functools|enum|"
                 r"dataclasses|contextlib|math|fractions|types|ast|string)'?(?: |$)"}),
    ('python_version', (
        "'type' object is not subscriptable", "unsupported operand type(s) for |: 'type'", "missing parentheses in call",
        "module 'typing' has no attribute", "module 'inspect' has no attribute", "module 'asyncio' has no attribute",
        "module 'importlib' has no attribute", "module 'ast' has no attribute", "module 'time' has no attribute 'clock",
        "unexpected keyword argument 'capture_output'",
    )),
    # Methods and arguments of built-in types and of the library that newer, or only older, Pythons have.
    ('python_version', ("' object has no attribute '",), {
        'regex': r"'(?:str|bytes)' object has no attribute '(?:removeprefix|removesuffix|isascii)'|"
                 r"'dict' object has no attribute '(?:iteritems|itervalues|iterkeys|has_key)'|"
                 r"'(?:posixpath|windowspath|path)' object has no attribute '(?:is_relative_to|with_stem|readlink|hardlink_to|walk)'"}),
    ('python_version', ("unexpected keyword argument '",), {
        'regex': r"(?:dataclass|field)\(\) got an unexpected keyword argument '(?:slots|kw_only|match_args|weakref_slot)'|"
                 r"(?:copytree|unlink|with_suffix)\(\) got an unexpected keyword argument '(?:dirs_exist_ok|missing_ok)'"}),
    ('python_version', ("has no attribute '",), {
        'regex': r"module '(?:configparser|unittest|functools|base64|fractions|cgi|platform|math|html|plistlib|string|"
                 r"contextlib|zipfile|tarfile|random|datetime|types|itertools|shutil|gettext|locale|ssl|sqlite3|threading)' has no "
                 r"attribute '(?:safeconfigparser|makesuite|cache|cached_property|encodestring|decodestring|gcd|escape|linux_distribution|"
                 r"dist|prod|dist|isqrt|lcm|unescape|readplist|letters|nullcontext|aclosing|chdir|path|data_filter|randbytes|"
                 r"utc|pairwise|batched|uniontype|genericalias|nonetype|wrap_socket|match_hostname|_shutdown_locks)'"}),
    ('python_version', ("syntaxerror: f-string",)),
    ('python_version', ("syntaxerror: invalid",), {
        'after': ("site-packages/", "dist-packages/", ":= ", "(f'", " f'", "byte-compiling", "pip/_internal/", "pip/_vendor/",
                  ", in ?"),
        'unless': ("unexpected token",)}),
    ('corrupt_artefact', ("<?xml version", "<!doctype html", "<html"), {
        'after': ("ansiballz", "ansible-tmp-", "whl", ".tar", "syntaxerror", ".json", "unexpected token <")}),
    ('ansible_become', ("bin/sudo: permission denied", "bin/su: permission denied")),
    ('ansible_become', ("sudo: ",), {
        'regex': r"sudo: .{0,80}(?:contrase|mot de passe|passwor[dt]|senha|\u043f\u0430\u0440\u043e\u043b|"
                 r"\u5bc6\u7801|\u30d1\u30b9\u30ef\u30fc\u30c9)"}),
    ('permission_denied', ("nowritableenvsdir", "nowriteableenvsdir", "notwritableerror", "nowritablepkgsdir")),
    ('permission_denied', ("could not open lockfile '", "did not find a writable package cache"), {  # mamba
        'unless': ("no such file", "read-only file system", "no space left")}),
    ('headers_missing', ("call to 'pkg-config ~ returned exit status", "could not find python (missing: ~ include",
        "could not find python ~ development", "could not find python (missing: python_include")),
    ('cmake_too_old', ("version_greater_equal",), {'after': ("cmake error",)}),

    # --- versions of symbols: nothing else on such a line says more
    # A package that asks for what no other provides.
    ('package_conflict', (".so ~ (glibc_private)",), {
        'regex': r"\.so[.\d]*\(glibc_private\)",
        'after': ("error: package: ", "failed dependencies", "nothing provides ", " is needed by ", " needed by ")}),
    ('glibc_mixed', (
        "glibc_private", "__vdso_ ~ invalid mode for dlopen()", "_dl_call_libc_early_init",
        "inconsistency detected by ld.so", "undefined symbol: _rtld_global",
    ), {'unless': (".so.6(glibc_private)", ".so.2(glibc_private)", ".so.1(glibc_private)", ".so.0(glibc_private)")}),
    ('glibc_too_old', (
        "version 'glibc_", "glibc_ ~ not found", "glibc_ ~ not defined in file", "requires: lib ~ .so ~ (glibc_",
        "requires lib ~ .so ~ (glibc_", "nothing provides lib ~ (glibc_", "nothing provides 'lib ~ (glibc_", "lib ~ (glibc_ ~ is needed by",
        "glibc ~ or later is required", "glibc ~ or later required", "requires glibc >", "requires glibc 2",
        "requires glibc version", "require glibc >", "needs glibc", "glibc version ~ too old", "glibc ~ is too old",
        "glibc too old", "unsupported glibc", "glibc ~ not supported", "glibc ~ or higher", "glibc ~ or newer",
        "glibc ~ or greater", "glibc >= ~ required", "glibc >= ~ but", "glibc version >= ~ but",
        "detected glibc ~ but", "glibc version is ~ required", "newer version of glibc", "at least glibc", "glibc of at least", "requires: glibc >=", "minimum glibc",
        "prerequisites ~ glibc", "required dependencies ~ glibc", "missing glibc >",
        "glibc version ~ does not", "glibc ~ is older than", "version ' glibc_", "undefined symbol: ~ , version glibc_",
    ), {'unless': ("__glibc", "pip subprocess", "glibc_ ~ is already")}),
    ('glibc_too_old', (
        "libc6 (>= ~ but", "libc6 (>= ~ is not going to be installed", "depends on libc6 (>= ",
    )),
    ('glibc_too_old', (
        "undefined symbol: ", "undefined reference to '", "symbol not found: ",
    ), {'unless': ("relocating",), 'regex': (
        r"(?:undefined symbol: |undefined reference to '|symbol not found: )"
        r"(?:__libc_single_threaded|__isoc23_\w+|fcntl64|gettid|__cxa_thread_atexit_impl|arc4random\w*|[lf]?stat(?:64)?|"
        r"mknod|pthread_cond_clockwait|getrandom|getentropy|memfd_create|reallocarray|explicit_bzero|secure_getenv|statx|"
        r"copy_file_range|__explicit_bzero_chk|_dl_find_object|__libc_start_main|strlcpy|strlcat|close_range|renameat2|"
        r"quick_exit|thrd_\w+|mtx_\w+|(?:exp|log|pow)f)\b")}),
    ('cxxabi_too_old', (
        "version 'cxxabi_", "cxxabi_ ~ not found", "cxxabi_ ~ not defined", "requires: lib ~ (cxxabi_",
        "requires lib ~ (cxxabi_", "lib ~ (cxxabi_ ~ is needed by", "nothing provides lib ~ (cxxabi_", "nothing provides 'lib ~ (cxxabi_",
        "undefined symbol: __cxa_throw_bad_array", "undefined symbol: __cxa_init_primary_exception",
        "undefined symbol: _zdlpvm", "undefined symbol: _zdapvm", "undefined reference to '__cxa_throw_bad_array",
    ), {'unless': ("relocating",)}),
    ('glibcxx_too_old', (
        "version 'glibcxx_", "glibcxx_ ~ not found", "glibcxx_ ~ not defined", "requires: lib ~ (glibcxx_",
        "requires lib ~ (glibcxx_", "lib ~ (glibcxx_ ~ is needed by", "nothing provides lib ~ (glibcxx_", "nothing provides 'lib ~ (glibcxx_",
        "libstdc++ ~ is too old", "libstdc++ ~ or later is required", "missing glibcxx >", "undefined symbol: _zst",
        "undefined symbol: _znst", "undefined symbol: _znkst", "undefined symbol: _ztvst", "undefined symbol: _ztist",
        "undefined reference to 'std::__",
    ), {'unless': ("relocating",)}),
    ('libgomp_version', (
        "version 'gomp_", "version 'omp_", "version 'oacc_", "gomp_ ~ not found", "gomp_ ~ not defined",
        "undefined symbol: gomp_", "undefined reference to 'gomp_loop_nonmonotonic",
        "undefined symbol: ~ , version omp_",
    )),
    ('libgcc_too_old', (
        "version 'gcc_", "gcc_ ~ not defined in file libgcc_s",
    )),
    ('openssl_too_old', (
        "version 'openssl_", "version 'libssl", "libssl.so. ~ version ' ~ not found", "openssl_1_1_ ~ not defined",
    )),
    ('missing_shared_lib', (", needed by ~ , not found (try using -rpath",)),
    # The names of Android's C library.
    ('arch_mismatch', ("version 'libc",), {'regex': r"version 'libc(?:_(?:[a-z]|omr1|private|platform|deprecated))?' not found"}),
    ('missing_shared_lib', (
        "/lib ~ .so ~ : version ' ~ not found", "no version information available ~ not found",
    )),

    ('selinux_exec', (
        "relro protection failed", "cannot change memory protections",
    )),

    # What the loader says of memory and of the CPU: the file itself is there.
    ('out_of_memory', (": cannot ~ : cannot allocate memory",), {
        'unless': ("static tls",),
        'regex': r": cannot (?:map zero-fill pages|create shared object descriptor|allocate [a-z ]{3,60}|create [a-z ]{3,60}): cannot allocate memory"}),
    ('cpu_isa', ("error while loading shared libraries: ~ cpu isa level is lower",)),
    # --- musl; C++ symbols are libstdc++'s: where that is named as missing, it is the root
    # musl's loader: which library a name belongs to says what is missing.
    ('node_abi', ("error relocating ~ : _zn2v8", "error relocating ~ : _znk2v8", "error relocating ~ : _zn4node",
                  "error relocating ~ : napi_", "error relocating ~ : node_module_register")),
    ('musl', ("error relocating ~ : _z",), {'rank': 27}),
    # Names of libgcc, of Python, of Fortran, OpenMP and CUDA: the C library has none of them.
    ('missing_shared_lib', ("error relocating ~ symbol not found",), {
        'regex': r": (?:_unwind_\w+|_py\w+|_gfortran_\w+|__kmpc_\w+|__svml_\w+|_{1,2}intel_\w+|__cuda\w+|__gcc_personality_\w+|__(?:register|deregister)_frame\w*|__(?:emutls_get_address|powi[sdtx]f2|"
                 r"u?(?:div|mod|divmod|mul)[sdt]i\d|(?:fix|float)(?:uns|un)?[sdtx][if][sdtx][if]|mul[sdtx]c3|div[sdtx]c3)): symbol not found"}),
    ('musl', ("error relocating ~ symbol not found",), {
        'regex': r"(?: |: )(?:_\w+|\w+64|\w+_(?:np|l|r|chk)|gnu_\w+|backtrace\w*|mallinfo2?|mallopt|malloc_trim|"
                 r"[gs]etcontext|makecontext|swapcontext|secure_getenv|obstack_\w+|fts_\w+|argp_\w+|error|dlvsym|"
                 r"dlmopen|pthread_\w+|canonicalize_file_name|rawmemchr|strtoq|strtouq|getrandom|reallocarray|"
                 r"preadv2|pwritev2|renameat2|statx|gettid|copy_file_range|memfd_create|close_range|posix_spawn\w*): "
                 r"symbol not found"}),
    # A variant for one instruction set is a part of the binary itself, which was made without it.
    ('cxx11_abi_mismatch', ("error relocating ~ symbol not found",), {
        'regex': r": \w{1,200}_(?:avx|sse[234]|ssse3|fma|neon|sve|amx|vnni)\w{0,40}: symbol not found"}),
    ('missing_shared_lib', ("error relocating ~ symbol not found",)),
    ('musl', (
        "error loading shared library libc.musl", "error relocating", "error loading shared library ld-linux",
        "error loading shared library ld-musl",
        "error loading shared library libc.so.6", "error loading shared library libm.so.6",
        "error loading shared library libresolv.so.2", "error loading shared library libdl.so.2",
        "error loading shared library libpthread.so.0", "error loading shared library librt.so.1",
        "error loading shared library libmvec", "error loading shared library libgnu",
        "ld-linux-x86-64.so.2: no such file", "ld-linux-aarch64.so.1: no such file",
        "ld-linux-x86-64.so.2 ~ no such file or directory", "ld-linux-aarch64.so.1 ~ no such file or directory",
        "could not open '/lib64/ld-linux", "could not open '/lib/ld-linux", "ld-linux-x86-64.so.2: not found",
        "libc.musl-x86_64.so.1: ", "libc.musl-aarch64.so.1: ", "ld-musl-x86_64.so.1: cannot",
        "ld-musl-aarch64.so.1: cannot", "musllinux ~ is not a supported wheel", "musl ~ is not supported",
        "musl is unsupported", "not a valid dynamic program", "unsupported libc: musl", "alpine ~ is not supported", "musl libc ~ unsupported",
        "ld-musl-x86_64.so.1: no such file", "required file not found ~ ld-linux",
        "libc.musl-x86_64.so.1 => not found", "linuxmusl ~ binaries cannot be used on", "musl libc ~ requires",
        "binaries cannot be used on the 'linuxmusl",
    ), {'unless': ("qemu",)}),

    # --- the file itself and what it is linked with
    ('missing_shared_lib', (
        "undefined symbol: mkl_", "undefined symbol: cblas_", "undefined symbol: omp_", "undefined symbol: __kmpc",
        "undefined symbol: sgemm_", "undefined symbol: openblas", "undefined symbol: _gfortran",
        "undefined symbol: sgemv_", "undefined symbol: dgemm_", "undefined symbol: lapack", "undefined symbol: ssyrk_",
        "undefined symbol: __svml", "undefined symbol: for_",
    )),
    # The same of macOS's loader, which shows names as the linker has them.
    ('missing_shared_lib', ("symbol not found",), {
        'regex': r"symbol not found(?: in flat namespace)?:? [('_]{0,3}(?:omp_|kmpc_|gomp_|cblas_|lapack|mkl_|openblas|gfortran_|"
                 r"[sdcz](?:gemm|gemv|syrk|geqrf|orgqr|gesvd|gels)_)"}),
    ('loader_missing_module', (
        "does not define module export function", "does not define init function",
    )),
    # The library is there, and of another release than the one that was linked with.
    ('openssl_too_old', ("undefined symbol: ~ , version openssl_", "openssl appears to be unavailable on this machine")),
    ('arch_mismatch', ("unsupported version 0 of verneed record", "unsupported version ~ of verdef record", ": unexpected reloc type 0x")),
    ('static_tls', (": cannot handle tls data",)),
    ('cpu_isa', ("openblas : architecture initialization failed",)),
    ('cxx11_abi_mismatch', ("undefined symbol: ~ , version ",), {'regex': r"undefined symbol: [^ ]{1,300}, version \w"}),
    ('cxx11_abi_mismatch', ("with link time reference",)),
    # What Python itself defines: the library was made for another release of it.
    ('loader_missing_module', ("undefined symbol: py", "undefined symbol: _py"), {'after': ("faiss",)}),
    ('cxx11_abi_mismatch', ("undefined symbol: py", "undefined symbol: _py")),
    ('node_abi', (
        "undefined symbol: _zn2v8", "undefined symbol: _znk2v8", "undefined symbol: _zn4node",
        "undefined symbol: napi_", "undefined symbol: node_api", "undefined symbol: node_module_register",
    )),
    ('cxx11_abi_mismatch', (
        "undefined symbol: _z", "undefined symbol: faiss_", "undefined symbol: swig",
        "undefined reference to 'faiss::", "undefined reference to ~ [abi:cxx11]",
        "undefined reference to ~ __cxx11::basic_string", "multiple definition of 'faiss::",
        "symbol not found: __zn5faiss", "symbol not found in flat namespace", "undefined reference to 'vtable for faiss",
        "undefined symbols for architecture",
    )),
    ('static_tls', (
        "in static tls block", "object with static tls", "cannot create tls data structures",
        "cannot allocate tls data structures",
    )),
    ('selinux_exec', (
        "cannot enable executable stack", "executable stack as shared object requires",
        "cannot restore segment prot after reloc", "cannot make segment writable for relocation",
        "cannot apply additional memory protection after relocation", "avc: ~ denied ~ { execstack }",
        "avc: ~ denied ~ { execmem }", "avc: ~ denied ~ { execmod }", "avc: ~ denied ~ { execheap }",
        "avc: ~ denied ~ { execute", "avc: ~ denied ~ { map }", "selinux is preventing ~ execstack",
        "selinux is preventing ~ execmem", "selinux is preventing ~ execmod",
        "selinux is preventing ~ text relocation", "selinux is preventing ~ execheap",
        "selinux is preventing ~ execute access", "selinux is preventing ~ executable",
    )),
    ('selinux_mount', (
        "selinux is preventing", "selinux prevents ~ from ", "avc: ~ denied ~ {", "lsetxattr ~ operation not supported",
        "lsetxattr ~ permission denied", "setxattr ~ label=", "selinux relabeling of", "relabel failed",
        "failed to relabel", "error setting label on mount source", "cannot open directory ~ permission denied",
        "relabeling content", "operation not permitted ~ chcon", "setfilecon",
    )),
    # Without a word of a container, the rights of the file are nearer than a label.
    ('selinux_mount', ("can't open '/ ~ : permission denied",), {
        'after': ("podman", "docker", "container", "volume", "mount", "entrypoint")}),
    # ENODATA: the file has no label at all, as where SELinux is not on.
    ('selinux_mount', ("chcon: failed",), {'unless': ("no data available",)}),
    ('noexec_mount', ("failed to map segment ~ operation not permitted",)),
    ('noexec_mount', ("failed to map segment",), {'rank': 20}),   # without errno: what SELinux says of it comes first
    ('noexec_mount', (
        "fehler beim mappen des shared objects", "mounted noexec", "mounted with noexec",
        "mounted as noexec", "mounting /tmp as noexec", "with the noexec", "mounted with the 'noexec", "set to noexec", "noexec flag",
        "noexec option", "noexec mount", "mount ~ noexec ~ cannot", "is noexec", "has noexec",
        "bad interpreter: permission denied", "spawn /tmp/ ~ eacces", "exec /tmp/ ~ permission denied",
        "/tmp/ ~ .sh: permission denied", "/tmp/ ~ bin/ ~ : permission denied",
        "/tmp/ ~ .so ~ operation not permitted", "errno 13 ~ permission denied: '/tmp/ ~ bin/",
        "/tmp/ ~ : cannot execute: permission denied", "/tmp/ ~ configure: permission denied",
    )),
    ('noexec_mount', ("cannot run program '/tmp/ ~ error=13",)),
    ('noexec_mount', ("unsatisfiedlinkerror: ~ /tmp/ ~ .so",), {'unless': (
        "cannot open shared object", "error loading shared", "wrong elf", "not found", "undefined symbol")}),
    ('arch_mismatch', (
        "invalid elf header", "wrong elf class", "exec format error", "cannot execute binary file",
        "elf file's phentsize", "elf load command past end", "elf load command address", "elf load command alignment",
        "elf file data encoding", "elf file os abi invalid",
        "elf file abi version invalid", "elf file version ", "nonzero padding in e_ident",
        "only et_dyn and et_exec can be loaded", "incompatible architecture", "missing compatible arch",
        "no matching architecture in universal wrapper", "not a mach-o",
        "not a valid win32 application", "file too short", "unsupported processor architecture", "wrong architecture",
        "does not match the detected host platform", "file in wrong format", ".node: cannot open shared object file",
        "no matching manifest for linux", "no image found in manifest list for architecture",
        "no image found in image index for architecture", "slice is not valid mach-o",
        "requested image's platform", "object file has no dynamic section", "object file has no loadable segments",
        "for the wrong platform", "ebadplatform", "unsupported platform for", "platform ~ is not supported ~ current",
        "could not find module ~ built for", "unsupported architecture", "qemu-x86_64: could not open",
        "rosetta error: failed to open", "cannot execute: required file not found", "architecture ~ does not match",
        "rosetta ~ x86_64", "was compiled for a different architecture", "for another platform",
        "no manifest found for platform", "binaries cannot be used on the",
        "no match for platform in manifest",
    ), {'unless': ("__glibc",)}),
    # bash of Red Hat names the loader that a program asks for: one for programs of 32 bit, of musl, or of some package.
    ('musl', ("/ld-musl- ~ : bad elf interpreter: no such file",)),
    ('arch_mismatch', (": bad elf interpreter: no such file",), {
        'regex': r" /lib(?:32|64|x32)?/(?:[\w-]{1,40}/)?ld(?:-linux(?:-[\w-]{1,20})?|64)\.so\.\d: bad elf interpreter: "}),
    ('missing_shared_lib', (": bad elf interpreter: no such file",)),
    ('arch_mismatch', ("cannot find -l",), {'after': ("skipping incompatible",)}),
    ('arch_mismatch', ("' is incompatible with this module",), {'regex': r"^(?!(?:.{0,60} )?info \S).{0,200}the (?:platform|cpu architecture) '"}),
    ('arch_mismatch', (
        "does not match the specified platform", "does not have a compatible architecture",
        "is intended for a different architecture", "is intended for a different operating system",
        "architecture ( ~ could not run on the host's",
    )),
    # What kept it from being loaded is on the next line, where it is known.
    ('musl', ("using the linuxmusl",), {'rank': 29}),
    ('arch_mismatch', ("could not load the 'sharp' module using",), {'rank': 29}),
    # OpenSSL's own libraries by name: CentOS 7 has 1.0.2 only.
    ('openssl_too_old', (
        "libssl.so.1.1: cannot open", "libcrypto.so.1.1: cannot open", "libssl.so.3: cannot open",
        "libcrypto.so.3: cannot open",
    )),
    ('python_missing', (
        "error while loading shared libraries: libpython",
    )),
    ('python_missing', ("spawn ~ python ~ enoent",), {'regex': r"python[\w.-]{0,12}'? enoent", 'rank': 52}),
    ('missing_shared_lib', (
        "cannot open shared object", "error while loading shared libraries", "error loading shared library",
        "library not loaded: ", "intel mkl error", "mkl fatal error", "cannot load libmkl",
        "unable to load library 'lib", "symbol lookup error", "undefined symbol: ", "unable to load shared library",
        "failed to load shared library", "dll load failed", "dlopen failed", "could not load dynamic library",
        "could not load shared library", "error loading lib ~ .so", "cannot load mkl", "mkl_ ~ cannot load", "mkl ~ failed to load",
        "specified module could not be found", "[winerror 126]", "could not load library lib", "=> not found",
        "could not dlopen", "failed to dlopen", "dlopen( ~ (no such file)", "unsatisfiedlinkerror: no ~ in java.library.path",
        "could not find module ' ~ ' (or one of its dependencies)",
        "nothing provides lib ~ .so", "nothing provides 'lib ~ .so", "requires: lib ~ .so", "lib ~ .so ~ is needed by",
    ), {'unless': ("incorrect on entry",)}),

    ('missing_shared_lib', ("image not found",), {'regex': r"reason: image not found|(?:dylib|dlopen).{0,300}image not found"}),

    # --- the processor and the kernel
    ('cpu_isa', (
        "virtual package '__archspec ~ does not match",
        "illegal instruction", "illegal hardware instruction", "sigill", "invalid opcode", "ilegal instruction",
        "ltiger maschinenbefehl", "instruction non permise", "instruction ill ~ gale", "instrucci ~ n ilegal",
        "istruzione non consentita",
        "invalid machine instruction", "exit code -4", "exited with code -4", "returncode=-4", "returncode -4",
        "exit status -4", "return code -4", "core-dump, signal=ill", "status=4/ill", "0xc000001d", "-1073741795",
        "3221225501", "doesn't support avx", "not support avx", "without avx", "cpu does not support",
        "cpu doesn't support", "requires avx", "require avx", "avx2 is not supported", "avx is not supported",
        "avx512 is not supported", "no avx support", "avx ~ not available", "avx ~ required",
        "compiled to use ~ instructions, but these aren't available", "processor does not support",
        "missing cpu features", "numpy was built with baseline optimizations", "but your machine doesn't support",
        "verify that your cpu supports", "your cpu supports ~ required", "cpu isa level is lower than required", "this cpu is not supported", "machine does not support ~ instruction",
        "cpu ~ lacks", "cpu too old", "x86-64-v2", "x86-64-v3 ~ not", "missing required cpu features",
        "cpu features were not detected",
    )),
    ('cpu_isa', ("requires a cpu", "require a cpu", "need a cpu", "needs a cpu", "requires a processor"), {
        'regex': r"a (?:cpu|processor) (?:with|that (?:supports|has)) (?:\w{1,20} ){0,2}(?:avx|sse|fma|bmi|f16c|popcnt|x86-64-v)"}),
    ('kernel_too_old', (
        "kernel too old", "unsupported kernel. kernel", "kernel ~ is below the minimum", "kernel is new enough", "upgrade your kernel", "kernel is too old",
        "kernel version ~ too old", "your linux kernel version", "kernel does not support",
        "kernel ~ or newer is required", "kernel ~ or later is required", "requires linux kernel",
        "kernel >= ~ required", "minimum kernel version", "overlay: unrecognized mount option", "overlay ~ enodev",
        "module overlay not found", "no such device ~ overlay",
        "unsupported kernel version", "requires kernel version", "kernel version ~ or", "requires at least kernel",
        "linux kernel ~ not supported", "function not implemented",
    )),
    # runc's own part in C ends with a number of its own for each step; 1 is of what is around it.
    ('kernel_too_old', ("running exec setns process for init",), {
        'regex': r"process for init(?!.{0,300}exit status 1\b)"}),

    # --- room and memory
    ('disk_full', (
        "no space left", "kein speicherplatz mehr", "aucun espace disponible", "no queda espacio", "spazio esaurito",
        "enospc", "errno 28", "errno 122", "disk quota exceeded", "edquot", "not enough space",
        "not enough free space", "insufficient space", "insufficient disk space", "insufficient free space",
        "not enough disk space", "not enough free disk space", "more space needed on", "disk requirements:",
        "out of disk space", "disk is full", "disk full", "file system is full", "filesystem full",
        "don't have enough free space", "no more inodes", "inodes on the", "needed on the / filesystem",
        "mb on the / filesystem", "wrote only ~ bytes", "no free space",
        "low on resource: ephemeral-storage", "low on resource: inodes", "attempting to reclaim ephemeral-storage",
        "attempting to reclaim inodes", "failed to garbage collect required amount of images",
        "ephemeral local storage usage exceeds the total limit", "usage of emptydir volume ~ exceeds the limit",
        "exceeded its local ephemeral storage limit", "node had condition: [diskpressure]", "insufficient ephemeral-storage",
        "have enough resource: ephemeral-storage", "taint {node.kubernetes.io/disk-pressure",
    ), {'unless': ("file watchers", "cannot clone", "user namespace", "unshare", "errno 12]", ": clone: ")}),
    ('disk_full', ("more space on the",), {'regex': r"needs \d{1,9}[kmgt]?b more space on the"}),
    # LXC, of hierarchies that are not mounted or not to be written to.
    ('cgroup_v2', ("controller mountpoint found", "failed initializing cgroup support", "failed to initialize cgroup support",
                   "find writable mount point for cgroup hierarchy")),
    ('cgroup_v2', ("/init.scope", "/sys/fs/cgroup ~ read-only", "failed to allocate manager object")),
    # What the engine mounts read-only, no file system of the host.
    ('container_perm', ("/proc/sys/ ~ read-only file system", "/proc/sys: read-only file system")),
    ('read_only', (
        "read-only file system", "erofs: read", "code erofs", "'erofs'", "errno 30]",
        "filesystem is read-only", "read only file system",
        "read-only filesystem", "file system is read only", "readonly file system",
    )),
    ('oom_build', ("signal: 9",), {'regex': r"process didn't exit successfully: '?(?:\S{0,200}/)?(?:rustc|cargo)\b.{0,300}signal: 9"}),
    ('out_of_memory', ("libgomp: out of memory allocating", "cublas_status_alloc_failed")),
    ('oom_build', (
        "killed signal terminated program", "internal compiler error: killed", "(program cc1plus)",
        "cc1plus ~ out of memory", "cc1plus ~ killed", "cc1: out of memory", "make ~ error 137",
        "ld terminated with signal 9", "killed (program", "out of memory allocating ~ bytes", "fatal error: killed",
        "execute command: killed", "ninja ~ killed", "g++ ~ killed", "nvcc ~ killed", "make ~ killed",
        "ld: out of memory", "memory exhausted", "command 'gcc' failed ~ -9", "gcc' failed ~ signal 9",
        "g++' failed ~ signal 9", "failed with exit code -9", "killed process ~ (cc1plus", "killed process ~ (ld)",
        "cc1plus invoked oom", "command '/usr/bin/ ~ failed with exit code 137", "signal 9 ~ cc1plus",
        "could not allocate ~ cc1plus", "died due to signal 9", "llvm error: out of memory",
    )),
    ('killed', ("status=9/kill",)),  # systemd, which says on another line where memory was why
    ('killed', ("oomkilled ~ false",), {'rank': 7, 'unless': ("'running':true", "'running': true")}),
    ('out_of_memory', (
        "memoryerror", "arraymemoryerror", "bad_alloc", "out of memory", "oomkilled", "oom-kill", "returncode=-9",
        "code -9", "status -9",
        "sigkill", "signal: killed", "cannot allocate memory", "enomem", "errno 12]", "unable to allocate",
        "failed to allocate memory", "reached heap limit", "allocation failed - javascript",
        "last few gcs", "ineffective mark-compacts", "memory allocation still failed", "could not allocate memory", "killed process", "cannot fork",
        "malloc failed", "posix_memalign", "array buffer allocation failed", "insufficient memory",
        "not enough memory", "memory limit exceeded", "exceeded memory", "killed: 9",
    ), {'unless': ("tls block", "pthread_create", "oomkilled':false", "oomkilled': false", "errno 12] timeout on")}),
    # A kernel of ARM64 with other pages than those that jemalloc was built for.
    ('arch_mismatch', ("memory allocation of ",), {
        'regex': r"memory allocation of \d{1,20} bytes failed", 'after': ("<jemalloc>: unsupported system page size",)}),
    ('out_of_memory', ("memory allocation of ",), {'regex': r"memory allocation of \d{1,20} bytes failed"}),
    # The kernel's own words; what V8 prints of its heap before it gives up.
    ('out_of_memory', ("oomd attempting to kill", "systemd-oomd killed ", "due to memory pressure for ", "due to memory used (")),
    ('out_of_memory', ("oom_reaper: reaped process", "page allocation fail ~ order:", "vmalloc: allocation fail")),
    ('out_of_memory', ("mark-sweep ~ average mu = ", "mark-compact ~ average mu = "), {'rank': 66}),
    ('out_of_memory', (
        "have enough resource: memory", "node had condition: [memorypressure]", "taint {node.kubernetes.io/memory-pressure",
        "system oom encountered, victim process",
        "low on resource: memory", "killed by the oom killer", "exceeding memory limits", "container killed on request. exit code is 137",
    )),
    ('out_of_memory', ("killed",), {
        'regex': r"^(?:process )?killed$|: line \d{1,6}: *\d{1,9} killed\b|^\[\d{1,4}\] *[+-]? *\d{1,9} killed\b"}),
    # Behind the wheel that conda, mamba and pip turn while they work.
    ('out_of_memory', ("killed",), {'regex': r"(?:: |\.\.\. ?)(?:(?:[\\|/-]|\.\.\.working\.\.\.) ?){0,60}killed$", 'unless': ("error", "fail")}),
    # --- containers
    ('python_missing', ("exec: ' ~ /python ~ no such file",)),
    ('seccomp_clone3', (
        "blas_thread_init: pthread_create", "clone3 ~ operation not permitted", "clone3 ~ eperm", "clone3 ~ seccomp",
        "faccessat2 ~ operation not permitted", "can't start new thread", "pthread_create ~ eperm",
        "thread ~ operation not permitted", "uv_thread_create", "libgomp: thread creation failed",
        "getaddrinfo() thread failed to start", "pthread_create failed", "pthread_create() failed", "post-invoke",
        "failed to create thread", "make: /bin/sh: operation not permitted", "failed to start thread",
        "thread constructor failed", "cannot create thread", "couldn't create thread", "adding seccomp filter",
        "adding seccomp rule", "seccomp: unknown", "libseccomp ~ too old", "seccomp ~ not supported",
        "unable to start worker thread", "failed to create new os thread", "may need to increase max user processes",
        "std::system_error ~ operation not permitted", "what(): operation not permitted",
    )),
    # Not what a compiler says of sources of libseccomp, or of what uses it.
    ('seccomp_clone3', ("seccomp ~ fail", "seccomp ~ error"), {
        'unless': ("fatal error: ", "undefined reference", "pkg-config", ".h: ", ".pc")}),
    ('docker_perm', (
        "permissionerror ~ server api version", "permission denied ~ server api version",
        "permission denied while trying to connect to the docker", "docker.sock ~ permission denied",
        "permission denied ~ docker.sock", "podman.sock ~ permission denied", "docker daemon socket ~ denied",
        "eacces ~ docker.sock", "'connection aborted.', permissionerror(13", "'connection aborted.', error(13",
        "fetching server api version ~ permission denied", "fetching server api version ~ permissionerror",
        "docker ~ must be run as root", "permission denied ~ docker daemon", "access to the docker daemon",
        "clientproviderstrategy: ~ permission denied",
    )),
    # Testcontainers: each way to an engine that it tried, in Java; what it ends with in Java, Node, Go and .NET.
    ('engine_missing', ("clientproviderstrategy: failed with exception",)),
    ('engine_missing', ("could not find a valid docker environment", "no valid configuration was found, execution cannot continue",
                        "could not find a working container runtime strategy", "rootless docker not found",
                        "docker is either not running or misconfigured")),
    ('podman_userns', ("no mapping entry found in /etc/sub", "setting up uid map: ", "setting up gid map: ")),
    # ENOSPC of clone(2): the limit on namespaces.
    ('podman_userns', ("user namespace ~ no space left", "unshare ~ no space left", ": clone: no space left")),
    ('podman_userns', ("max_user_namespaces is 0", "max_user_namespaces = 0", "max_user_namespaces=0")),
    ('podman_userns', (
        "not be enough ids available in the namespace", "insufficient uids", "newuidmap", "newgidmap",
        "can't get final child's pid",
        "cannot re-exec process", "cannot find uid/gid for user", "cannot find mappings for user",
        "no subuid ranges found", "no subgid ranges found", "cannot clone: ", "clone: operation not permitted",
        "cannot clone process", "max_user_namespaces", "unprivileged_userns_clone",
        "could not find enough available ids", "for unmapped ~ in rootless containers", "not enough unused id", "not enough available ids", "check /etc/subuid",
        "open /etc/subuid", "/etc/subuid ~ no ", "entries in /etc/subuid", "lchown ~ invalid argument",
        "layer ~ lchown ~ operation not permitted", "processing tar file ~ lchown ~ operation not permitted",
        "chown: ~ : invalid argument", "cpio: chown",
        "rootless single mapping into the namespace", "resetting the pause process", "write to uid_map", "/uid_map: ",
        "/gid_map: ", "unshare ~ operation not permitted", "unshare ~ invalid argument", "clone_newuser ~ ",
        "rootlesskit:error", "[rootlesskit ~ error", "rootlesskit ~ failed", "error joining namespace",
        "error creating new mount namespace", "cannot set up namespace", "fork/exec /proc/self/exe: ",
        "creating new namespace ~ operation not permitted", "nsenter: ", "error reading allowed id mappings",
        "slirp4netns ~ failed",
        "subordinate uid", "subordinate ids", "user namespace", "namespace requires privileges",
        "to create container namespaces", "newuser namespace", "permissions to create new namespace",
        "fusermount ~ operation not permitted",
    ), {'unless': ("creating user namespace", "fork/exec /proc/self/exe: no such file")}),
    ('cgroup_v2', (
        "doesn't work on cgroups v2", "work on cgroup", "doesn't support cgroup", "not support cgroup",
        "failed to get d-bus connection", "cgroup namespaces aren't enabled", "requires cgroup v", "require cgroup v",
        "requires cgroups v",
        "cgroup v2 ~ not", "cgroups v2 ~ not", "cgroups v1 ~ not", "cgroup v1 ~ not", "cgroups-v2 ~ not", "cgroups-v1",
        "cgroup v1 ~ deprecated", "devices cgroup isn't mounted", "unable to find 'cpuset'", "failed to mount cgroup",
        "booted with systemd as init", "/sys/fs/cgroup ~ read-only",
        "/sys/fs/cgroup ~ invalid argument", "/sys/fs/cgroup ~ not", "mounting 'cgroup", "cgroup mount",
        "failed to connect to bus", "failed to connect to user scope bus", "cannot operate. failed to connect", "systemd cgroup flag passed",
        "systemd ~ cgroup ~ error", "systemd cgroup ~ not", "sd-bus call", "freezing execution",
        "unable to connect to upstart",
        "failed to mount api filesystems", "cgroup.subtree_control", "cgroup.procs", "no cgroup ",
        "cgroup ~ not mounted", "cgroup ~ is not supported", "cgroups: cannot", "cgroup ~ permission denied",
        "cgroup ~ no such file", "create systemd cgroup", "creating' systemd unit", "creating systemd unit",
        "unable to apply cgroup", "switching to --cgroup-manager",
        "unified cgroup", "cgroup ~ not found",
        "unknown version specified ~ cgroup", "cgroup ~ not available",
        "failed to create /docker", "cgroup ~ failed", "cannot determine cgroup",
        "set limits without cgroups", "could not join cgroup", "could not join or create cgroup", "invalid cgroup mode",
        "memory controller for the current process", "cgroup2 for the current process", "parse /proc/self/cgroup",
        "cgroup not supported on",
    )),
    ('image_rate_limit', (
        "toomanyrequests", "pull rate limit", "increase-rate-limit", "unauthenticated pull", "(hap429)",
    )),
    # Whose limit it is stands around it: many other services have one.
    ('image_rate_limit', (
        "too many requests", "rate limit exceeded", "http 429", "code 429", "code: 429", "status: 429",
        "reached your ~ rate limit", "rate limited",
    ), {'after': ("docker", "podman", "buildah", "skopeo", "buildkit", "containerd", "manifest", "image", "pull",
                  "registry", "/v2/"),
        'unless': ("huggingface", "api rate limit", "npm ", "api.github", "warn ")}),
    # Not here, as whatever came before it kept it from being fetched.
    ('image_missing', (
        "image not known", "no such image", "manifest for ~ not found", "did not resolve to an alias",
        "short-name resolution enforced",
    ), {'rank': 27}),
    ('image_missing', (
        "manifest unknown", "name unknown: ", "pull access denied",
        "reading manifest ~ unauthorized: ", "reading manifest ~ requested access to the resource is denied",
        "reading manifest ~ : denied", "response from daemon: denied", "unable to retrieve auth token",
        "denied: requested access to the resource", "requested access to the resource is denied",
        "no basic auth credentials", "authorization token has expired", "pinging container registry ~ unauthorized",
        "from head request to ~ 403", "from head request to ~ 401",
        "is not present with pull policy of never",
        "no pull access", "errimagepull", "errimageneverpull", "imagepullbackoff",
        "failed to resolve source metadata ~ not found", "response from daemon: get ~ unauthorized",
        "response from daemon: head ~ unauthorized", "fetching blob: unauthorized",
        "failed to resolve reference ~ not found", "failed to resolve reference ~ 401 unauthorized",
        "failed to resolve reference ~ 403 forbidden",
    )),
    ('engine_missing', (
        "no oci runtime ", "conmon is not installed", "docker.sock is there. start the daemon",
        "connect to the docker daemon at", "connect to docker daemon", "cannot connect to the docker daemon",
        "is the docker daemon running",
        "cannot connect to podman",
        "unable to connect to podman", "no container engine", "docker.sock ~ no such file",
        "docker.sock ~ connection refused", "connect enoent ~ /docker.sock", "connect econnrefused ~ /docker.sock",
        "connect enoent ~ /podman.sock", "connect econnrefused ~ /podman.sock", "enoent /var/run/docker.sock", "podman.sock ~ no such file",
        "fetching server api version ~ filenotfounderror", "fetching server api version ~ no such file",
        "unit docker.service not found", "docker.service failed", "docker.service could not be found",
        "docker engine is not running", "required executable 'podman", "required executable 'docker",
        "oci runtime ' ~ not found", "could not find a working conmon", "no such file or directory: 'docker",
        "no such file or directory: 'podman", "spawn docker enoent", "spawn podman enoent", "cannot find docker",
        "docker is not installed", "podman is not installed", "docker daemon is not running",
        "docker engine failed to start", "failed to start docker engine", "failed to start the docker engine",
        "dockerd failed to start", "timed out trying to connect to internal docker host",
        "unable to configure the docker daemon with file", "failed to start daemon: pid file found",
        "failed to start daemon, ensure docker is not running", "error starting daemon: pid file found",
        "failed to start daemon: process with pid ~ is still running", "please run 'dockerd' directly",
    )),
    # What systemd says of the engine's service: what the engine said itself, if anything, says more.
    ('engine_missing', (
        "failed to start docker application container engine", "failed to start containerd container runtime",
        "failed to start podman api service",
    ), {'rank': 78}),
    # What systemctl says of the engine's service.
    ('engine_missing', ("active: failed", "active: inactive (dead)"), {
        'after': ("docker.service - ", "docker.service: ", "podman.service - ", "podman.socket - ", "containerd.service - ")}),
    ('container_perm', (
        "cannot chdir: permission denied", "oci permission denied", "oci runtime ~ permission denied",
        "oci runtime ~ operation not permitted",
        "error stat'ing file", "runc ~ permission denied", "runc ~ operation not permitted",
        "crun: ~ permission denied", "crun: ~ operation not permitted", "statfs ~ permission denied",
        "setrlimit ~ operation not permitted", "overlay ~ permission denied", "mount ~ operation not permitted",
        "mount ~ permission denied", "/run/user/ ~ permission denied", "exec user process caused ~ permission denied",
        "run/libpod ~ permission denied", "container ~ operation not permitted", "mknod ~ operation not permitted",
        "conmon ~ permission denied", "sethostname ~ operation not permitted", "oci runtime attempted to invoke",
        "container ~ permission denied",
    ), {'unless': ("/var/www", "ansible")}),

    # --- Ansible
    ('selinux_bindings', (
        "missing selinux python library", "selinux ~ python bindings", "python bindings ~ selinux",
        "libselinux-python ~ required", "libselinux-python ~ not installed", "(libselinux-python",
        "no module named selinux", "no module named 'selinux'", "no module named semanage",
        "no module named 'semanage'", "no module named seobject", "no module named 'seobject'",
        "module 'selinux' has no attribute", "python-selinux ~ required", "policycoreutils-python ~ required",
        "libsemanage-python ~ required", "(libsemanage-python", "please install libselinux", "selinux bindings",
        "no module named '_selinux'", "no module named _selinux",
    )),
    ('yum_bindings', (
        "bindings for rpm", "bindings for dnf", "no module named yum", "no module named 'yum'", "no module named rpm",
        "no module named 'rpm'", "python3-dnf must be installed", "could not import the dnf python module",
        "could not import the yum", "no module named 'dnf'", "no module named dnf",
        "could not detect which major revision of yum", "required to run yum", "yum module is needed",
        "dnf module is needed", "python2-dnf'", "python3-apt must be installed",
        "no module named 'apt'", "no module named apt", "python-apt must be installed", "python-apt is required",
        "please install python-apt", "missing python-apt", "(python-apt)", "except keyboardinterrupt, e:",
        "install python3-apt", "no module named 'apt_pkg", "no module named apt_pkg", "import python modules: apt", "libdnf5 python module", "could not import the libdnf", "python 2 yum", "python3-rpm ~ required",
        "install -y python2-dnf", "install -y python3-dnf", "python-dnf",
    )),
    ('ansible_target_python', (
        "future feature annotations is not defined", "requires a minimum of python",
        "requires python ~ on the managed", "requires python ~ on the target",
        "no module named 'ansible.module_utils.six.moves", "no module named ansible.module_utils.six",
        "unsupported python version on the target",
        "ansible requires the stdlib json or simplejson module", "ansiballz ~ syntaxerror", "ansible/module_utils/ ~ syntaxerror",
        "the ansible ~ requires python", "ansible requires python", "ansible-core ~ requires python",
        "the ~ module ~ requires python", "ansible_module_ ~ syntaxerror",
        "no module named 'ansible.module_utils.six'", "target python ~ not supported",
        "python ~ on the target host is not supported", "python 2.6", "no module named 'ansible.module_utils.basic'",
        "ansible ~ python2.6", "the module interpreter ~ not supported", "not supported by this version of ansible",
    ), {'unless': ("deprecat", "site-packages", "docker-py (python 2.6)", "docker-py' (python 2.6)")}),
    ('ansible_target_python', (
        "syntaxerror: invalid syntax",
    ), {'after': ("ansiballz_", "ansible_module_", "ansible/module_utils", "/ansible-tmp-")}),
    ('ansible_become', (
        "sudo password", "become password", "su password", "incorrect password attempt", "no tty present",
        "no askpass program", "sudo via ansible", "waiting for become success", "doas: ", "pam_unix(sudo:auth", "pam_unix(sudo:account",
        "sudo: the 'no new privileges'", "sudo: a password is required",
        "sudo: a terminal is required", "must have a tty", "sudo: no tty present", "is not in the sudoers file",
        "is not allowed to execute", "sudo: unknown user", "sudo: command not found", "sudo: not found",
        "sudo: effective uid is not", "su: authentication failure", "su: permission denied",
        "sudo must be owned by uid", "sudo: unable to", "su: sorry", "may not run sudo",
        "becoming unprivileged", "set permissions on the temporary files", "sudo: pam", "sudo: account",
        "su: must be run from a terminal", "privilege escalation", "waiting for password prompt",
        "su: cannot set", "sudo: error",
        "sudo: /etc/sudoers", "sudo: user ", "sudo: parse error", "failed to become",
    )),
    ('ansible_remote_tmp', (
        "failed to create temporary directory", "could not create temporary directory", "remote temp path",
        "authentication or permission failure", ".ansible/tmp ~ no such file", ".ansible ~ permission denied",
        "cannot create directory ~ .ansible", "remote_tmp", "remote tmp",
        "ansible-tmp- ~ permission denied", "ansible-tmp- ~ no such file", "permission denied ~ ansible-tmp-",
        "no such file ~ ansible-tmp-", "no usable temporary directory found", "errno 2 ~ .ansible/tmp",
    ), {'unless': ("module remote_tmp ~ did not exist and was created",)}),
    # ssh says it of a user without a home, and goes on.
    ('ansible_remote_tmp', ("could not chdir to home directory",), {'after': ("ansible", "unreachable!", "failed!")}),
    ('git_blocked', (
        "git@github.com: permission denied",
        "git@gitlab.com: permission denied", "ssh: connect to host github", "ssh: connect to host gitlab", "ssh: could not resolve hostname github",
    )),
    ('unreachable', (
        "unreachable!", "failed => ssh error", "failed => ssh encountered an unknown error",
        "failed to connect to the host via ssh", "ssh: connect to host",
        "host key verification failed", "permission denied (publickey", "ssh_exchange_identification",
        "too many authentication failures", "host identification has changed", "ssh: could not resolve hostname",
        "unable to negotiate with", "data could not be sent to", "'unreachable': true", "during banner exchange",
        "permission denied, please try again", "mux_client_request_session: session request failed", "kex_exchange", "ssh: handshake failed",
        "load key ' ~ bad permissions", "load key ' ~ invalid format",
        "permissions ~ for ' ~ are too open", "using a ssh password instead of a key is not possible",
        "ssh_dispatch_run_fatal", "authenticationexception: authentication failed", "client_loop: send disconnect", "timeout, server ~ not responding", "no matching host key type found",
        "invalid/incorrect username/password", "ssh connection failed", "connection to ~ closed by remote host",
        "connection closed by ~ port 22", "no matching key exchange method found", "no matching cipher found",
        "bad owner or permissions on ~ .ssh", "load key ' ~ error in libcrypto", "muxclient: ",
        "no matching mac found", "novalidconnectionserror", "unable to connect to port 22", "sign_and_send_pubkey: sign",
    )),
    # Wanted by a build, and no nearer to the root than its other tools.
    ('python_missing', (
        "python ~ executable ~ set the env variable python", "can't find python executable", "find any python",
        "python is not set from", "gyp err! find python", "gyp error find python",
    ), {'rank': 52}),
    ('python_missing', (
        "bin/python: no such file", "bin/python3: no such file",
        "bin/python ~ bad interpreter", "no python interpreters found", "'python': no such file",
        "'python3': no such file",
        "failed to get the python codec",
        "could not find platform independent libraries", "no module named 'encodings'", "no module named encodings", "module interpreter '/ ~ not found", "the module interpreter ' ~ was not found",
        "directory: 'python",
        "the module failed to execute correctly, you probably need to set the interpreter", "python is not installed",
        "failed to find python",
        "platform independent libraries <prefix>", "install python ~ on the ~ host",
    ), {'unless': ("site-packages", "python.h", "warning]: platform", ".py'", ".py:", "can't open file")}),

    # virtualenv before 20
    ('python_missing', ("(from --python= ~ does not exist", "(from --python= ~ is not executable")),
    ('python_missing', ("python ~ : no such file or directory",), {
        'regex': r"(?<![\w-])python[\d.]{0,5}\b.{0,200}: no such file or directory",
        'unless': ("site-packages", "python.h", "warning]: platform", ".py'", ".py:", "can't open file")}),
    # --- the mirrors of CentOS
    ('epel_metalink', (
        "cannot retrieve metalink", "metalink ~ epel", "epel ~ metalink", "metadata for repo 'epel", "repo: epel",
        "repo: 'epel", "repository 'epel", "repository epel", "epel/x86_64: [errno", "epel ~ trying other mirror",
        "epel ~ no more mirrors", "no package epel-release", "no package matching 'epel",
        "unable to find a match: epel", "epel-release not available", "fedoraproject.org/pub/epel ~ 404",
        "fedoraproject.org/pub/epel ~ not found", "epel ~ repomd.xml ~ error", "repomd.xml ~ epel ~ error",
        "pub/epel/ ~ [errno", "resolve host: mirrors.fedoraproject.org", "mirrors.fedoraproject.org ~ error",
        "epel-release-latest-7 ~ not found", "epel-release-latest-7 ~ 404", "epel-release-latest-7 ~ failed",
        "open: https://dl.fedoraproject.org/pub/epel", "skipping unreadable repository '/etc/yum.repos.d/epel",
        "could not get metalink", "pub/epel/7 ~ 404",
    ), {'unless': ("407", "proxy ")}),
    ('centos_eol_mirror', (
        "cannot find a valid baseurl", "could not retrieve mirrorlist", "could not resolve host: mirrorlist",
        "resolve host ~ mirrorlist.centos.org", "resolve host ~ mirror.centos.org",
        "mirrorlist.centos.org ~ error", "mirrorlist.centos.org ~ could not", "mirror.centos.org ~ not found",
        "mirror.centos.org ~ 404", "mirror.centos.org ~ error", "resolve host: mirror.centos.org",
        "metadata for repo 'appstream", "metadata for repo 'base", "metadata for repo 'extras",
        "metadata for repo 'updates", "metadata for repo 'centos", "metadata for repo 'powertools",
        "no urls in mirrorlist", "prepare internal mirrorlist", "mirror urls are not using", "no valid mirrors",
        "no more mirrors to try", "all mirrors were already tried", "centos-sclo ~ [errno", "centos-sclo ~ error",
        "/centos/7 ~ 404", "/centos/7 ~ not found", "/centos/7 ~ [errno", "one of the configured repositories failed",
        "repomd.xml: [errno ", "failure: repodata/", "invalid repository baseurl", "there are no enabled repos",
        "no package centos-release-scl", "no package devtoolset",
        "centos-release-scl ~ not ", "matching 'devtoolset", "matching 'centos-release", "find a match: devtoolset",
        "find a match: centos-release-scl", "package devtoolset ~ available", "http error 404 ~ centos", "mirrorlist ~ curl#6",
        "yum ~ baseurl", "vault.centos.org ~ error", "vault.centos.org ~ [errno",
        "cannot retrieve repository metadata (repomd.xml)", "failed to synchronize cache for repo",
        "mirrorlist.centos.org ~ timed out", "mirrorlist.centos.org ~ not known", "mirrorlist.centos.org ~ unknown",
    ), {'unless': ("407", "proxy ", "epel", "certificate", "rockylinux.org", "almalinux.org", "/fedora/",
                   "url: ['http")}),  # of a box, which Vagrant looks for
    # yum of one file of a repository, such as a package that is no longer there.
    ('repo_failed', ("[errno 14] ",), {
        'regex': r"\[errno 14\] (?:(?:https?|ftp) error \d{3} |(?:pycurl error |curl#)22 .{0,60}error: (?:4|5)\d\d)",
        'unless': ("407", "proxy ", "key retrieval failed")}),
    ('repo_failed', ("metadata for repo '", "prepare internal mirrorlist", "no urls in mirrorlist", "could not retrieve mirrorlist"), {
        'after': ("rockylinux.org", "almalinux.org", "/fedora/"), 'unless': ("407", "proxy ", "epel", "certificate")}),
    ('repo_failed', ("failed to download metadata (mirrorlist: ~ for repository", "failed to download metadata (baseurl: ~ for repository",
                     "cache-only enabled but no cache for")),
    # A heading of dnf: what went wrong is below. Other distributions have repositories of the names of CentOS.
    ('centos_eol_mirror', ("errors during downloading metadata",), {
        'rank': 34, 'regex': r"repository '(?:appstream|base|extras|powertools|centos|cr\b)"}),
    ('repo_failed', ("errors during downloading metadata",), {'rank': 34, 'unless': ("epel",)}),

    # --- the network, from what names a reason to what only says that it failed
    ('proxy', (
        "proxyerror", "proxy error", "407 proxy", "proxy authentication", "code e407", "407 authenticat", "code 407",
        "error: 407",
        "response 407", "http/1.1 407", "http/1.0 407", "error 407", "code: 407", "status: 407", "http 407",
        "status 407", "statuscode=407", "tunnel connection failed", "tunneling socket could not be established",
        "resolve proxy", "via proxy", "proxyconnect tcp", "proxy refused", "proxy tunnel", "from proxy after connect",
        "http code ~ from proxy", "err_proxy", "proxy connection", "proxy connect aborted", "proxy handshake",
        "missing dependencies for socks support", "proxy server ~ fail", "invalid proxy", "proxy ~ connection refused",
        "proxy ~ timed out", "proxy ~ 403 forbidden", "proxy url had no scheme", "proxy scheme", "bad proxy",
        "proxy requires", "proxy is refusing", "error connecting to proxy", "connect to proxy",
        "invalidproxyurl", "tunnel error: ", "unable to tunnel through proxy", "check_hostname requires server_hostname", "proxychains ~ timeout", "requires authentication ~ proxy",
        "proxy ~ denied", "connect tunnel failed", "wrong version number", "wrong_version_number",
    ), {'unless': ("'proxy' config is set properly", "if you are behind a proxy", "configure the proxy", "proxy_pass"
        )}),
    ('clock_or_cert', (
        "cert_has_expired", "cert_not_yet_valid", "or is not yet valid", "clock skew detected", "clock skew too", "is not valid yet",
        "expired ~ certificate", "certificate ~ expired", "certificate ~ not yet valid", "not yet activated",
        "sec_error_expired", "clock may be wrong", "clock is wrong", "in the future ~ certificate", "certexpired",
        "time ~ is in the future", "timestamp ~ in the future", "clock ~ not synchron", "clock out of sync",
        "date is wrong", "signature verification failed ~ expired", "is invalid ~ expired",
        "certificatenotyetvalidexception", "certificateexpiredexception", "certpathvalidatorexception: validity check",
        "certpathvalidatorexception: timestamp check",
    )),
    ('git_tls_old', (
        "peer reports incompatible", "nss error -", "ssl connect error", "ssl_error_protocol_version",
        "alert protocol version", "tlsv1_alert_protocol_version", "no common encryption algorithm",
        "cannot communicate securely with peer", "unsupported protocol", "wrong ssl version", "ssl23_get_server_hello",
        "handshake failure", "ssl_error_no_cypher_overlap", "no_protocols_available", "no protocols available",
        "dh key too small", "unsafe legacy renegotiation", "a pkcs #11 module returned", "tls_process_server_hello",
        "cipher suites supported", "requires tls 1.2", "requires tls v1.2", "tlsv1.2 ~ required", "tls 1.2 ~ required",
        "no cipher", "ssl: no alternative certificate", "unsupported ssl", "curl: (35)", "curl#35",
        "peer using unsupported version", "protocol version ~ ssl", "unknown ssl protocol error", "peer does not recognize and trust",
        "tls protocol", "fatal alert: protocol_version", "no appropriate protocol (",
    ), {'unless': ("curl error (35): ssl connect error for", "docker", "https client", "reset by peer", "ssl_error_syscall", "timed out", "gnutls")}),
    ('openssl_too_old', (
        "only supports openssl 1.1.1", "urllib3 v2 ~ openssl", "python requires a openssl 1.1.1",
        "could not build the ssl module", "openssl 1.1.1 or newer", "openssl 1.1.1 or higher", "requires openssl",
        "the ssl module in python is not available", "ssl module is not available", "ssl module is compiled with",
        "no module named _ssl", "no module named '_ssl'", "no module named ssl", "openssl ~ is no longer supported",
        "openssl ~ too old", "openssl version ~ not supported", "x509_v_flag_", "module 'ssl' has no attribute",
        "'module' object has no attribute 'sslcontext'", "module 'lib' has no attribute 'openssl",
        "digital envelope routines", "openssl >= 1.1", "openssl 1.1.1 ~ required", "openssl 1.0 ~ not supported",
        "needs openssl", "could not import runpy module ~ ssl", "openssl ~ or later", "modules were not found ~ _ssl",
    )),
    # Python 2.7 and its kin name lines of _ssl.c below 1000: they know no newer TLS than 1.0 or 1.2.
    ('git_tls_old', ("eof occurred in violation of protocol",), {'regex': r"\(_ssl\.c:\d{3}\)"}),
    # libgit2, as cargo and others print it; .NET, which names the reason in one word.
    ('tls', ("code=certificate (-17)", "the ssl certificate is invalid")),
    ('clock_or_cert', ("remote certificate is invalid ~ nottimevalid",)),
    ('tls', ("remote certificate is invalid",)),
    ('tls', ("problem confirming the ssl certificate",), {
        'unless': ("timed out", "ssl module is not available", "new connection", "unexpected_eof", "eof occurred",
                   "wrong_version", "wrong version", "expired", "not yet valid", "proxy")}),
    ('tls', (
        "certificate_verify_failed", "certificate verify failed", "unable to get local issuer",
        "unable to get issuer cert", "self signed certificate", "self-signed certificate",
        "signed by unknown authority", "unable to verify the first certificate", "unable_to_verify_leaf_signature",
        "unable_to_get_issuer_cert", "self_signed_cert_in_chain", "depth_zero_self_signed", "x509: ",
        "failed to validate the ssl certificate", "ssl certificate does not belong to", "ssl certificate problem", "certificate issuer",
        "certificate cannot be authenticated", "ssl ca cert", "ca certificates bundle", "tls ca certificate",
        "certificate ~ not trusted", "sslerror", "ssl error", "hostname ~ doesn't match", "err_tls_cert",
        "invalid certificate", "invalid peer certificate", "unknown ca", "ssl certificate verif",
        "certificate cannot be verified", "certificate verification", "unknownissuer",
        "certificate authority is unknown", "bad certificate", "curl#60", "curl: (60)", "curl#77", "curl: (77)",
        "first record does not look like a tls handshake", "pkix path building failed",
        "unable to locally verify the issuer", "cannot verify ~ certificate, issued by",
        "error: the certificate of '",
        "remote error: tls:", "ssl handshake fail", "tls handshake fail", "ssl validation", "verify certificate",
        "sec_error_unknown_issuer", "cafile", "set certificate verify locations", "setting certificate",
        "ssl verification", "certificate ~ mismatch", "certificate subject name", "ssl: ", "[ssl",
        "no subject alternative", "gave http response to https client", "certificate validation", "ssl_error_bad_cert",
        "the certificate ~ not", "certificate ~ untrusted", "cert_untrusted", "could not find a suitable tls ca",
        "no certificate", "client certificate",
    ), {'unless': ("eof occurred", "timed out", "timeout", "conda create", "gnutls recv")}),
    # What Ansible's wait_for_connection met with at last.
    ('tls', ("timed out waiting for ~ certificate verify failed", "timed out waiting for ~ certificate_verify_failed"), {
        'unless': ("expired", "not yet valid")}),
    # One entry of OpenSSL's queue of errors: number, library, function, reason.
    ('tls', ("error: ~ :pem routines:", "error: ~ :ssl routines:", "error: ~ :x509 ", "error: ~ :asn1 encoding"), {
        'regex': r"error:[0-9a-f]{8}:", 'unless': ("eof occurred", "timed out")}),
    # What went wrong is below.
    ('conda_network', ("collecting package metadata (",), {'rank': 68, 'regex': r"^collecting package metadata \([\w.]+\): ?failed"}),
    ('conda_network', (
        "condahttperror", "http 000 connection failed", "anaconda.com ~ error", "anaconda.org ~ error",
        "anaconda.com ~ failed", "anaconda.org ~ failed", "anaconda.com ~ timed out", "anaconda.org ~ timed out",
        "anaconda.com ~ refused", "anaconda.org ~ refused", "error ~ anaconda.com", "error ~ anaconda.org",
        "failed ~ anaconda.org", "failed ~ anaconda.com", "could not ~ anaconda.", "multi-download failed",
        "fetch repo data", "retrieve repodata", "fetch repodata", "download error (",
        "error when downloading repodata", "repodata.json ~ error", "repodata.json ~ failed",
        "repodata.json ~ timed out", "error ~ repodata.json", "failed ~ repodata.json", "unavailableinvalidchannel",
        "channel is not accessible or is invalid", "conda ~ chunkedencodingerror",
        "an http error occurred when trying to retrieve this url", "critical libmamba ~ download", "error libmamba ~ download", "libmamba ~ download ~ fail",
        "libmamba ~ fail ~ download",
        "chunkedencodingerror ~ conda", "subdir ~ not loaded", "conda-forge ~ timed out", "continuum.io ~ failed",
        "continuum.io ~ error", "retrieving your current_repodata", "condamultierror", "transfer finalized, status: 4",
        "condadownload", "no channels could be reached", "offline mode ~ conda",
    ), {'unless': (": done", "will retry", "nothing provides", "condaverificationerror",
        "available from current channels", "checksummismatch", "no space", "permission")}),
    ('prebuild_missing', (
        "prebuild-install ~ 404", "no prebuilt or local", "no prebuilt ~ found", "prebuild-install ~ no prebuilt",
        "no native build was found", "no native build found", "no prebuilt binar", "prebuild not found", "no prebuild", "-napi-v ~ 404",
        "-napi-v ~ is not found",
        "releases/download/ ~ 404", "404 ~ releases/download", "node-pre-gyp ~ 404", "pre-built binaries not found",
        "pre-built binaries not installable", "status 404 ~ prebuil", "prebuilt binaries ~ not available",
        "tried to download(404)", "tried to download(403)",
        "prebuilt binary ~ not found", "no pre-built", "prebuilt binaries not found",
        "unsupported platform ~ prebuilt", "no compatible prebuild", "response status 404 not found on",
        "could not find prebuil", "find a prebuilt binary for", "prebuild for ~ not found", "prebuilt ~ binaries are not yet available",
    )),
    ('prebuild_missing', ("status code 404",), {'regex': r"\.(?:t(?:ar\.)?[gbx]z2?|tar\.br|zip) status code 404"}),
    # Parts for one platform that npm takes as optional dependencies.
    ('bindings_missing', ("cannot find module",), {
        'regex': r"cannot find module '?@[\w.-]{1,40}/(?:[\w.]{1,40}-){0,4}(?:linux|darwin|win32)-(?:x64|arm64|ia32|arm|s390x|ppc64)"}),
    ('prebuild_network', (
        "tried to download(", "prebuild-install ~ eai_again", "prebuild-install ~ network",
        "prebuild-install ~ hang up",
        "prebuild-install ~ timeout", "prebuild-install ~ timed out", "prebuild-install ~ unreachable",
        "prebuild-install ~ getaddrinfo", "prebuild-install ~ err! ", "prebuild-install ~ 403",
        "prebuild-install ~ request to", "prebuild-install ~ aborted",
        "prebuild-install ~ ehostunreach", "prebuild-install ~ unexpected end", "prebuild-install ~ disconnected",
        "prebuild-install ~ epipe", "releases/download ~ failed, reason", "releases/download/ ~ etimedout",
        "releases/download/ ~ econn", "releases/download/ ~ enotfound", "node-pre-gyp ~ etimedout",
        "node-pre-gyp ~ econn", "node-pre-gyp ~ enotfound", "node-pre-gyp ~ hang up", "node-pre-gyp ~ network",
        "node-pre-gyp ~ eai_again", "prebuild ~ etimedout", "prebuild ~ econn", "prebuild ~ enotfound",
        "connect etimedout 140.82.", "connect etimedout 20.205.", "connect etimedout 20.200.",
        "connect etimedout 20.27.", "connect etimedout 185.199.", "connect econnrefused 140.82.",
        "getaddrinfo enotfound github.com", "getaddrinfo eai_again github.com",
        "getaddrinfo enotfound objects.githubusercontent", "getaddrinfo eai_again objects.githubusercontent",
        "prebuild-install ~ certificate", "prebuild-install ~ tunnel", "prebuild-install warn install err",
    )),
    # git: the server has not, or does not give, what was asked for.
    ('git_blocked', (
        "fatal: remote error: ", "upload-pack: not our ref", "does not allow request for unadvertised object",
        "direct fetching of that commit failed", "fatal: reference is not a tree: ",
        "fatal: unable to find current revision in submodule path", "fatal: remote branch ~ not found in upstream",
        "unable to find remote helper for '", "git protocol on port 9418 is no longer supported",
    )),
    ('git_blocked', ("fetch-pack",), {'regex': r"fetch-pack(?::|.{0,60}(?:fail|error|disconnect))"}),
    ('prebuild_network', ("prebuild-install ~ 50",), {'regex': r"prebuild-install (?!info)[^/]{0,80}\b50\d\b"}),
    # onnxruntime-node's own script: the status, or what came in place of the archive; it does not follow a redirect.
    ('prebuild_network', (
        "failed to download build list. http status code = ", "failed to download from ~ http status code = ",
        "failed to download the binaries: ",
    ), {'regex': r"error: failed to download (?!.{0,400}\b404\b)"}),
    ('prebuild_missing', ("failed to download from ~ http status code = 404", "failed to download the binaries: 404")),
    # The system call of a container's start, and not git.
    ('container_perm', ("failed to clone",), {
        'regex': r"(?:operation not permitted|permission denied) - failed to clone|failed to clone ?\(0x[0-9a-f]{1,16}\): "
                 r"(?:operation not permitted|permission denied)"}),
    ('git_blocked', ("failed to clone",), {
        'regex': r"^(?!.{0,200}\blxc[-_]).{0,400}failed to clone(?! ?\(0x| (?:a |the )?(?:new |set of |namespace|process|child|thread))"}),
    ('git_blocked', (
        "fatal: unable to access", "unable to access 'http", "while accessing http", "fatal: http request failed",
        "could not read from remote repository", "rpc failed; ", "rpc failed, ",
        "early eof", "the remote end hung up", "gnutls_handshake", "gnutls recv error",
        "connect to github.com", "resolve host: github.com", "resolve host: gitlab", "fatal: unable to connect to",
        "fatal: unable to look up", "fatal: clone of", "fatal: protocol error",
        "expected flush after ref listing", "connect to host github.com",
        "curl 56", "curl 18 ", "curl 28 ", "curl 92", "could not read username for 'https", "github.com port 443",
        "github.com[0:", "remote: repository not found", "codeload.github.com ~ fail",
        "codeload.github.com ~ etimedout", "codeload.github.com ~ econn", "fatal: couldn't find remote ref",
        "fatal: could not fetch", "resolve hostname github.com", "git clone ~ failed", "github.com ~ timed out",
        "github.com ~ refused", "github.com ~ name resolution", "fatal: read error", "clone ~ retry scheduled",
        "ls-remote ~ failed", "support for password authentication was removed", "fatal: the remote end", "unexpected disconnect while reading sideband",
        "git operation failed", "githubusercontent.com ~ timed out", "githubusercontent.com ~ refused",
        "resolve host: raw.githubusercontent", "github.com:443", "fatal: repository 'http", "git fetch ~ failed",
    ), {'unless': ("npm err! network", "conda")}),
    # Not npm's own prefix in front of what a script downloads.
    ('git_blocked', ("error downloading ~ github",), {'regex': r"(?<!npm )error downloading "}),

    # --- which package, which release
    ('conda_unsat', ("virtual package '__ ~ does not match any of the available",), {  # pixi, which then lists what there is
        'regex': r"virtual package '__(?!glibc|archspec)"}),
    ('conda_glibc', (
        "requires __glibc", "nothing provides ~ __glibc", "mismatching virtual package", "__glibc ~ missing",
        "__glibc ~ does not exist",
        "no candidates ~ __glibc", "__glibc ~ no candidates", "requires '__glibc'", "__glibc ~ conflict",
        "__glibc ~ cannot be installed", "__glibc ~ not available", "__glibc ~ unsatisf", "virtual package ~ glibc",
        "__glibc ~ not satisf", "__glibc ~ not fulfill",
    )),
    ('conda_glibc', (
        "feature:/linux", "your installed version is: 2.", "-> __glibc[version", "feature:|@/linux", "__glibc[version=",
    ), {'rank': 36}),
    # libmamba's tree: one of several ways to go, of which others come below it.
    ('conda_not_found', ("which does not exist (perhaps a missing channel)",), {'rank': 34, 'regex': "^\u2502"}),
    ('conda_not_found', (
        "packagesnotfounderror", "resolvepackagenotfound", "resolvenopackagefound",
        "not available from current channels", "noncompatible ~ channel", "packagemissingerror",
        "nopackagesfounderror", "the following packages are missing", "the following packages are not available",
        "does not exist (perhaps a typo or a missing channel", "perhaps a missing channel", "do not exist (perhaps",
        "nothing provides requested", "no candidates were found for", "which does not exist (perhaps",
        "no match for argument ~ conda", "missing in current linux", "package missing in current ~ channels",
        "is not available for the specified platform",
        "was found in any of the available channels", "libmamba no entries matching",
    ), {'unless': ("nothing provides lib", "nothing provides 'lib", "nothing provides /", "nothing provides python", "nothing provides _",
        "nothing provides module", "\u2500 _python_rc")}),
    # dnf names packages with their processor, conda does not.
    ('package_conflict', ("but none of the providers can be installed", "cannot install both"), {
        'rank': 33, 'regex': r"\.(?:x86_64|noarch|aarch64|i686|ppc64le|s390x)\b"}),
    ('conda_unsat', (
        "conflicting requests", "but none of the providers can be installed", "cannot install both",
        "nothing provides ~ needed by ",
    ), {'rank': 33, 'shared': 'package_conflict', 'unless': ("we can conclude that",)}),
    ('conda_unsat', (
        "package could not be installed", "packages are incompatible", "packages could not be installed",
        "unsatisfiable", "following specifications were found", "encountered problems while solving",
        "found conflicts! looking for incompatible", "could not solve for environment",
        "cannot solve the request", "package ~ conflicts for:", "can be installed with any of the following",
        "which conflicts with", "conflicts with any installable",
        "specspriorsolve",
        "specsconfigurationconflicterror", "failed to solve the conda", "failed to solve requirements",
        "excluded by strict repo priority", "are not installable because", "is not installable",
        "pinned by this installation", "is fixed-version",
        "environment is inconsistent", "packages are causing the inconsistency",
        "solver could not find solution",
    ), {'rank': 33, 'unless': ("we can conclude that", "requirements are unsatisfiable", "neither 'setup.py' nor",
                               "some packages could not be installed. this may mean")}),  # apt's sentence
    ('python_version', (
        "link requires a different python",
    ), {'rank': 76}),
    ('python_version', (
        "requires a different python", "require a different python", "python_requires", "unsupported python",
        "python ~ is not supported", "python ~ no longer supported", "python ~ or later is required",
        "the current python version", "but the running python is", "not compatible with python", "python requirement",
        "supported python range", "not support python 3", "does not support python", "only supported on python",
        "python >= ~ is required", "python ~ or newer", "python ~ or above", "python ~ or higher",
        "requires at least python", "minimum python version", "doesn't support python", "does not satisfy python",
        "python 3. ~ is required", "for this version of python", "the requested python version", "requires python",
        "cannot install on python version", "python version ~ required", "this script does not work on python",
        "minimum supported python version", "python version must be", "versions [>=3. ~ are supported",
        "python ~ is too old", "from versions: none) ~ python", "sys.version_info", "python 2.7 is no longer",
        "you are using python 3.6", "python ~ has been dropped", "supports python", "python version '3 ~ not",
    ), {'unless': ("nothing provides", "deprecat", "cmake", "find python", "openssl", "node-gyp", "gyp ",
        "skipping link")}),
    ('python_version', ("requires-python",), {'regex': r"requires-python (?!=)"}),
    ('externally_managed', (
        "externally-managed-environment", "environment is externally managed", " is externally managed",
        "by passing --break-system-packages", "see pep 668 for the detailed specification",
        "to install python packages system-wide, try", "if you wish to install a non- ~ -packaged python ",
    )),
    ('pip_too_old', (
        ".whl is not a supported wheel on this platform",
    ), {
        # Every pip for Python 3.10 and newer knows these tags.
        'regex': r"^(?!.{0,300}-cp3[1-9]\d-).{0,600}manylinux(?:1|2010|2014|_2_(?:5|1[0-7]))_",
        'unless': ("manylinux_2_2", "manylinux_2_3")}),
    ('build_tool_missing', (  # node-gyp's own scripts
        "no module named 'setuptools'", "no module named 'pkg_resources'", "no module named pkg_resources",
    ), {'after': ("node-gyp/gyp/",)}),
    ('pip_too_old', (
        "outdated version of pip", "pip version ~ is too old", "upgrade pip to",
        "please upgrade ~ pip", "sys.stderr.write(f'error: {exc}')", "pip is too old", "your version of pip",
        "try upgrading pip", "try updating pip", "unsupported wheel version", "wheel-version ~ is not compatible",
        "no module named 'setuptools_rust", "no module named setuptools_rust",
        "invalid command 'bdist_wheel'", "no module named 'wheel.bdist_wheel'", "no module named wheel.bdist_wheel",
        "old version of pip", "no module named skbuild", "no module named 'skbuild",
        "file 'setup.py' not found. directory cannot be installed in editable", "setup.py' not found for file:///",
        "pip does not support", "requires pip", "pip ~ does not support pep 517", "pip ~ or newer is required",
        "newer version of pip", "need pip >=", "pip >= ~ required",
        "pip >= 1", "ensure you have pip",
        "could not import setuptools which is required to install",
        "error in ~ setup command: 'install_requires' must be", "error in ~ setup command: 'tests_require' must be",
        "error in ~ setup command: 'setup_requires' must be", "allowed in environment markers", "supported in environment markers",
        "pip's dependency resolver ~ legacy",
        "setuptools ~ is too old", "requires setuptools", "environmentmarker", "from pip import main",
        "importerror: cannot import name 'main'", "cannot import name main", "'setup.cfg' not found. directory cannot be installed",
        "cannot import name ' ~ ' from 'pip._vendor'",
    ), {'unless': ("warning: you are using pip",)}),
    # A pip that builds in the environment itself, which has no setuptools.
    ('pip_too_old', ("setup.py egg_info' failed with error code",), {
        'after': ("no module named 'setuptools'", "no module named setuptools")}),
    ('pip_too_old', ("does not appear to be a python project ~ setup.py",), {'unless': ("pyproject",)}),
    # pip's own option parser: other tools put their name in front.
    ('pip_too_old', ("no such option: --",), {'regex': r"^no such option: --|\bpip\b.{0,80}no such option: --"}),
    ('wheel_tag', (
        "not a supported wheel", "none of the wheels", "unsupported wheel", "no wheels with a matching",
        "no wheels found", "has no wheels", "have no wheels", "has no usable wheels", "wheel for the current platform",
        "source distribution or wheel", "wheel ~ is incompatible", "invalid wheel filename",
        "unable to find installation candidates", "is not a valid wheel filename", "incompatible wheel",
        "no compatible wheel", "wheel is compatible with", "wheel ~ not compatible", "only has wheels",
        "doesn't have a wheel for", "does not have a wheel for", "no wheel for", "no binary distribution ~ platform",
        "wheel ~ platform tag", "incompatible platform tag", "no matching wheel", "no wheels are available",
        "no wheels compatible", "no compatible ~ wheels", "not available as a wheel", "there is no wheel",
        "is in manylinux", "manylinux ~ incompatible with this", "incompatible ~ manylinux", "wheel's python tag",
        "wheel's platform", "doesn't have a compatible wheel", "none of the wheel's tags match",
        ".whl doesn't match", ".whl does not match",
    )),
    ('no_matching_distribution', ("error: nothing to do", "failed to install some of the specified packages"), {
        'rank': 34}),
    ('no_matching_distribution', (
        "no package ~ available", "no package matching ~ found",
        "404 not found - get", "no matching distribution found", "no versions found",
        "because there are no versions of",
        "were not found in the package registry", "was not found in the package registry",
        "could not find any downloads that satisfy", "no distributions at all found", "no distributions matching",
        "no matching package", "could not find a matching version", "unable to locate package",
        "could not find suitable distribution", "distribution not found",
        "download links found for ",
        "doesn't match any versions", "no match for argument", "unable to find a match",
        "has no installation candidate", "pypi ~ 404", "e404", "no matching version found for", "etarget",
        "couldn't find any package by", "version ' ~ ' for ' ~ ' was not found",
        "err_pnpm_fetch_404", "is not in this registry", "is not in the npm registry", "no provider of ' ~ found",
        "is not available, but is referred to by another package", "has no releases", "error: target not found: ",
        "no matching package named", "could not find artifact ~ in ", "could not find a valid gem", "no candidate version available for ",
        "no available formula with the name", "no version matching ' ~ ' found for specifier", "yn0035: ", "yn0082: ",
        "is not available for this version of r", "is not available (for r version",
        "couldn't find any versions for", "no compatible version found: ", "because no versions of ", "could not find a version", "requirements are unsatisfiable",
    ), {'unless': ("node-gyp", "find vs could not find")}),

    ('no_matching_distribution', ("snap ' ~ ' not found",)),
    ('no_matching_distribution', ("version not found: ",), {'regex': r"(?:err!|error) version not found: @?[\w./-]{1,214}@"}),  # npm 2
    ('no_matching_distribution', ("no candidate is found for '", "candidatenotfound: ", "unable to find candidates for ")),  # pdm
    # zypper's and apk's line for a package that no repository has.
    ('no_matching_distribution', ("package ' ~ ' not found.",), {'regex': r"^package '[^' ]{1,120}' not found\.$"}),

    # --- numpy
    ('numpy2_abi', ("numpy.dtype size changed ~ expected 96 from c header",)),
    ('numpy_too_old', (
        "compiled against api version", "compiled against abi version 0x9", "numpy.ndarray size changed",
        "numpy.dtype size changed", "numpy.ufunc size changed", "requires numpy >=", "requires numpy>=",
        "numpy version >= ~ is required", "numpy ~ or later is required", "numpy is too old", "numpy too old",
        "but you have numpy 1.", "no module named 'numpy._core", "no module named numpy._core",
        "no module named 'numpy.random._pickle", "module 'numpy' has no attribute 'typing",
        "cannot import name 'ndarray' from 'numpy.typing'", "no module named 'numpy.typing'", "numpy >= ~ required",
        "numpy>= ~ which is incompatible", "numpy >= ~ but you have",
    ), {'unless': ("numpy<2", "0x2", "numpy._core.multiarray failed", "numpy 2")}),
    ('numpy2_abi', (
        "_array_api not found", "cannot be run in numpy", "compiled against abi version", "compiled against numpy 1",
        "numpy 1.x cannot", "upgrade the affected module",
        "was removed in the numpy 2.0", "module 'numpy' has no attribute", "_array_api is not pycapsule",
        "built against numpy 1", "numpy 2.0 is not supported", "support numpy 2", "with numpy 2", "numpy array api",
        "numpy ~ abi", "but you have numpy 2", "array_interface_number",
        "cannot import name '_array_api'", "runtimeerror: numpy is not available",
    )),
    ('numpy2_abi', ("numpy<2", "numpy <2"), {
        'regex': r"(?:downgrade|pin|need|requires?|use|try|installing|please install)\b.{0,40}numpy ?<2"}),
    # numpy does not load; why is on another line, if numpy 2 is not the reason.
    ('numpy2_abi', (
        "numpy.core.umath failed to import", "numpy c-extensions failed", "numpy.core._multiarray_umath",
        "numpy.core.multiarray", "no module named 'numpy.core", "no module named numpy.core",
        "multiarray failed to import", "multiarray numpy extension module failed",
        "should not try to import numpy from its source directory", "unable to import required dependencies: numpy",
    ), {'rank': 28, 'unless': ("from numpy.core._multiarray_umath import",)}),

    # --- Node
    ('node_abi', (
        "node_module_version", "was compiled against a different node", "module did not self-register",
        "module version mismatch", "different node.js version", "node_api_version", "n-api version", "napi version",
        "unsupported napi", "module did not self register", "compiled for node",
    )),
    ('node_too_old', (
        "ebadengine", "unsupported engine", "notsup ~ engine", "the engine 'node' is incompatible",
        "your node version is incompatible with",
        "not compatible with your version of node", "not compatible with your operating system or node",
        "requires at least node.js", "requires node.js", "requires node >", "requires node v",
        "node.js version ~ is required", "node version ~ is required", "unsupported node",
        "node.js ~ is not supported", "node.js v ~ not supported", "does not support node.js",
        "doesn't support node.js", "err_unknown_builtin_module", "no such built-in module: node:",
        "cannot find module 'node:", "cannot find module 'worker_threads'", "cannot find module 'fs/promises'", "cannot find module 'timers/promises'",
        "unexpected token '?'", "unexpected token '?.'", "unexpected token '.'", "unexpected token .",
        "does not provide an export named", "err_require_esm",
        "cannot use import statement outside a module", "unexpected token ?", "unexpected token '??='", "unexpected token '||='", "unexpected token '&&='",
        "syntaxerror: unexpected token =", "syntaxerror: unexpected token {", "syntaxerror: unexpected token '='",
        "object.fromentries is not a function", "replaceall is not a function", ".at is not a function",
        "object.hasown is not a function", "requires nodejs", "node.js version must",
        "upgrade your node", "node is too old", "version of node.js is too old", "outdated node",
        "flat is not a function", "flatmap is not a function",
        "randomuuid is not a function", "npm does not support node", "node version is not supported",
        "expected version '>= ~ node", "incompatible module ~ node", "wanted: {'node'",
        "syntaxerror: unexpected token '??",
        "syntaxerror: unexpected token '&&", "syntaxerror: unexpected token '||", "crypto.hash is not a function",
        "getrandomvalues is not a function",
        "npm v ~ does not support", "known not to run on node.js", "could not determine node.js install directory",
    ), {'unless': ("warn ", " in json", "not valid json")}),
    # Methods that newer releases of Node have.
    ('node_too_old', (" is not a function",), {
        'regex': r"(?:\b(?:object|map)\.groupby|\bpromise\.(?:withresolvers|try|any|allsettled)|\.(?:findlast(?:index)?|toreversed|"
                 r"tosorted|tospliced|iswellformed|towellformed|markasuncloneable|getorinsert(?:computed)?)|"
                 r"\barray\.fromasync|\babortsignal\.(?:timeout|any)|\burl\.(?:canparse|parse)|\b(?:util\.)?(?:styletext|parseargs|"
                 r"stripvtcontrolcharacters)|\w{1,20}\.parseargs|process\.(?:getbuiltinmodule|loadenvfile)|\bstructuredclone)\)? is not a function"}),
    ('node_too_old', ("syntaxerror: ",), {
        'regex': r"syntaxerror: (?:unexpected reserved word|invalid regular expression flags|unexpected token '?(?:\?\?=?|\?\.|\|\|=|&&=))",
    }),
    ('node_too_old', ("node: bad option: ",), {'regex': r"node: bad option: --(?:env-file|import|test|watch|experimental-strip-types|run|experimental-sqlite)"}),
    ('node_too_old', ("node version ~ is not supported", "node ~ is not supported, please use")),
    ('node_too_old', ("you are running node", "you are using node"), {
        'regex': r"you are (?:running|using) node.{0,80}(?:require|need|support|upgrade|update|at least|old|please|minimum)"}),
    ('node_too_old', ("minimum node",), {'regex': r"minimum node(?:\.?js)?(?: version)?(?: of| is|:)? ?v?\d"}),
    ('node_too_old', (" is not defined",), {
        'regex': r"(?:^|[ :(])(?:structuredclone|fetch|abortcontroller|globalthis|headers|textencoder|readablestream|"
                 r"blob|file|formdata|request|response|webstreams|crypto|customevent) is not defined",
        'after': ("referenceerror",)}),
    ('node_too_old', (
        "ebadengine", "unsupported engine",
    ), {'rank': 78, 'unless': ("err_pnpm",)}),
    ('node_too_old', ("err_pnpm_unsupported_engine",)),
    ('bindings_missing', ("err_dlopen_failed",), {'rank': 79}),
    ('node_too_old', ("npm does not support node.js v",)),
    ('bindings_tool', (
        "is not node-pre-gyp ready", "package.json must declare these properties", "node-pre-gyp ~ not ready",
    )),

    # --- the compiled part of FAISS, and its Python and Node sides
    ('loader_missing_module', ("nameerror: name '",), {'after': ("/faiss/", "faiss\\")}),
    ('pickle_isa', (
        "no module named 'faiss.swigfaiss_avx", "no module named faiss.swigfaiss_avx",
        "no module named 'faiss.swigfaiss_sve", "no module named 'swigfaiss_avx", "no module named swigfaiss_avx",
        "swigfaiss_avx ~ unpickl", "can't get attribute ~ swigfaiss",
    )),
    ('loader_missing_module', (
        "no module named '_swigfaiss", "no module named _swigfaiss", "no module named 'swigfaiss",
        "no module named swigfaiss", "cannot import name '_swigfaiss", "cannot import name _swigfaiss",
        "cannot import name 'swigfaiss", "cannot import name swigfaiss", "partially initialized module 'faiss'",
        "module 'faiss' has no attribute", "'module' object has no attribute 'index", "no module named faiss.",
        "no module named 'faiss.", "cannot import name ~ from 'faiss",
        "cannot import name ~ from partially initialized module 'faiss", "faiss/ ~ recursionerror",
        "swigfaiss ~ is not defined", "failed to import faiss", "cannot import name ~ from 'swigfaiss",
        "module 'swigfaiss' has no", "'faiss' is not a package",
    )),
    # A build for one platform that npm left out.
    ('bindings_missing', ("npm has a bug related to optional dependencies",)),
    ('bindings_missing', ("cannot find module",), {
        'regex': r"cannot find module '?[@\w/.-]*-(?:linux|darwin|win32)-(?:x64|arm64|arm|ia32)(?:-(?:gnu|musl|msvc))?"}),
    # A bundler that reads an addon as text; the character is that of a text file otherwise.
    ('bindings_missing', ("module parse failed: unexpected character",), {
        'regex': r"unexpected character '(?:[^!-~]{0,4}'| ?\(\d|$)"}),
    ('bindings_missing', ("could not import faiss-node",), {'wraps': True}),
    ('bindings_missing', (".node",), {'regex': r"error: module '[^']{1,300}\.node\W{0,3}' not found"}),
    # Rollup takes an addon for a script.
    ('bindings_missing', ("note that you need plugins to import files that are not javascript",), {
        'regex': r"unexpected character '(?:[^!-~]{0,4}')? ?\(note"}),
    ('bindings_missing', ("something went wrong installing the 'sharp' module",)),
    ('bindings_missing', (
        "cannot find module ~ .node'", "cannot find module ~ build/release",
        "cannot find module ~ /bindings", "can't resolve ~ .node'", "could not resolve require( ~ .node'", "could not be found, and is needed by esbuild",
        "could not find sharp's binary", "faiss-node.node: ",
        "no loader is configured for '.node' files",
        "could not load the bindings", "bindings file", "native binding not found", "native bindings",
        "cannot find native binding", "missing native module", "failed to load native",
        "cannot find module 'faiss-node", "could not find the native", "failed to load bindings",
        "could not find native binding", "missing binding", "no native binding", "could not dynamically require",
        "could not load module ~ .node", "can't resolve 'faiss-node", "cannot find package 'faiss-node",
    ), {'unless': ("- installing", "looking for")}),
    ('not_installed', (
        "no module named 'faiss'", "no module named faiss", "could not import faiss", "faiss is not installed",
        "no module named 'numpy'", "no module named numpy", "no module named 'packaging'", "no module named packaging",
        "faiss not found", "please install faiss", "pip install faiss", "distributionnotfound: ",
        "packagenotfounderror: no package metadata",
    )),

    # --- builds
    ('faiss_source_missing', (
        "add_subdirectory given source", "does not contain a cmakelists", "cmakelists.txt: ~ (add_subdirectory)",
        "error at cmakelists.txt ~ (add_subdirectory)", "deps/faiss", "fatal error: faiss/", "fatal error: 'faiss/",
        "faiss/ ~ .h: no such file or directory", "faiss ~ does not appear to contain cmakelists",
        "third-party/faiss ~ not", "faiss/cmakelists.txt ~ not", "third_party/faiss ~ not exist",
        "could not find a package configuration file provided by 'faiss'", "cannot find source file: ~ faiss",
        "could not find faiss", "faissconfig.cmake", "submodule ~ faiss ~ not", "no submodule mapping found ~ faiss",
        "'faiss/ ~ .h' file not found", "cannot find faiss", "findfaiss.cmake",
    ), {'unless': ("cloning into", "info run", "-dcmake", "git clone")}),
    ('cuda_missing', ("find ~ cuda",), {
        'regex': r"(?:(?:does|did|could|can) ?not|couldn't|can't|unable to|failed to) find (?:the |a |an |any )?(?:nvidia )?cuda(?: |-)?"
                 r"(?:sdk|toolkit|compiler|installation|runtime|headers?|librar(?:y|ies))\b",
        'unless': ("warning", "skip", "disabl", "without cuda", "cpu")}),
    ('cuda_missing', ("is not able to compile a simple test program",), {'after': ("the cuda compiler",)}),
    ('cuda_missing', ("target 'cuda::", "targets 'cuda::", "findcudatoolkit.cmake:", "findcuda.cmake:"), {
        'after': ("cmake error", "cannot specify", "not found")}),
    ('cuda_missing', (
        "could not find cuda", "no cmake_cuda_compiler could be found", "failed to find nvcc",
        "specify cuda_toolkit_root_dir", "cuda_toolkit_root_dir not found", "nvcc: command not found",
        "nvcc: not found", "cuda_runtime.h: no such file", "the cuda compiler ~ is not able", "libcudart.so",
        "libcublas.so", "libcuda.so", "cuda driver version is insufficient", "no cuda-capable device",
        "cuda_home environment variable is not set", "cmake_cuda_architectures must be", "nvcc fatal",
        "unsupported gnu version", "cublas_v2.h: no such file", " cuda.h: no such file",
    ), {'unless': (", disabl", ", skip")}),
    ('cmake_too_old', (
        "specified unknown feature", "requires cmake", "require cmake", "cmake >= ~ required", "cmake ~ is too old",
        "cmake too old",
        "you are running version 2.8", "you are running version 3.", "unknown cmake command",
        "is not known to this version of cmake", "at least cmake", "cmake ~ is less than the required",
        "compatibility with cmake < 3.5 has been removed", "compatibility with cmake < 3.10 has been removed",
        "cmake: unrecognized option", "target_compile_features ~ not", "parse error in command line argument: -s",
        "source directory ~ /-b' does not exist", "unknown argument -b", "unknown argument --build",
        "the source directory '-b' does not exist",
        "minimum cmake version", "needs cmake", "list sub-command ~ not recognized",
        "does not recognize sub-command", "string sub-command ~ not recognized", "given unknown argument",
        "generator expression ~ unknown", "cxx_standard is set to invalid value", "does not contain valid ~ cxx_std_",
        "cmake error: unknown argument", "cmake error: the source directory '/ ~ --", "cmake version ~ but",
        "no such preset", "could not create named generator",
    ), {'unless': ("deprecat", "compiler ~ does not support")}),
    ('cmake_too_old', ("cmake ~ is required",), {
        'regex': r"cmake[^,]{0,40}\d[^,]{0,40} is required", 'unless': ("deprecat", "compiler ~ does not support", " find ")}),
    ('cmake_too_old', ("unknown argument -",), {'regex': r"^unknown argument (?:-[jtv]\d{0,3}|--(?:parallel|verbose))$"}),  # of --build
    ('compiler_too_old', (
        "unrecognized command line option", "unrecognized command-line option", "unrecognized option '-std",
        "invalid value 'c++", "requires compiler and library support for the iso c++", "does not support c++",
        "doesn't support c++", "c++17 is required", "c++17 support", "c++20 support", "c++11 support", "c++14 support",
        "c++14 standard requested", "requires c++1", "requires c++2", "c++17 compiler", "c++14 compiler",
        "c++11 compiler", "c++20 compiler", "a compiler with support for c++", "c++17 or later",
        "c++ versions less than c++", "must be compiled with -std", "cxx17", "not known to support cxx",
        "dialect 'cxx", "cxx_std_", "does not support the c++", "requires gcc", "require gcc", "gcc version ~ too old",
        "gcc ~ or newer", "gcc ~ or later", "gcc ~ or higher", "gcc >= ", "gcc is too old", "gcc too old",
        "compiler is too old", "compiler too old", "compiler ~ too old", "old compiler",
        "compiler version ~ required", "only available with -std", "need gcc",
        "at least gcc", "unsupported compiler", "is not a class template", "'std::optional",
        "'optional' in namespace 'std'", "'string_view' in namespace 'std'", "'variant' in namespace 'std'",
        "'any' in namespace 'std'", "make_unique ~ not a member", "'unordered_map' in namespace",
        "'shared_mutex' in namespace",
        "in namespace 'std' does not name", "'std:: ~ has not been declared", "'std:: ~ not declared",
        "only available from c++", "fatal error: version: no such file", "fatal error: optional: no such file",
        "fatal error: 'optional' file not found", "fatal error: string_view: no such file",
        "fatal error: 'string_view' file not found", "fatal error: filesystem: no such file",
        "fatal error: 'filesystem' file not found", "fatal error: variant: no such file",
        "fatal error: 'variant' file not found", "fatal error: any: no such file", "fatal error: 'any' file not found",
        "fatal error: charconv: no such file", "fatal error: 'charconv' file not found",
        "fatal error: memory_resource: no such file", "fatal error: 'memory_resource' file not found",
        "fatal error: execution: no such file", "fatal error: 'execution' file not found",
        "fatal error: concepts: no such file", "fatal error: 'concepts' file not found",
        "fatal error: span: no such file", "fatal error: 'span' file not found", "fatal error: bit: no such file",
        "fatal error: 'bit' file not found", "fatal error: shared_mutex: no such file",
        "fatal error: 'shared_mutex' file not found", "fatal error: codecvt: no such file",
        "fatal error: 'codecvt' file not found", "fatal error: stdatomic.h", "fatal error: immintrin.h",
        "unrecognized argument in option '-march", "bad value (", "' for '-march=' switch", "' for '-mtune=' switch", "is not a valid option ~ -std",
        "error: unknown argument: '-", "loop initial declarations are only allowed",
        "error: #error this file requires compiler", "#error 'c++", "#error c++",
        "#error ~ c++17", "#error ~ gcc", "structured bindings", "inline variables are only available",
        "'constexpr' ~ c++14", "if constexpr", "nested namespace definitions only", "c++ standard ~ not supported",
        "'nullptr' was not declared",
        "not supported by this compiler", "no support for c++", "target specific option mismatch",
        "_mm ~ was not declared", "_mm256 ~ not declared", "inlining failed in call to always_inline",
        "'__builtin_ia32", "unknown type name '__m512", "compiler does not support", "stdc++fs",
        "undefined reference to ~ std::filesystem", "unknown value ~ for -march", "unsupported value ~ -std",
        "assembler messages", "no such instruction",
        "error: expected ~ before 'constexpr'",
    ), {'unless': ("warning: ", "cython")}),
    # What C++ 98 has, and the types of C: a header that newer compilers no longer include by themselves.
    ('compiler_too_old', ("is not a member of 'std'", "is not a member of std"), {
        'regex': r"(?<![\w:])(?:std::)?(?!(?:u?int(?:_?\w{0,12})_t|size_t|ptrdiff_t|numeric_limits|mem\w{3}|str\w{3,4}|sort|runtime_error|"
                 r"exception|[cw]?[co]?err|c(?:out|in)|endl|string|vector|map|set|list|pair|min|max|abs|find|fill|swap|reverse|"
                 r"printf|malloc|free|exit|getenv|isnan|ostream|istream|setw|setprecision)\b)\w{2,40}'? is not a member of",
        'unless': ("warning: ",)}),
    ('compiler_too_old', ("version of node/nan/v8 ",)),
    # In any language: the driver's name, and the standard that it does not know.
    ('compiler_too_old', ("g++: ~ '-std=", "gcc: ~ '-std=", "c++: ~ '-std=", "cc1plus: ~ '-std=", "cc1: ~ '-std=",
                          "clang: ~ '-std="), {'unless': ("warning: ",)}),
    ('openmp_missing', ("omp.h: no such file",), {'regex': r"(?<!\w)omp\.h: no such file"}),
    ('openmp_missing', (
        "openmp_cxx", "openmp not found", "openmp is required", "openmp is not supported", "openmp support not found",
        "unsupported option '-fopenmp'", "unsupported argument ~ to option ~ fopenmp", "fatal error: omp.h", "fatal error: 'omp.h'",
        "'omp.h' file not found", "cannot find -lgomp", "library not found for -lomp", "cannot find -lomp",
        "libgomp.spec", "library not found for -lgomp", "no openmp", "openmp ~ could not be found",
        "cannot open input file 'libomp", "undefined reference to 'omp_", "undefined reference to 'gomp_",
        "openmp runtime", "unable to find -liomp5", "cannot find -liomp5", "find openmp", "supports openmp ~ not",
        "without openmp", "requires openmp", "does not support openmp",
    ), {'unless': ("omp: error #15", "omp: hint", "already initialized", "multiple copies", "found openmp")}),
    ('blas_missing', (
        "set to notfound: mkl_libraries", "library with blas api not found", "library with lapack api not found",
        "set to notfound: blas_libraries", "notfound ~ blas_libraries", "blas_libraries ~ notfound",
        "implementation of blas is required", "implementation of lapack is required", "could not find blas",
        "could not find lapack", "could not find openblas", "blas not found", "lapack not found",
        "required library with blas", "required library with lapack", "cannot find -lopenblas", "cannot find -lblas",
        "cannot find -llapack", "cannot find -lcblas", "cannot find -lmkl", "library not found for -lopenblas",
        "undefined reference to 'sgemm_'", "undefined reference to 'cblas_", "undefined reference to 'dgemm",
        "undefined reference to 'ssyrk", "undefined reference to 'sgemv", "undefined reference to 'ssyev",
        "undefined reference to 'sgeqrf", "undefined reference to 'sgesvd", "undefined reference to 'openblas",
        "undefined reference to 'sorgqr", "undefined reference to 'sgetr", "undefined reference to 'sgelsd", "no blas", "no cblas interface",
        "no lapack", "missing: blas_libraries", "missing: lapack_libraries", "missing: mkl_libraries",
        "blas_libraries (advanced)", "'cblas.h' file not found", "lapacke.h: no such file", "mkl.h: no such file", "find a blas",
        "openblas ~ not found", "blas.h: no such", "blas libraries not found", "lapack libraries not found",
        "blas library ~ not found", "need blas", "dependency 'openblas", "can't find blas", "unable to find blas",
        "could not find a package configuration file provided by 'openblas", "blas/lapack",
    ), {'unless': ("cannot open shared", "could not find mkl ")}),
    ('headers_missing', ("common.gypi not found", "config.gypi not found")),
    ('blas_missing', ("could not find cblas",), {'regex': r"(?<!-- )could not find cblas"}),
    ('blas_missing', ("by not providing 'find", "could not find a package configuration file"), {
        'regex': r"'(?:find)?(?:openblas|blas|lapacke?|mkl|cblas|blis)(?:\.cmake)?'"}),
    ('headers_missing', (
        "cannot find <", "nan.h: no such file", "python.h: no such file", "'python.h' file not found",
        "could not find python ~ development", "python_include_dir", "missing: python_include", "development.module",
        "missing: python_numpy", "python_numpy_include_dirs", "numpy/arrayobject.h: no such file",
        "numpy/arrayobject.h' file not found", "could not find pythonlibs", "node_api.h: no such file",
        "napi.h: no such file", "node.h: no such file", "could not find pythoninterp ~ pythonlibs",
        "cannot find numpy", "node_addon_api ~ no such", "python headers", "ffi.h: no such", "openssl/ssl.h: no such",
        "zlib.h: no such", "missing: python3_include", "missing: python_libraries", "cannot find -l",
        "library not found for -l", "python-dev", "crypt.h: no such", "gflags/gflags.h: no such",
        "by not providing 'find", "could not find a package configuration file", "could not find gflags",
        "could not find gtest", "find_package(gtest",
    )),
    # A Python that was built without the headers of a library.
    ('headers_missing', ("the python ~ extension was not compiled",), {'unless': ("warning: ",)}),
    ('headers_missing', ("can't decompress data; zlib not available",)),
    # Any other header, of a library or of the project itself; a file for pkg-config.
    ('headers_missing', ("fatal error: ~ .h: no such file", "fatal error: ' ~ .h' file not found",
                         "fatal error: ~ .hpp: no such file", "fatal error: ' ~ .hpp' file not found")),
    ('headers_missing', ("was not found in the pkg-config search path", "no package ' ~ ' found",
                         "package requirements ~ were not met")),
    ('build_tool_missing', ("error: unable to find ' ~ .swg'",)),  # SWIG's own files
    ('sdist_fallback', (
        "swig error", "command 'swig", "/swig' failed", "swig.exe' failed", "execute 'swig", "swigfaiss.i: ~ error",
        "swigfaiss.i ~ unable to find", "swigfaiss_wrap.cpp: ~ error", "failed to build ~ faiss",
        "faiss-cpu ~ setup.py egg_info", "faiss-cpu ~ failed with error code 1",
        "failed to download and build 'faiss", "no such file or directory: 'swig'",
        "no such file or directory: 'faiss/", "in /tmp/pip-build- ~ /faiss", "in /tmp/pip-install- ~ /faiss",
        "swig ~ unrecognized option", "swig ~ failed with exit",
        "error: command errored out with exit status ~ faiss", "could not build ~ faiss",
    ), {'unless': ("... done",)}),
    ('sdist_fallback', _PIP_BUILD_FAILED, {'unless': ("... done",)}),
    # pip 10 to 21; of a program that is not Python, such as git, the line names it.
    ('sdist_fallback', ("command errored out with exit status ",), {'regex': r"command errored out with exit status -?\d{1,3}:? ?$"}),
    # What the build said is nearer to the root.
    ('sdist_fallback', ("setup.py bdist_wheel did not run",), {'rank': 58}),
    ('build_tool_missing', ("make ~ : no such file or directory", "spawn ~ enoent"), {
        'regex': r"make(?:\[\d{1,3}\])?: (?:[\w./-]{0,80}/)?(?:swig|perl): no such file|spawn (?:[\w./-]{0,80}/)?(?:swig|tsc) enoent"}),
    # The files of redhat-rpm-config and annobin, which the Python of Fedora and RHEL has its extensions built with; cffi.
    ('build_tool_missing', ("/redhat/redhat- ~ : no such file", "inaccessible plugin file ~ no such file", "fail to initialize plugin ~ annobin",
                            "no working compiler found, or bogus compiler options")),
    ('build_tool_missing', (
        "no module named 'cmake'", "no module named 'ninja'", "no module named cmake",
        "cmake-js no such file", "cmake-js: no such file",
        "cmake executable is not found", "cmake is not installed", "cmake must be installed", "cmake not found",
        "make: no such file", "not found: make",
        "g++: no such file",
        "cc1plus' ~ no such", "'cc1plus'", "cannot execute 'cc1plus", "'cc1'", "gcc': no such file",
        "gcc failed: no such", "'gcc' failed: no such", "'gcc' failed with exit status 1 ~ no such",
        "unable to execute 'gcc", "unable to execute 'g++", "unable to execute 'x86_64", "unable to execute 'cc'",
        "unable to execute 'c++", "command 'g++' failed: no such", "command 'c++' failed: no such",
        "command 'cc' failed: no such", "no cmake_cxx_compiler could be found", "no cmake_c_compiler could be found",
        "cmake_cxx_compiler not set", "cmake_c_compiler not set", "cmake_make_program is not set",
        "unable to find a build program", "no acceptable", "c compiler cannot create executables",
        "c++ compiler cannot create executables", "swig: not found", "swig: command not found", "could not find swig",
        "could not find git", "git: no such file", "spawn git enoent",
        "enoent git", "spawn cmake enoent", "spawn make enoent", "spawn cmake-js enoent",
        "could not find any visual studio", "find vs you need to install", "looking for visual studio 20 ~ not found", "microsoft visual c++ ~ is required", "c++ compiler installed",
        "-gcc' failed: no such", "-g++' failed: no such", "cmake' executable is not found", "syscall spawn git",
        "syscall spawn make", "syscall spawn cmake", "env: 'cmake", "env: 'make", "env: 'swig", "env: 'git",
        "could not find compiler set in environment variable",
        "git is not installed", "no such file or directory: 'cmake'",
        "no such file or directory: 'git'", "no such file or directory: 'make'", "no such file or directory: 'gcc'",
        "no such file or directory: 'ninja'", "cannot find command 'git'", "cannot find 'git'", "find ninja",
        "swig_executable", "swig_dir",
        "no such file or directory: 'g++'", "'cmake' is not recognized", "'cmake-js' is not recognized",
        "prebuild-install' is not recognized", "node-addon-api ~ not found",
        "cannot find module 'node-addon-api'", "cannot find module 'cmake-js'", "cannot find module 'bindings'",
        "nan ~ not found", "no fortran compiler",
        "could not find a fortran",
        "pkg-config script could not be found", "the c compiler identification is unknown",
        "the cxx compiler identification is unknown", "is not a full path and was not found in the path",
        "compiler ~ is not installed", "no c compiler", "no c++ compiler", "problem with the cmake installation",
        "crt1.o: no such", "cannot find crt", "no compiler found", "unknown compiler(s)",
        "rust compiler", "rustc ~ not ", "no such file or directory: 'c++'", "scl: command not found",
        "enable: no such file", "unable to open /etc/scl/conf/devtoolset", "devtoolset ~ no such file",
        "pg_config executable not found",
        "need to install the latest version of python", "is not able to compile a simple test program", "cmake ~ could not be found", "git executable ~ not found",
        "git ~ executable must be specified",
    )),

    # --- files that are not what they should be
    # npm 2 and 3
    ('hash_mismatch', ("shasum check failed for",)),
    ('hash_mismatch', (" digest: bad (expected ",)),  # rpm
    # yarn 1, of its cache and of what it loads
    ('hash_mismatch', ("incorrect integrity when fetching", "bad hash. expected ")),
    # Nix before 2.2
    ('hash_mismatch', ("output path ~ has ~ hash ~ when ~ was expected", "output path ~ should have ~ hash ~ , instead has ",
                       "produced path ~ hash ~ instead of the expected hash")),
    # What rpm says of the parts of a package's header.
    ('corrupt_artefact', (" hdr data: bad", " hdr tags: bad", " hdr magic: bad", " hdr load: bad", " hdr blob( ~ : bad",
                          "sigh data: bad", "sigh tags: bad", "sigh magic: bad", "sigh load: bad", "sigh blob( ~ : bad",
                          "region trailer: bad", "region offset: bad", "region size: bad", "error reading package header")),
    ('hash_mismatch', ("npm err! expected: ",), {'regex': r"npm err! expected: [0-9a-f]{40}$"}),
    ('hash_mismatch', (
        "do not match the hashes", "hashmismatch: ", "md5 sums mismatch", "checksum mismatch", "checksummismatch", "checksum ~ does not match",
        "checksums do not match", "checksum did not match", "sha256 ~ does not match", "sha512 ~ does not match",
        "md5 ~ does not match", "eintegrity", "integrity check failed", "digest mismatch", "md5sum mismatch",
        "sha256sum mismatch", "sha256 mismatch", "hash ~ mismatch", "hash ~ not match", "--require-hashes",
        "digest ~ does not match", "digest ~ did not match", "package does not match intended download",
        "expected sha256", "but got sha512", "checksum error", "checksum fail", "invalid checksum",
        "sum doesn't match expectation", "filesystem layer verification failed", "config verification failed for digest", "bad checksum", "wrong hash", "local checksum ~ not match remote", "integritycheckfailed", "doesn't match the expected hash",
        "doesn't match the expected checksum", "got unexpected checksum for", "tarball_integrity",
        "the checksum for ~ did not match",
        "does not match the expected hash", "bad md5 hash", "bad sha256 hash",
    )),
    ('network', ("connection broken: incompleteread(",)),
    # requests; of a container engine's answer the reason follows in brackets
    ('network', (" server error: ",), {'regex': r"\b50[0-4] server error: ", 'unless': ("internal server error (", "http+docker")}),
    ('network', ("server error: status ", "status ~ while fetching image layer"), {'regex': r"\bstatus 50[0-4] while "}),  # docker
    ('corrupt_artefact', ("truncated",), {
        'regex': r"(?:file|archive|download|package|image|input|data|header|stream|library|object|unexpectedly|is|was|"
                 r"appears)(?: to be| is| was|:)? truncated|truncated (?:or |file|archive|tar|gzip|gz|zip|data|input|"
                 r"download|image|index|header|stream|package)"}),
    ('corrupt_artefact', (
        "badzipfile", "bad zipfile", "is not a zip file", "bad zip file", "not in gzip format", "not a gzip",
        "unexpected end of file", "unexpected end of archive", "unexpected eof in archive", "tar_bad_archive",
        "does not look like a tar archive", "zlib: ", "zlib.error", "invalid header check", "incorrect header check",
        "crc check failed", "crc error", "crc-32", "bad crc", "bad magic number",
        "file could not be opened successfully",
        "invalid tar header", ": invalid tar file", "archive/tar", "tarfile.readerror", "corrupt", "z_buf_error", "z_data_error",
        "could not read ~ archive", "not a valid archive", "unrecognized archive format", "invalid gzip",
        "eoferror: compressed file ended", "central directory", "zip ~ damaged",
        "condaverificationerror", "safetyerror", "header v ~ bad", "magic number mismatch",
        "file format not recognized",
        "is not a debian format archive", "wheel ' ~ located at ~ is invalid", "lzma error: ",
        "compressed data is corrupt", "end-of-central-directory", "compressed file ends unexpectedly",
        "can't find a squashfs superblock", "bad superblock", "has an invalid wheel", "cannot find zipfile directory", "error when extracting package", "found incorrect download",
        "invalidarchiveerror", "need to delete and re-download", "not an rpm package", "incompleteread", "unexpected end of json input", "is damaged", "invalid zip",
    ), {'unless': ("memory corruption", "or corruption", "corrupted double", "corrupted size", "corrupted top",
        "free(): ", "corrupted unsorted", "heap corruption", "-c: line ~ syntax error", "could result in", "can result in",
        "may result in", " 0 corrupt", "no corrupt", "magic number in super",
        "wrong fs type")}),
    ('corrupt_artefact', ("cpio: ",), {
        # What rpm could not do on the file system: its own errno says why, if anything does.
        'regex': r"cpio: (?!(?:symlink|link|mkdir|mkfifo|mknod|open|unlink|rmdir|chown|chmod|utime|setxattr|fsm\w*|lsetfcon)\b)"
                 r"(?!.{0,80}(?:permi|not permitted|no space|read-only|no such file|exists|is a directory|quota|not a directory|rename))"}),
    ('corrupt_artefact', ("file not valid: file size doesn't match", "truncated mach-o", "malformed mach-o")),
    ('corrupt_artefact', (".apk: bad archive", "fatal: image format not recognized")),
    ('corrupt_artefact', ("unable to extract",), {
        'regex': r"unable to extract .{0,80}(?:archive|tar|t[gbx]z|zip|package|wheel|conda|layer|\.gz|\.bz2|\.xz)"}),
    # Of what is not there or may not be written tar says the same.
    ('corrupt_artefact', ("tar: error is not recoverable", "tar: exiting with failure"), {
        'after': ("gzip", "unexpected eof", "a tar archive", "invalid", "damaged", "crc", "lzma", "skipping to next header"),
        'unless': ("cannot open",)}),
    # --- how it ended
    ('cpu_isa', *_ended(132, 4)),
    # The emulator's crash, which the build around it does not name.
    ('segfault', ("uncaught target signal 11", "uncaught target signal 7"), {'rank': 39}),
    ('segfault', *_ended(139, 11)),
    ('segfault', *_ended(135, 7)),
    ('abort', *_ended(134, 6)),
    ('out_of_memory', *_ended(137, 9)),
    # 127: a shell did not find the command.
    ('command_missing', ("127",), {'regex': r"(?:exit(?:ed)?(?: with)?(?: code| status)?|non-zero code|status|returncode|rc)'?(?:[ :=(]{1,3}| {1,20}-> {1,3})127(?![\d.]\d|\d)",
        'unless': ("scriptlet failed", "did not terminate")}),
    ('out_of_memory', ("failed to cudamalloc", "cudamalloc error out of memory")),
    ('abort', ("omp: error #",), {'regex': r"omp: error #(?!34:)\d{1,4}:"}),
    # The sanitizers of gcc and clang, which end the process with what they find.
    ('cpu_isa', ("sanitizer: ill on unknown address",)),
    ('out_of_memory', ("sanitizer failed to allocate", "sanitizer: out of memory", "sanitizer: allocator is out of memory")),
    ('segfault', ("sanitizer: segv on ", "sanitizer: bus on ")),
    ('abort', ("sanitizer: ",), {
        'regex': r"sanitizer: (?:heap|stack|global|dynamic-stack|container|intra-object)-(?:buffer-|use-)?(?:over|under|after)\S{0,20} |"
                 r"sanitizer: (?:attempting (?:free|double-free)|tag-mismatch|abrt on|fpe on|use-of-uninitialized-value|alloc-dealloc-mismatch|"
                 r"use-after-poison|bad-free|odr-violation)\b"}),
    ('cuda_missing', ("faiss assertion ~ numdevices(",), {'unless': ("out of memory", "no kernel image")}),
    # The shell's word of the end behind what FAISS says.
    ('faiss_error', ("faiss assertion ~ failed in ~ aborted (core dumped)", "faiss assertion ~ failed at ~ aborted (core dumped)")),
    ('abort', (
        "omp: error #15", "libiomp5 ~ already initialized", "multiple copies of the openmp runtime",
        "terminate called", "what(): ", "sigabrt", "aborted (core dumped)", "double free or corruption",
        "free(): invalid", "corrupted size vs", "corrupted double-linked", "malloc(): ", "munmap_chunk(): ", "code -6",
        "status -6", "returncode=-6", "signal: aborted", "pure virtual method called",
        "stack smashing detected", "fatal error in native method", "libc++abi: terminating",
        "fatal python error: aborted", "status=6/abrt", "terminating with uncaught exception", "realloc(): ",
        "corrupted unsorted chunks", "heap corruption", "buffer overflow detected",
    ), {'unless': ("assertionerror",)}),
    # The C library's own words; an assertion of a playbook or of a test ends no process.
    ('abort', ("assertion ~ failed",), {
        'regex': r"assertion (?!failed).{1,400} failed|assertion failed(?:: \(|!)", 'unless': ("assertionerror", "faiss assertion")}),
    ('abort', ("trace/breakpoint trap", "abort trap: 6", "fatal error: v8::", "free(): double free")),
    ('abort', ("# fatal error in ",), {'regex': r"^# fatal error in "}),
    ('abort', ("aborted",), {
        'regex': r"^aborted$|\baborted \(signal sent by |: line \d{1,6}: *\d{1,9} aborted\b|^\[\d{1,4}\] *[+-]? *\d{1,9} abort(?:ed)?\b"}),
    ('segfault', (
        "segmentation fault", "sigsegv", "sigbus", "bus error", "code -11", "status -11", "returncode=-11",
        "exit code 135", "code -7", "0xc0000005", "access violation", "core dumped", "speicherzugriffsfehler",
        "general protection", "signal: segmentation", "status=11/segv", "status=7/bus", "invalid memory reference", "exc_bad_access",
    )),
    # Codes of Windows for how a process ended, as the unsigned or the signed number.
    ('segfault', ("3221225477", "-1073741819", "3221225725", "-1073741571")),
    ('missing_shared_lib', ("3221225781", "-1073741515")),
    ('abort', ("3221226505", "-1073740791")),
    ('segfault', ("segfault",), {'regex': r"(?<![\w/-])segfault(?:s|ed)?(?![\w-])"}),
    ('faiss_error', (
        "error in ~ faiss::", "runtimeerror: error in ", "faiss assertion", "faiss/impl/ ~ .cpp:",
        "index type ~ not recognized", "assert d == self.d", "assert n == ", "is_trained", "number of training points",
        "training points as clusters",
        "could not open ~ .index for reading", "could not open ~ for reading: no such file", "index type 0x",
    ), {'unless': ("-- building", "warning clustering", "[ ", ": warning: ", ": note: ", "npm error in ")}),
    # The message of its exception without "Error in", as a program in C++ prints it.
    ('faiss_error', ("faiss:: ~ ) ~ at ",), {
        'regex': r"\bfaiss::\w[^ ]{0,200}\(.{0,400}\)(?: const)? at \S{1,300}\.(?:cpp|cuh?|h|hpp|cxx):\d{1,6}:"}),
    # What SWIG's wrapper says of an argument: other libraries have such wrappers too.
    ('faiss_error', ("in method ' ~ , argument ~ of type '",), {
        'regex': r"in method '(?:(?:gpu|replacement_?)?index\w*|\w*(?:clustering|quantizer|kmeans|invertedlists|parameterspace|idmap|"
                 r"vectortransform|rangesearchresult|linkage|gpuresources)\w*|(?:read|write|clone)_\w*index\w*|knn_\w+|pairwise_\w+)', "
                 r"argument|of type '[^']{0,60}faiss::"}),
    ('faiss_error', ("wrong number or type of arguments for overloaded function '",), {
        'regex': r"overloaded function '(?:new_)?\w*(?:index|faiss|clustering|quantizer|kmeans|gpuresources|bruteforceknn)"}),
    ('faiss_error', ("valueerror: input not a numpy array", "could not parse index string ", "index string ~ not recognized")),
    ('interrupted', ("*** [ ~ ] interrupt", "*** [ ~ ] terminated", "*** [ ~ ] hangup")),
    ('interrupted', ("cancelled", "canceled"), {
        'regex': r"\b(?:installation|install|setup|build|download|upgrade|transaction|operation) (?:was |has been )?cancell?ed\b"}),
    # The runners of GitHub and Azure.
    ('interrupted', ("runner has received a shutdown signal", "agent has received a shutdown signal",
                     "received request to deprovision")),
    # What the client of an engine says in the end, whatever began it.
    ('interrupted', ("error waiting for container: ", "error waiting for process: "), {'rank': 80}),
    ('interrupted', (
        "keyboardinterrupt", "user interrupted execution", "interrupted by user", "operation cancelled by user",
        "operation was cancelled", "sigint", "sigterm", "sighup", "exit code: 143", "exit code: 130", "code 143",
        "code 130", "status 143", "status 130", "signal 15", "job was canceled", "the operation was canceled",
        "context canceled", "shutting down due to", "terminated", "code -15", "signal 2",
    ), {
        'regex': r"(?:keyboardinterrupt|interrupt|cancel|sigint|sigterm|sighup|\b1[34][03]\b|signal|^terminated(?! (?:worker|normally))|"
                 r"shutting down due to (?!.{0,40}error)|by user|-15)",
        'unless': ("code 1 (sig", "(terminated", "non-properly terminated", "signal 2.", "unterminated", "reload", "handler", "earlyoom")}),
    ('timeout', (
        "timeout waiting", "operation timed out. terminating", "operation timed out. stopping",
        "operation timed out. killing", "code 124", "status 124", "timeoutexpired", "exceeded time limit", "task timed out",
        "the command action failed to execute in the expected time", "timed out after", "timer expired",
        "time limit exceeded", "exceeded the time limit", "execution timed out", "job execution took longer",
        "command timed out", "timeout ~ exceeded", "execution took longer than", "async task did not complete", "soft lockup - ",
    ), {'unless': ("connection", "curl", "connect ", "http", "pip._vendor", "client.timeout")}),
    ('timeout', ("timeout exceeded when accessing '",)),   # zypper
    ('timeout', ("url 'http ~ ': timeout of ~ was reached",)),  # R
    # An engine's socket that nobody listens on, whichever client asks.
    ('engine_missing', (".sock",), {
        'regex': r"run/[\w./-]{0,80}(?:docker|podman|containerd|crio|cri-dockerd|dockershim|buildkit)[\w./-]{0,40}\.sock'?: "
                 r"(?:connect: )?(?:no such file|connection refused)"}),
    # What bundlers do not find: webpack and what has it within, Metro, Parcel. Not a part of Node, which a browser has not,
    # nor a file or an alias of the project, nor what packages can do without.
    ('not_installed', ("can't resolve '", "cannot resolve module '", "unable to resolve module ", "failed to resolve '",
                       "cannot resolve dependency '"), {
        'regex': r"(?:can't resolve|cannot resolve module|unable to resolve module|failed to resolve(?= '[^']{1,200}' from '[./])|"
                 r"cannot resolve dependency) '?(?!(?:assert|async_hooks|buffer|child_process|cluster|console|constants|crypto|"
                 r"dgram|dns|domain|events|fs|https?|http2|inspector|module|net|os|path|perf_hooks|process|punycode|querystring|"
                 r"readline|stream|string_decoder|sys|timers|tls|tty|url|util|v8|vm|worker_threads|zlib|"
                 r"aws4|bufferutil|encoding|kerberos|pg-native|pino-pretty|snappy|supports-color|utf-8-validate)(?:['/ ]|$))"
                 r"(?:@[\w.-]{1,80}/)?\w[\w.-]{0,80}(?:/[\w./-]{1,120})?(?:'|$| from )"}),
    ('network', ("unable to resolve",), {'unless': (
        "dependency", "module", "path", "reference", "package", "import", "conflict", "docker endpoint",
        "resolve action ", "resolve class ", "resolve service for ", "resolve symbol ", "resolve type ",
        "resolve variable ")}),
    ('network', ("failed to resolve",), {
        'regex': r"failed to resolve '?(?:(?:the )?(?:host|hostname|address|name|dns|domain|server|proxy)\b|"
                 r"[\w-]+(?:\.[\w-]+)+(?::\d+)?'?(?: |$|[(,:]))"}),
    # What clients of registries and object stores say of a server that cannot answer.
    ('network', (  # HTTP/2 of Go
        "stream error: stream id ", "server sent goaway", "graceful shutdown goaway", "http2: client connection ",
        "http2: client conn not usable", "http2: client conn is closed", "received data before a headers frame",
    )),
    ('network', ("unexpected http status ", "unexpected status code "), {
        'regex': r"unexpected (?:http )?status(?: code)? (?:from )?\S{1,300}: 50[0-4]\b"}),
    ('network', ("is related to network connectivity", "in most cases you are behind a proxy or have bad network")),
    ('network', (
        "temporary failure in name resolution", "name or service not known", "name does not resolve",
        "could not translate host name", "could not resolve host",
        "couldn't resolve host", "nameresolutionerror", "no address associated with hostname",
        "nodename nor servname", "enotfound", "eai_again", "gaierror", "no such host", "server misbehaving",
        "lookup ~ timeout", "etimedout", "econnrefused", "econnreset", "ehostunreach", "enetunreach",
        "err_socket_timeout", "err_socket_connection_timeout", "socket connection timeout", "socket hang up", "connection timed out", "connection refused", "connection reset",
        "network is unreachable", "no route to host", "failed to establish a new connection", "newconnectionerror",
        "read timed out", "max retries exceeded", "connection broken by",
        "remotedisconnected", "connection aborted", "i/o timeout", "client.timeout exceeded", "tls handshake timeout",
        "request canceled while waiting", "unable to connect to", "failed to connect to", "could not connect to",
        "couldn't connect to", "connection was reset", "operation timed out", "operation too slow", "dial tcp",
        "network error", "network timeout", "timeout was reached", "error sending request", "err_network",
        "connection closed before message completed", "eof occurred in violation of protocol", "unexpected_eof",
        "ssl_error_syscall", "urlopen error", "could not fetch url", "fetch failed", "503 service unavailable",
        "502 bad gateway", "504 gateway", "error pinging", "protocolerror", "recv failure", "errno 110", "errno 111",
        "errno 113", "errno 101", "connection to ~ timed out", "cannot download", "temporary failure resolving",
        "temporary error (try again later)", "download failed after attempts", "unexpected http status: 5",
        "error 503", "error 502", "error 504", "could not resolve '", "unexpected eof while pulling", "network socket disconnected before secure", "curl: (18)", "curl: (92)", "download timed out", "error: failed to fetch http",
        "error: failed to fetch 'http", "curl: (6)", "curl: (7)", "curl: (28)", "curl: (52)", "curl: (56)", "curl#6 ", "curl#7 ",
        "curl#28", "http error 50", "empty reply from server", "err_connection", "npm err! network",
        "npm error network", "request failed, reason", "getaddrinfo", "errno -2]", "errno -3]", "net/http: ",
        "registry ~ timeout",
    ), {'unless': ("read init-p: ", "upstart", "dbus", "system_bus_socket", ".x11-unix", "unix @", "resolve './",
        "resolve '../", "[error] could not resolve '")}),
    ('network', (
        "error: connectionrefused", "net::opentimeout", "net::readtimeout", "failed to open tcp connection", "cannot open url '",
        "unknownhostexception", "sockettimeoutexception", "noroutetohostexception", "java.net.connectexception",
        "wget: bad address '", "are you offline?", "no internet connection", "unable to establish connection to",
        "cannot connect to host ~ connect call failed", "errno 12] timeout on http",
        # What Envoy and nginx say in place of the server behind them.
        "upstream connect error or disconnect", "no healthy upstream", "upstream request timeout",
        "upstream prematurely closed connection",
    )),
    ('network', (": eof", ": unexpected eof"), {'regex': r"(?:get|head|post|put|patch) '?https?://\S{1,300}: (?:unexpected )?eof\b"}),
    ('network', ("connecttimeout", "readtimeout"), {'regex': r"(?<![a-z0-9_-])(?:connect|read)timeout(?!'?[ =:]{1,3}'?\d)"}),
    # apt could not fetch this; why, if it is known, is on another line.
    ('repo_failed', ("err:",), {'rank': 34, 'regex': r"^err:\d{1,4} (?:https?|ftp)://"}),
    ('permission_denied', ("not permitted",), {
        'regex': r"(?<!cross-device link )not permitted", 'unless': ("exdev",)}),
    ('permission_denied', (
        "permission denied", "eacces", "eperm", "access denied", "permissionerror", "errno 13]",
        "rejected by your operating system", "cache folder contains root-owned files",
        "requires root privileges", "must be run as root", "are you root", "need to be root", "requires superuser",
        "insufficient permissions", "run with sudo", "superuser privileges", "accessdenied", "notwritableerror",
        "not writable", "not writeable", "noaccess", "nowritable", "no writeable", "no write permission",
        "not have write permission", "don't have write permission",
        "do not have permission to write", "unless you are root", "root privileges are required",
        "access is denied", "interactive authentication required",
    ), {'unless': ("access denied for user", "when calling the", "permission denied on resource")}),
    ('command_missing', (
        "command not found", "failed to run command ' ~ no such file",
        "env: ' ~ no such file or directory", "spawn ~ enoent", "syscall spawn",
        "is not recognized as an internal or external command",
    )),
    ('command_missing', ("sh: / ~ not found",), {
        'regex': r"^(?:/bin/)?(?:ba|da|a|k|z)?sh: (?:\d{1,6}: )?/(?:[\w.+-]{1,60}/){0,8}s?bin/(?!python)[\w.+-]{1,60} not found$"}),
    # Docker before 1.11, of a program that an image has not, or of the loader that it asks for.
    ('command_missing', ("cannot start container ~ system error: no such file or directory",), {
        'regex': r"\[\d{1,3}\] system error: no such file or directory"}),
    ('command_missing', ("xargs: ~ : no such file or directory",)),
    ('command_missing', ("fork/exec ~ : no such file or directory",), {  # Go, of a program that it starts
        'regex': r"fork/exec (?!/proc/|/bin/(?:ba)?sh:)[\w./+-]{1,200}: no such file or directory"}),
    ('command_missing', ("no such file or directory: b'",), {
        'regex': r"no such file or directory: b'(?:/[\w./+-]{0,200}/s?bin/)?[\w.+-]{1,60}'"}),
    ('command_missing', ("fish: unknown command:",)),
    ('command_missing', ("error: failed to spawn: '",)),  # uv, where no line below says more
    ('command_missing', ("make ~ : no such file or directory",), {
        'regex': r"^g?make(?:\[\d{1,3}\])?: (?!.{0,120}(?:makefile|\.mk|\*\*\*))[\w.+/-]{1,80}: no such file or directory$"}),
    # What runc and crun say of the program that an image or a user names.
    ('command_missing', ("exec: ' ~ : stat ~ no such file or directory", "exec: ' ~ no such file or directory: unknown",
                         "exec ' ~ no such file or directory: unknown"), {'unless': ("cni_path",)}),
    ('not_a_directory', ("not a directory", "enotdir", "errno 20]"), {
        'regex': r"(?:[:'] ?|caused ')not a directory|\benotdir\b|errno 20\]"}),
    ('command_missing', ("env: ~ no such file or directory",), {
        'regex': r"\benv: '?[\w.+-]{1,60}'?: no such file or directory"}),
    ('command_missing', (
        ": not found",
    ), {'regex': r"^(?:/bin/)?(?:ba|da|a)?sh: (?:eval: )?(?:line )?(?:\d{1,6}: )?[\w./+-][\w./+ -]{0,79}: not found$"}),
    ('not_installed', ("modulenotfounderror: no module named", "importerror: no module named",
                       "'msg': 'missing required library '", "'message': 'no module named", "'evalue': 'no module named")),
    ('not_installed', ("no module named 'setuptools'", "no module named setuptools", "no module named 'pkg_resources",
                       "no module named pkg_resources")),
    ('not_installed', ("wheel for ~ for python ~ is unavailable. apt install",)),  # Debian's virtualenv
    # --- what languages and their tools say of a part that is not there, whatever asked for it
    ('command_missing', ("command ' ~ ' not found, but can be installed with", "couldn't exec ~ : enoent")),
    ('command_missing', ("failed at step exec spawning ~ no such file",)),
    ('command_missing', (": cannot exec: no such file",)),  # what tar unpacks with
    ('command_missing', ("failed to find handler for ' ~ not found", "unable to find required ' ~ binary in the path"), {  # Ansible
        'regex': r"commands 'g?tar' and 'g?tar' not found|\.zip'.{0,400}\bcommand 'unzip' not found|"
                 r"unable to find required '\w{1,40}'(?: or '\w{1,40}')? binary in the path"}),
    # Heroku's buildpacks.
    ('python_version', ("requested runtime ( ~ is not available for this stack", "requested runtime ' ~ is not available for this stack",
                        "! requested runtime ( ~ was not found")),
    ('python_missing', (": requested versions are not installed",), {  # Debian's scripts after an installation
        'regex': r"\bpy3?compile:\d{1,4}: requested versions are not installed"}),
    ('command_missing', ("fileisexecutable=/ ~ was not met", ": command ~ is missing"), {  # systemd; Puppet's providers
        'regex': r"(?:condition|assert)fileisexecutable=/(?:usr|opt)/\S{1,200} was not met$|: command [\w.+/-]{1,100} is missing$"}),
    ('no_matching_distribution', ("could not find package ~ in indexes",)),  # apko
    ('no_matching_distribution', ("could not find package ",), {  # Puppet
        'regex': r"^error: could not find package [\w.+-]{1,100}$|/ensure: .{1,100} failed: could not find package [\w.+-]{1,100}$"}),
    ('command_missing', ("exec user process caused ~ no such file or directory", "exec ~ failed: no such file or directory")),
    ('command_missing', (": no such file or directory",), {
        'regex': r"^(?:[\w.-]{1,60} {1,20}\| {1,4})?(?:\[[^\]]{1,40}\] )?exec /\S{1,200}: no such file or directory$"}),
    ('command_missing', ("filenotfounderror: [errno 2] no such file or directory: '",), {
        'after': ("subprocess.py", "_execute_child", "popen"),
        'regex': r"no such file or directory: '[\w+.-]{1,60}'$"}),
    ('not_installed', ("cannot find module '", "cannot find package '"), {
        'regex': r"cannot find (?:module|package) '(?!\.{0,2}/)(?![^']{0,200}\.node')(?:@[\w.-]{1,80}/)?[\w.-]{1,80}(?:/[\w./-]{1,120})?'",
        'unless': ("node-gyp", "npm-cli", "gulp-")}),
    ('not_installed', ("could not import ~ python package. please install", "failed to import the required python library",
                       "failed to import docker-py - ", "failed to import docker or docker-py - ")),  # Ansible
    ('not_installed', ("please install ~ as a dependency", "please install it first", "unable to import module ' ~ no module named '")),
    ('not_installed', ("required for this module",), {
        'regex': r"'msg': '[\w., ()>=<-]{1,80} (?:is |are )?required for this module"}),
    ('not_installed', ("importerror: ~ pip install ", "modulenotfounderror: ~ pip install "), {
        'unless': ("but found", "but you have", "incompatible")}),
    ('headers_missing', ("extension was not compiled. missing the",)),
    ('numpy2_abi', ("importerror: cannot import name",), {'after': ("from numpy.",)}),  # a name that newer releases dropped
    ('headers_missing', ("the headers or library files could not be found for", "development packages are installed",
                         "development headers ~ not found")),
    ('headers_missing', ("configure: error: ",), {
        'regex': r"configure: error: .{0,80}\b(?:headers?|lib(?:rar(?:y|ies))?\w{0,12}|devel(?:opment)? (?:files|packages?)|"
                 r"curses|openssl|zlib|libffi|readline)\b.{0,40}\b(?:missing|not (?:be )?found|required|not installed|absent)"}),
    ('headers_missing', ("could not find ~ (missing: ~ _include", "could not find ~ (missing: ~ _librar"), {
        'after': ("cmake error",), 'regex': r"^could not find"}),
    ('headers_missing', ("error: dependency ' ~ not found",)),
    ('headers_missing', ("the system library ' ~ required by crate ' ~ not found", "could not find directory of openssl installation",
                         "pg_config is required to build")),
    ('headers_missing', (": no such file or directory",), {'regex': r"error: [\w./+-]{1,120}\.(?:h|hh|hpp|hxx): no such file or directory$"}),
    ('build_tool_missing', ("could not find ~ (missing: ~ _executable",), {
        'after': ("cmake error",), 'unless': ("python", "cuda"), 'regex': r"^could not find .{1,80}\(missing: \w{1,40}_executable"}),
    ('build_tool_missing', ("cannot find module ' ~ /node-gyp/bin/node-gyp.js'", "couldn't find a script name 'node-gyp'",
                            "couldn't find a script name 'cmake-js'", "couldn't find a script name 'prebuild-install'")),
    ('build_tool_missing', ("ninja is required to load c++ extensions", "could not find 'protoc' installation",
                            "gyp err! find vs could not find a version", "gyp error find vs could not find a version")),
    ('compiler_too_old', ("cannot be built because it requires rustc", "requires rustc ~ or newer", "go.mod requires go ",
                          "note: module requires go ", "can not compile programs for -std", "requires go >= ~ (running go")),
    ('headers_missing', ("dependency lookup for ~ failed",)),
    ('build_tool_missing', ("no such file or directory: '",), {
        'regex': r"no such file or directory: '(?:/usr/bin/)?(?:cc|gcc|g\+\+|clang(?:\+\+)?|cmake|make|ninja|meson|swig|gfortran|ld|ar|"
                 r"autoconf|autoreconf|pkg-config|patch|protoc|rustc|cargo|go|nvcc|bazel|x86_64-\w+-gnu-g\w+)'"}),
    ('package_conflict', ("versionconflict: (", "resolutiontoodeep: ")),
    # What pipenv and the launchers of scripts say of an interpreter that does not run.
    ('python_missing', ("but you are using unknown (", "unable to create process using '")),
    ('command_missing', ("bad interpreter: ~ no such file or directory", "bad interpreter: no such file or directory")),
    ('loader_missing_module', ("initialization of _swigfaiss",)),
    ('numpy2_abi', ("cpu dispatcher tracer already init",)),
    ('cpu_isa', ("this program can only be run on ~ processors", "verify that both the operating system and the processor support intel")),
    ('abort', ("mkl_threading_layer= ~ is incompatible with",)),
    ('cuda_missing', ("cuda-capable devices are busy or unavailable", "invalid device ordinal")),
    # The names of CUDA's errors, as its samples and bindings print them alone.
    ('cuda_missing', ("cudaerrorinsufficientdriver", "cudaerrornodevice", "cudaerrorinitializationerror",
                      "cudaerrorsystemdrivermismatch", "cudaerrordevicesunavailable", "cudaerrorinvaliddevice")),
    ('gpu_generation', ("cudaerrornokernelimagefordevice", "cudaerrorinvaliddevicefunction", "cudaerrorunsupportedptxversion")),
    ('out_of_memory', ("cudaerrormemoryallocation",)),
    ('build_tool_missing', ("meson executable ' ~ ' not found", "cmakenotfounderror: ", "ninjanotfounderror: ")),
    ('sdist_fallback', ("error backend ' ~ ' is not available",)),
    ('not_installed', ("error missing dependencies:",), {'regex': r"^error missing dependencies:"}),  # build --no-isolation
    # What build scripts of Rust say (the crates cc, cmake, pkg-config and bindgen), and meson.
    ('build_tool_missing', ("failed to run ' ~ no such file or directory",), {
        'regex': r"failed to run .{0,4}(?:pkg-config|cmake|make|git|gcc|cc|perl|autoreconf|protoc)\b.{0,300}no such file or directory"}),
    ('build_tool_missing', ("could not run ' ~ pkg-config ~ no such file", "the pkg-config command could not be found",
                            "failed to execute command: no such file or directory (os error 2)", "failed to find tool. is '",
                            "unable to find libclang: ")),
    ('build_tool_missing', ("meson ~ error: program ' ~ not found or not executable", "error: program ' ~ not found or not executable")),
    ('build_tool_missing', ("unable to execute ",), {
        'regex': r"unable to execute '?(?:\S{0,120}/)?(?:[\w-]{0,40}(?:gcc|g\+\+|cc|c\+\+|clang(?:\+\+)?)(?:-[\d.]{1,6})?|swig[\d.]{0,4}|nvcc|gfortran)'?: no such file"}),
    # What uv and pixi say, below their own error, of a wheel, and of TLS, proxies and bodies that were cut (reqwest, rustls, hyper).
    ('corrupt_artefact', ("the wheel is invalid: ", "failed to unzip wheel: ", "multiple .dist-info directories found",
                          "record file is invalid", "deflate decompression error", "unexpected buferror")),
    ('wheel_tag', ("the wheel filename ' ~ ' is invalid",)),
    ('proxy', ("unsuccessful tunnel", "proxy authorization required", "proxy authentication required")),
    ('network', ("request or response body error", "error decoding response body", "error reading a body from connection",
                 "peer closed connection without sending tls close_notify")),
    ('tls', ("received fatal alert: ",), {'regex': r"received fatal alert: \w{3,40}"}),
    # curl's texts of its errors, where a tool prints them alone.
    ('network', ("when receiving data from the peer", "failed sending data to the peer", "transferred a partial file",
                 "server returned nothing (no headers, no data)")),
    ('tls', ("ssl peer certificate or ssh remote key was not ok",)),
    # What poetry, pipenv, pdm and conda say of a lock file, an archive or the host.
    ('hash_mismatch', ("retrieved digest for ", "hash for ~ not found in known hashes", "hashes for ~ do not match")),
    ('package_conflict', ("your dependencies could not be resolved",)),
    ('conda_network', ("downloaded bytes did not match content-length",), {'unless': ("checksum",)}),
    ('corrupt_artefact', ("cannot detect archive format", "cannot determine archive format")),
    ('build_tool_missing', ("cargo, the rust package manager, is not installed", "error: linker ' ~ ' not found")),
    ('python_version', ("current python version ( ~ is not allowed by the project",)),
    ('git_blocked', ("an unknown git error occurred",)),
    # pip, of the git that it ran: what git said itself, if anything, says more.
    ('git_blocked', ("exit status ~ : git ", "git ~ did not run successfully", "installationsubprocesserror: git "), {
        'rank': 39, 'regex': r"(?:exit status \d{1,3}: |^\W{0,4}|error: )git (?:clone|fetch|checkout|submodule|rev-parse|ls-remote|reset) "}),
    ('container_perm', ("apparmor enabled on system but", "unable to apply apparmor profile", "apparmor failed to apply profile")),
    # The driver is there: the cgroup of the devices keeps the container from them.
    ('container_perm', ("failed to initialize nvml: unknown error",)),
    ('cuda_missing', ("failed to initialize nvml", "cuda unknown error")),
    ('cuda_missing', ("torch not compiled with cuda enabled", "unknown runtime specified nvidia",
                      "unknown or invalid runtime name: nvidia", "the nvidia driver on your system is too old",
                      "found no nvidia driver", "attempting to deserialize object on a cuda device")),
    ('out_of_memory', ("outofmemoryerror: ",)),
    ('no_matching_distribution', ("couldn't find package '", "error: package ' ~ not found in registry")),
    ('corrupt_artefact', ("error while deserializing header", "unpicklingerror: invalid load key")),
    ('missing_shared_lib', ("host system is missing dependencies to run", "failed to find libmagic",
                            "python shared library not found", "python shared library ' ~ ' not found")),
    ('missing_shared_lib', (".so not found in ", ".so ~ not found in ", ".so not found on ", ".so ~ not found on "), {
        'regex': r"\blib[\w.+-]{1,60}\.so(?:\.\d{1,9}){0,4}'? (?:was |is |could )?not (?:be )?found (?:in|on) (?:the |your |any )?(?:\w{1,20} ){0,2}(?:path|directory|directories|paths)"}),
    ('missing_shared_lib', ("library not found",), {'regex': r"oserror: \w{1,40} library not found"}),
    ('sdist_fallback', ("metadatagenerationfailed: ", "installationsubprocesserror: ", "-m pip install ~ failed with error code")),
    ('compiler_too_old', ("requires the cargo feature called '", "lock file version ~ requires '-znext-lockfile-bump'",
                          "lock file version ~ was found, but this version of cargo")),
    ('build_tool_missing', ("no override and no default toolchain set", "rustup could not choose a version of", "can't find crate for 'std'",
                            "can't find crate for 'core'")),
    ('build_tool_missing', ("error: toolchain '",), {'regex': r"error: toolchain '[^']{1,80}' is not installed"}),
    ('build_tool_missing', ("broken toolchain: cannot link", "error: could not find 'cargo' in path", "error: unable to find libtool")),
    ('build_tool_missing', ("configure: error: ",), {
        'regex': r"configure: error: .{0,60}\b(?:bison|flex|yasm|nasm|libtool|pkg-config|gperf|m4|makeinfo|gettext|swig)\b"
                 r".{0,40}\b(?:required|not found|missing|needed|not installed)"}),
    ('command_missing', (": no such file or directory",), {
        'regex': r"^-?(?:ba|z|da|k)?sh: (?:line \d{1,6}: )?(?:\.{0,2}/)?(?:[\w.+-]{1,60}/){0,8}s?bin/(?!python)[\w.+-]{1,60}: no such file or directory$"}),
    ('command_missing', ("zsh: no such file or directory: ",), {'regex': r"zsh: no such file or directory: \S{0,300}/s?bin/(?!python)[\w.+-]{1,60}$"}),
    ('command_missing', (": exec: ",), {'regex': r": exec: [\w./+-]{1,80}: not found$"}),
    ('command_missing', ("is not a git command. see", "is not a docker command", "unknown shorthand flag: 'd' in -d",
                         "unable to find pip in the virtualenv", "unable to find any of ~ to use",
                         "failed to find required executable", "'cmd': ~ [errno 2] no such file or directory",
                         "bad git executable")),
    ('command_missing', ("runtimeerror: could not find ~ in path",)),
    ('not_installed', (": no module named ",), {'regex': r"/python[\d.]{0,5}: no module named '?[\w.]{1,60}'?$"}),
    # A logger, Airflow, and others that pass on what the exception says, without its name.
    ('not_installed', ("no module named ",), {
        'regex': r"(?:^|[ \[])(?:error|critical|fatal)\]?(?::| -)? no module named '?[\w.]{1,80}'?$|"
                 r"\bbroken dag: \[[^\]]{1,200}\] no module named '?[\w.]{1,80}'?$|"
                 r"\b(?:error|failed|failure|cannot|could not|unable to)(?: while| to)? (?:import|load)(?:ing)?\b[^:]{0,120}:"
                 r"(?: \S{1,200}:)? no module named '?[\w.]{1,80}'?$"}),
    # The same on a line of its own, below one that says what failed.
    ('not_installed', ("no module named ",), {
        'regex': r"^no module named '?[\w.]{1,80}'?$", 'after': ("error", "fail", "cannot ", "could not ", "unable to ", "exception")}),
    ('not_installed', ("ensurepip is not available", "'ensurepip', ~ returned non-zero exit status")),
    # What pipenv, pdm, hatch and others say of the one that they look for.
    ('python_missing', ("python interpreter", "python executable"), {
        'regex': r"(?:can't|cannot|could(?: not|n't)|unable to|failed to) (?:find|locate|resolve) (?:a |an |the |any |suitable |valid |compatible )*"
                 r"python (?:interpreter|executable)|"
                 r"python (?:interpreter|executable) (?:can't be|cannot be|could not be|was not|is not|not) found"}),
    ('python_missing', ("no virtual environment found; run", "is not a valid python environment", "unable to get the locale encoding",
                        "failed to get the python codec of")),
    ('python_missing', ("python ~ was not found on your system",), {'regex': r"python [\d.]{1,8} was not found on your system"}),
    ('python_missing', ("no interpreter found for python", "interpreternotfound", "failed to find interpreter for")),
    ('python_missing', ("failed error: not found: python",), {'rank': 69}),  # node-gyp, of each name it tries
    ('python_missing', ("pyenv: version '",), {'regex': r"pyenv: version '[\w.-]{1,40}' is not installed"}),
    ('python_version', ("is newer than pyo3's maximum supported version",)),
    ('network', ("connection error, and we cannot find the requested files", "esockettimedout")),
    ('image_missing', ("failed to solve: ",), {'regex': r"failed to solve: [\w./:@-]{1,200}: (?:[\w./:@-]{1,200}: )?not found$"}),
    ('image_missing', ("invalid status code from registry 40",), {'regex': r"from registry 40[134]\b"}),
    ('image_missing', ("failed to pull image ~ code = notfound", "unauthorized: authentication required",
                       "unauthorized: incorrect username or password")),
    ('image_missing', ("back-off pulling image",), {'rank': 69}),
    ('engine_missing', ("docker.service is masked",)),
    ('engine_network', ("pool overlaps with other one on this address space",)),
    ('engine_too_old', ("docker-compose.yml' is unsupported", "unsupported config option for services")),
    ('cgroup_v2', ("error adding pid ~ to cgroups",)),
    ('libgcc_too_old', ("libgcc_s.so.1 must be installed for pthread_cancel",)),
    ('cgroup_v2', ("failed to create bus connection: no such file",)),
    ('out_of_memory', ("oom when allocating", "out of shared memory")),
    ('cuda_missing', ("unexpected error from cudagetdevicecount", "no cuda gpus are available",
                      "cuda version ~ mismatches the version that was used to compile")),
    ('missing_shared_lib', ("could not find library ~ or load any of its variants", "unable to find ~ shared library",
                            "no library called '", "could not find the gdal library",
                            "could not load the qt platform plugin")),
    ('corrupt_artefact', ("eoferror: ran out of input",)),
    ('permission_denied', ("has to be run under the root user",)),
    ('timeout', ("worker timeout (pid:", "timeout when waiting for", "has exceeded the maximum execution time")),
    ('timeout', ("timed out waiting for", "timed out trying to ", "timeout expired waiting for"), {'unless': ("lock", "http", "connect")}),
    # The exception of Python, of drivers of browsers and of pools, whatever it was that took too long.
    ('timeout', ("timeouterror", "timeoutexception"), {
        'regex': r"^(?:e +|uncaught )?(?:[a-z_]\w{0,60}\.){0,8}timeout(?:error|exception)(?::? ?$|: (?!\[(?:errno|winerror) |timed out$))",
        'unless': ("http", "connect", "socket", "ssl", "url")}),
    ('timeout', ("context deadline exceeded",), {'rank': 71, 'unless': ("client.timeout", "net/http", "dial ", "http", "endpoint has been started")}),

    # undici, which Node's own fetch is, and pnpm and yarn of a server that does not answer.
    ('network', (
        "und_err_connect_timeout", "und_err_headers_timeout", "und_err_body_timeout", "und_err_socket",
        "connecttimeouterror: ", "headerstimeouterror: ", "bodytimeouterror: ", "socketerror: other side closed",
        "timeout awaiting 'request' for", "err_pnpm_fetch_timeout",
    )),
    ('network', ("err_pnpm_fetch_5",), {'regex': r"err_pnpm_fetch_5\d\d\b"}),
    ('package_conflict', ("err_pnpm_peer_dep_issues",)),
    ('build_failed', ("couldn't be built successfully",)),
    ('proxy', ("connection to proxy closed", "curl: (97)")),
    ('proxy', (": (407) ",), {'regex': r": \(407\) [^\d:]"}),  # .NET, in any language
    # ssh itself, without Ansible.
    ('unreachable', ("host key is known for ~ and you have requested strict checking", "no mutual signature supported",
                     "mux_client_request_session: read from", "too long for unix domain socket")),
    ('unreachable', ("ssh_askpass: exec(",), {'rank': 68}),
    ('package_key', ("failed to retrieve key",)),
    ('package_lock', ("sqlite3.operationalerror: database is locked", "database is locked"), {
        'after': ("/yum/", "/dnf/", "yum.", "dnf.", "/var/lib/rpm", "rpmdb", "history.py")}),
    ('no_matching_distribution', ("no package matches '",)),  # libdnf and microdnf
    # The engines' pipes on Windows, as Go and Node write them. Podman Desktop asks for Docker's only to see whose it is.
    ('engine_missing', ("pipe ~ docker_engine", "pipe ~ dockerdesktop", "pipe ~ podman-machine"), {
        'regex': r"cannot find the file|not found|is the docker|\be(?:noent|connrefused) [/\\.]{2,8}pipe[/\\]",
        'unless': ("pinging docker as podman",)}),
    ('engine_missing', ("container runtime is not running: ",)),
    ('image_missing', ("/v2/",), {'regex': r"/v2/[^ ]{1,300}/manifests/[^ ]{1,100}: (?:denied|unauthorized|forbidden)"}),
    ('image_missing', ("unauthorized: access token has insufficient scopes", "registry responded to head request with '40"), {
        'unless': ("with '408",)}),
    ('cgroup_v2', ("cgroup driver: ~ is different from", "failed to find cpuset cgroup")),
    ('podman_userns', ("the specified mapping ~ includes the user uid",)),
    ('engine_storage', ("containerd-mount",), {'regex': r"failed to mount [^ ]{0,100}containerd-mount[^ ]{0,40}: (?!permission|operation)"}),
    ('engine_network', ("networkready=false", "cannot expose privileged port")),
    ('build_tool_missing', ("cannot start cmake",)),
    # Nothing says what AppArmor kept from what, other than this.
    ('permission_denied', ("apparmor='denied'",), {'rank': 78}),
    ('timeout', ("watchdog timeout (limit",)),

    # libcurl as dnf prints it, whatever the repository; what ping, and docker's first registry, say.
    ('network', ("curl error (",), {'regex': r"curl error \((?:5|7|16|18|28|52|55|56|92)\): |"
                                           r"curl error \(35\): ssl connect error for "}),
    ('network', ("curl: (22) ~ returned error: 5", "curl: (16)", "curl: (55)", "destination host unreachable", "100% packet loss",
                 "request timeout for icmp_seq", "network timed out while trying to connect",
                 "timed out trying to connect")),
    ('repo_failed', ("curl error (37)",)),
    ('repo_failed', ("failed to synchronize all databases",), {'rank': 16}),
    # What apt, dnf, pacman and apk refuse to do to the packages that are there.
    ('package_conflict', (
        "without --allow-downgrades", "without --allow-remove-essential", "without --allow-change-held-packages",
        "removing the following protected packages", "no available modular metadata for modular package",
    )),
    ('package_conflict', ("exists in filesystem",), {'regex': r": /\S{1,300} exists in filesystem"}),
    ('package_conflict', ("breaks dependency '",), {'regex': r"(?:installing|removing) .{1,120} breaks dependency '"}),
    ('package_conflict', ("trying to overwrite ~ owned by",)),
    ('package_lock', ("packagekit is blocking zypper",)),
    ('container_perm', ("mounts denied: ",)),
    ('engine_network', ("rootless netns", "error response from daemon: address already in use"), {
        'unless': ("debu[", "level=debug", "info[")}),
    ('engine_network', ("error response from daemon: network ",), {'regex': r"daemon: network \S{1,80} not found"}),
    ('engine_too_old', ("unknown version specified",), {'after': ("crun", "runc", "oci", "podman")}),
    ('cgroup_v2', ("rootless containers not supported on cgroup", "top level qos containers", "/bus: connect: no such file")),
    ('cgroup_v2', ("controllers in the unified cgroup",)),
    ('node_too_old', ("is not allowed in node_options",)),
    ('node_too_old', ("bad option: --",), {'regex': r"\bnode: bad option: --"}),
    # npm 2 and 3 say so of every package once one of them fails: the reason, if any, stands elsewhere.
    ('corrupt_artefact', ("tar.unpack untar error", "tar.unpack unzip error"), {'rank': 66}),
    ('read_only', ("remounting filesystem read-only", "source write-protected, mounted read-only")),

    ('engine_storage', ("snapshotter cannot be en", "failed to find snapshotter")),
    # GitLab's runner, and other clients that print the status so.
    ('network', ("status=50",), {'regex': r"\bstatus=50[0-4] (?:internal server|bad gateway|service unavail|gateway time)"}),
    # Ansible of paramiko and sshpass.
    ('unreachable', ("failed => authentication fail", "msg': 'authentication fail")),
    # Chromium and Electron give up only at this level.
    ('abort', (":fatal:",), {'regex': r"^\[\d{1,9}:(?:\d{1,9}:)?\d{4}/\d{6}(?:\.\d{1,9})?:fatal:"}),

    ('unreachable', (
        "connection closed by unknown port", "administratively prohibited", "stdio forwarding failed",
        "unable to authenticate, attempted methods", "error reading ssh protocol banner", "paramiko.ssh_exception.",
        "no mutual signature algorithm",
    )),
    ('unreachable', ("rsync error: unexplained error (code 255)",), {'rank': 68}),
    ('ansible_become', ("sudo: ~ is owned by uid",)),
    ('read_only', ("cannot remount ~ is write-protected",)),
    ('permission_denied', ("mount: only root can", "mount: ~ must be superuser to use ")),
    ('file_limit', ("user limit of inotify",)),
    ('out_of_memory', ("oom_kill event",), {'regex': r"detected \d{1,5} oom_kill event"}),
    ('disk_full', ("partition ~ too full",)),
    ('network', (
        "socket.timeout: timed out", "requests.exceptions.connectionerror", "timeouterror: timed out",
        "error was: timeout: timed out", "content file: timed out",
    )),
    ('network', (": timed out",), {'regex': r"'msg': 'connection failure: timed out"}),  # get_url
    # npm: a registry that answers, and cannot.
    ('network', ("npm err! code e50", "npm error code e50"), {'regex': r"code e50[0-4]$"}),
    ('network', ("npm err! 50", "npm error 50"), {'regex': r"npm (?:err!|error) 50[0-4] [a-z ]{3,40} - (?:get|put|post)\b"}),
    ('no_matching_distribution', ("an unexpected error occurred: 'http",), {'regex': r"'https?://[^ ']{1,300}: not found'"}),
    ('cgroup_v2', ("cgroup v1 is no longer supported", "a host using cgroup v1")),

    # zypper and libzypp: what they say of a repository, and, weaker, what they say after its reason.
    ('repo_failed', (
        "failed to retrieve new repository metadata", "permission to access ~ denied", "repository type can't be determined",
        "failed to provide package ~ retry retrieval", "failed to cache repo (",
    ), {'rank': 68}),
    ('repo_failed', (
        "not found on medium '", "problem retrieving files from '", "could not refresh the repositories",
        "repositories have not been refreshed", "can't provide ./repodata", "does not contain the desired medium",
        "problem downloading the package file from the repository", "can't provide file ' ~ from repository '",
    ), {'rank': 70}),
    ('repo_failed', ("repository '",), {'rank': 70, 'regex': r"repository '[^']{1,120}' is invalid"}),
    ('network', ("is temporarily unaccessible",), {'rank': 16}),
    ('network', ("download (curl) error for '",), {'rank': 70}),
    # nerdctl, crictl and the CNI plugins.
    ('engine_missing', ("rootless containerd not running", "needs to be installed and ~ needs to be running",
                        "and the endpoint has been started"), {'rank': 16}),
    ('engine_network', ("to be installed in cni_path",), {'rank': 16, 'unless': ("isolat",)}),
    # What kills before the kernel does.
    ('out_of_memory', ("systemd-oomd",), {
        'regex': r"systemd-oomd\[\d{1,9}\]: (?:considered \d{1,6} cgroups for kill|(?:marked|killed) .{1,300} due to )|"
                 r"systemd-oomd killed \d"}),
    ('out_of_memory', ("earlyoom",), {'rank': 16, 'regex': r"earlyoom.{0,40}(?:sending sig(?:term|kill) to process|low memory!)"}),
    ('network', ("code enotcached", "code econnaborted", "err_code enotcached")),
    ('no_matching_distribution', ("npm err! code enoversions", "npm error code enoversions")),
    ('corrupt_artefact', ("contains not understood data member",)),

    # A registry of the other protocol; libdnf of a package without a key, as microdnf prints it.
    ('tls', ("client sent an http request to an https server",)),
    ('package_key', ("cannot be verified and repo ~ is gpg enabled", "failed to lookup digest in keyring", "signature: not ok",
                     "signatures: not ok", "signatures not ok")),

    ('package_db', ("rpmdb checksum is invalid",)),
    # sharp's own download of libvips, which says no more than the status.
    ('prebuild_missing', ("error: status 404",), {'after': ("install/", "prebuil", "libvips")}),
    # The same of other packages' scripts that fetch a binary for the platform.
    ('prebuild_missing', (" 404",), {
        'regex': r"(?:\b(?:server|https?) (?:returned|responded with|error)(?: (?:code|status(?: code)?))?|\bresponse code|\bstatus(?: ?code)?|"
                 r"\bbad status of|\bbinar(?:y|ies)) ?[:=]? 404\b",
        'after': ("postinstall", "/install.js", "install.mjs", "node install", "binaries", "binary", "node_modules", "requesting archive",
                  ".node'"),
        'unless': ("pypi", "conda", "apt", "yum", "repodata", "/simple/"), 'rank': 14}),
    # What bundlers do not find: esbuild, Rollup and Parcel.
    ('bindings_missing', ("could not resolve './build/", "could not resolve '../build/", "can't resolve './build/release/",
                          "can't resolve '../build/release/")),
    ('not_installed', ("[error] could not resolve '", "failed to resolve import '")),

    # The rest of what apt and dpkg end with.
    ('package_conflict', (
        "packages need to be removed but remove is disabled", "e: broken packages", "unable to correct dependencies",
        "pre-dependency problem - not ",
    )),
    ('package_key', ("packages could not be authenticated",)),
    ('no_matching_distribution', ("e: release ' ~ was not found",)),
    # pip leaves out a source archive that is of another package or release than its name says, and looks for an older one.
    ('no_matching_distribution', ("has inconsistent name: ~ metadata has", "has inconsistent version: ~ metadata has"), {'rank': 69}),
    ('package_db', ("problem with mergelist",)),
    # A request that failed, whatever its reason, where nothing more is known of it: node-fetch and containerd.
    ('prebuild_network', ("request to http",), {
        'regex': r"request to https?://\S{1,300} failed, reason:(?: |$)", 'after': ("node-pre-gyp", "prebuild-install")}),
    ('network', ("request to http",), {'rank': 70, 'regex': r"request to https?://\S{1,300} failed, reason:(?: |$)"}),
    ('network', (": failed to do request: ",), {'rank': 70}),

    # How compilers, assemblers and SWIG print what they found: file, line, column.
    ('build_failed', (": error: ", ": fatal error: ", ": error c", ": note: suggested alternative"), {
        'regex': r"^(?:> ?|[\d.]+ |npm err! |npm error )*[^ :]{1,200}\.(?:c|cc|cpp|cxx|h|hh|hpp|cu|cuh|i|swig|s|f|f90|"
                 r"pyx)(?::\d{1,7}){1,2}: (?:fatal )?(?:error|note: suggested)|^[^ ]{1,200}\(\d{1,7}\): error c\d"}),
    # The same of nvcc, icc and others that have the front end of EDG.
    ('build_failed', ("): error: ", "): error #", "): catastrophic error", "): internal error:"), {
        'regex': r"^(?:> ?|[\d.]+ )*[^ :]{1,200}\.(?:c|cc|cpp|cxx|h|hh|hpp|cu|cuh|inl)\(\d{1,7}\): (?:catastrophic |internal )?error"}),
    # MSBuild: parts of Visual Studio that are not installed, and any error.
    ('build_tool_missing', (
        "error msb3428: ", "error msb4019: ", "error msb4132: ", "error msb8003: ", "error msb8020: ", "error msb8036: ",
        "error msb8040: ",
    )),
    ('build_failed', ("error msb",), {'regex': r"\berror msb\d{4}: "}),
    ('build_failed', ("ptxas fatal ", "nvlink fatal ", "fatbinary fatal ", "ptxas error ", "nvlink error "), {
        'regex': r"\b(?:ptxas|nvlink|fatbinary) (?:\S{1,120} )?(?:fatal|error) {0,4}: "}),
    # What linkers say, after their own name.
    ('build_failed', ("ld: ~ relocation ", "ld: ~ undefined reference to ", "ld: ~ multiple definition of ", "ld: cannot find ",
                      "ld: final link failed", "ld: ~ error adding symbols", "ld: ~ hidden symbol ", "ld: ~ undefined symbol: ",
                      "recompile with -fpic"), {'unless': ("warning: ",)}),
    ('build_failed', ("internal compiler error: in ",)),
    ('build_failed', ("ld: symbol(s) not found", "** ./configure aborting")),
    ('build_failed', ("configure:",), {'regex': r"^configure:\d{1,6}: error: (?!in ')"}),  # config.log
    ('build_failed', ("', referenced from:",), {'regex': r"^'.{1,300}', referenced from:$"}),
    # What build backends say of the project itself: hatchling, flit, poetry-core, setuptools, maturin, scikit-build.
    ('build_failed', (
        "unable to determine which files to ship", "cannot be a direct reference unless field", "readme file does not exist",
        "multiple top-level packages discovered in", "multiple top-level modules discovered in",
        "was unable to detect version for", "moduleorpackagenotfound: ", "no file/folder found for package",
        "cannot package module without a", "flit_core.config.configerror: ", "invalid pyproject.toml config: ",
        "configuration error: 'project", "*** cmake configuration failed", "*** cmake build failed",
        "an error occurred while building with cmake", "an error occurred while configuring with cmake",
    )),
    ('build_failed', ("configure: line ~ syntax error near", "configure: ~ syntax error: unexpected")),
    ('build_failed', ("error: command '",), {'regex': r"(?<![a-z])error: command '"}),  # distutils, no exception's name
    ('build_failed', ("recipe for target ' ~ ' failed", "originates from the build backend", "error: the configuration failed")),
    ('build_failed', ("lifecycle script",), {'rank': 80, 'regex': r"\b(?:in|the|a|running) '?(?:[\w:]{1,40}'? )?lifecycle script|lifecycle script .{0,80}(?:fail|error)"}),
    # The line that pnpm, and bun, have for a script of a package.
    ('build_failed', (": running ~ install script, failed in ", "install script from '"), {
        'rank': 80, 'regex': r"script, failed in \d|^error: \w{0,4}install script from '.{1,200}' (?:exited with [1-9]|terminated by|failed)"}),
    # npm says that a package's script failed: what the script said itself, if anything, says more.
    ('build_failed', (
        "npm err! code elifecycle", "'code':'elifecycle'", "npm err! command failed", "npm error command failed",
        "failed at the ~ install script", "errored while being installed",
    ), {'rank': 80}),
    ('build_failed', (
        "cmake error at ", "cmake error:", "cmake error in ", "cmake error (",
        "configuring incomplete, errors occurred", "fatal error: ", "compilation terminated",
        "*** [ ~ error ", "ninja: build stopped", "scons: building terminated", "collect2: error", "gyp err! build error", "err! omg", "make: *** ",
        "configure: error", "command failed with exit code", "node-gyp failed", "gyp err! not ok", "ld returned 1 exit status",
        "command 'g++' failed", "gcc' failed with exit", "g++' failed with exit", "undefined reference to",
        "error: 'gyp' failed with exit code", "binding.gyp not found", "error: could not compile '", "error: builder for ' ~ ' failed with exit code",
        "error: processerror: command exited with status", "ninja: error: ", "ninja: fatal: ",
        "error: failed to run custom build command for '", "{standard input}: error: ", "error: command failed: cmake ",
    ), {'unless': ("fatal error: cpu", "fatal error: uncaught", ": pnpm install", ": npm install", ": npm ci", ": yarn install")}),
)


def rows() -> Iterator[tuple[str, tuple[str, ...], dict[str, Any]]]:
    """(cause, phrases, options) of each entry of PATTERNS."""
    for cause, phrases, *options in PATTERNS:
        yield cause, phrases, options[0] if options else {}
