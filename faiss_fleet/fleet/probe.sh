# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
# Reads what faiss_fleet/fleet/raw_facts.py turns into facts, on a host without a Python that Ansible can use.
# POSIX sh alone (dash, busybox, bash); every tool may be absent. Prints one "key<TAB>value" a line, changes nothing.
# Called with: prefix, setting directory, seconds per command, Python search directories and named Pythons (one a line each), CHILD.
LC_ALL=C
export LC_ALL
unset LD_PRELOAD LD_LIBRARY_PATH PYTHONPATH PYTHONHOME NODE_OPTIONS BASH_ENV ENV 2>/dev/null
prefix=$1 setting=$2 limit=$3 directories=$4 named=$5 child=$6
search=$PATH:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
# The probe's own tools are the system's, whatever lies before them on the user's PATH.
PATH=/usr/bin:/bin:/usr/sbin:/sbin
export PATH
uid=$(id -u 2>/dev/null)
started=$(date +%s)
tab=$(printf '\t')
newline='
'
have() { command -v "$1" >/dev/null 2>&1; }
program() ( PATH=$search; found=$(command -v "$1" 2>/dev/null); case $found in /*) printf '%s\n' "$found" ;; *) exit 1 ;; esac )
# The first bytes of a regular file: whoever reads a pipe or a device may wait, and a file may be of any size.
first() { [ -f "$2" ] && head -c "$1" "$2" 2>/dev/null; }

# A value is one line, so that no file's text or name can pass for another key.
emit() { printf '%s\t' "$1"; printf '%s' "$2" | tr '\n\t\r' '   '; printf '\n'; }
# A file's last line may lack its end, and the next key would be taken for a part of it.
lines() { { cat; echo; } | sed -e '/^$/d' -e "s/^/$1$tab/" 2>/dev/null; }

if have timeout && timeout -s KILL 5 true 2>/dev/null; then
  # timeout leads a process group: what the command left behind in it goes too.
  limited() {
    timeout -s KILL "$limit" "$@" </dev/null &
    worker=$!
    wait "$worker"
    status=$?
    kill -9 "-$worker" 2>/dev/null
    return "$status"
  }
  reader() { timeout -s TERM "$((limit + 1))" dd bs=4096 count=16 2>/dev/null; }
elif have timeout && timeout -t 5 -s KILL true 2>/dev/null; then
  limited() { timeout -t "$limit" -s KILL "$@" </dev/null; }
  reader() { timeout -t "$((limit + 1))" -s TERM dd bs=4096 count=16 2>/dev/null; }
else
  # The guard's own output is closed, or whoever reads ours would wait for it.
  limited() {
    "$@" </dev/null &
    worker=$!
    (sleep "$limit"; kill -9 "$worker") >/dev/null 2>&1 &
    guard=$!
    wait "$worker"
    status=$?
    kill "$guard" 2>/dev/null
    return "$status"
  }
  reader() {
    {
      dd bs=4096 count=16 2>/dev/null <&3 &
      worker=$!
      (sleep "$((limit + 1))"; kill "$worker") >/dev/null 2>&1 3<&- &
      guard=$!
      wait "$worker"
      kill "$guard" 2>/dev/null
    } 3<&0
  }
fi
# The reader has a limit of its own, as a process that left the group may keep the pipe open.
said() { limited "$@" 2>&1 | reader | head -c 2000 2>/dev/null; }

# As root: sets why and fails when others can write what is on the way to a program, each link followed.
checked=' '
only_root() { # one path
  case $checked in *" $1 "*) return 0 ;; esac
  # mode, links, owner, group
  before=$IFS
  IFS=' '
  set -- "$1" $(ls -ldn "$1" 2>/dev/null | tr -s ' ' | cut -d ' ' -f 1-4)
  IFS=$before
  [ -n "$2" ] || { why="$1 cannot be examined"; return 1; }
  [ "$4" = 0 ] || { why="$1 belongs to uid $4"; return 1; }
  case $2 in
    l* | d????????[tT]*) ;;
    ????????w*) why="$1 is writable by everyone"; return 1 ;;
    ?????w*) if [ "$5" != 0 ] || [ "${2%+}" != "$2" ]; then why="$1 is writable by others (gid $5)"; return 1; fi ;;
  esac
  checked="$checked$1 "
}
trusted() {
  why=
  [ "$uid" = 0 ] || return 0
  case $1 in /*) ;; *) why="$1 is no absolute path"; return 1 ;; esac
  only_root / || return 1
  todo=$1 done= steps=0
  while [ -n "$todo" ]; do
    steps=$((steps + 1))
    [ "$steps" -le 200 ] || { why="$1 leads through too many links"; return 1; }
    part=${todo%%/*}
    case $todo in */*) todo=${todo#*/} ;; *) todo= ;; esac
    case $part in '' | .) continue ;; ..) done=${done%/*}; continue ;; esac
    only_root "$done/$part" || return 1
    if [ -h "$done/$part" ]; then
      target=$(readlink "$done/$part") || { why="$done/$part cannot be followed"; return 1; }
      case $target in /*) done= ;; esac
      todo=$target/$todo
    else
      done=$done/$part
    fi
  done
}
is_script() { [ "$(head -c 2 "$1" 2>/dev/null)" = '#!' ]; }
# The same for what a script is run by.
interpreted() {
  is_script "$1" || return 0
  named_by=$(head -c 256 "$1" 2>/dev/null | sed -n '1s/^#![[:space:]]*\([^[:space:]]*\).*/\1/p')
  case $named_by in /*) trusted "$named_by" ;; esac
}
# Emits what a program prints; why not, when it was not started.
ask() { # key, program, arguments
  key=$1
  shift
  if [ "$(($(date +%s) - started))" -gt "$((limit * 8))" ]; then
    emit "${key%_says}_not_started" "$1 was not started, since the programs before it took all the time there is."
  elif trusted "$1" && interpreted "$1"; then
    emit "$key" "$(said "$@")"
  else
    emit "${key%_says}_not_started" "$1 was not started as root, since $why."
  fi
}

emit begin faiss-fleet-probe
emit kernel "$(uname -r 2>/dev/null)"
emit arch "$(uname -m 2>/dev/null)"
emit user "$(id -un 2>/dev/null)"
emit uid "$(id -u 2>/dev/null)"
emit home "$HOME"
emit boot_id "$(first 64 /proc/sys/kernel/random/boot_id)"
emit machine_id "$(first 64 /etc/machine-id)"
emit root_directory "$(stat -c %d:%i / 2>/dev/null)"
for file in /etc/os-release /usr/lib/os-release; do
  if first 65536 "$file" | grep -q '^[[:space:]]*[^#]*ID='; then first 65536 "$file" | head -n 200 | lines os_release; break; fi
done
for file in /etc/centos-release /etc/redhat-release; do
  if [ -s "$file" ]; then emit old_release "$(first 1000 "$file" | head -n 1)"; break; fi
done
grep -m 1 '^MemTotal:' /proc/meminfo 2>/dev/null | lines meminfo
# Each different line once: 200 processors say the same 200 times.
grep -E '^(model name|flags|Features)' /proc/cpuinfo 2>/dev/null | sort -u | head -n 20 | lines cpuinfo
emit cpu_count "$(grep -c '^processor' /proc/cpuinfo 2>/dev/null)"
head -n 2000 /proc/mounts 2>/dev/null | lines mount
mounts=$(grep -c '' /proc/mounts 2>/dev/null)
if [ "${mounts:-0}" -gt 2000 ]; then emit capped_filesystems "Only the first 2000 of the $mounts mounts were read, so a place may be on another one."; fi

for path in /lib/ld-musl-*.so.1 /lib64/ld-linux*.so.* /lib/ld-linux*.so.* /lib64/ld64.so.* /lib/ld64.so.*; do
  [ -e "$path" ] || continue
  emit loader "$path"
  emit loader_real "$(readlink -f "$path" 2>/dev/null)"
  ask loader_says "$path" --version
done
# PT_INTERP is the first string of that shape in a program.
for path in /bin/sh /bin/ls /usr/bin/env /usr/bin/getconf /usr/bin/ssh /usr/bin/id /bin/bash; do
  [ -r "$path" ] || continue
  named_loader=$(head -c 16384 "$path" 2>/dev/null | tr -c 'A-Za-z0-9_./-' '\n' 2>/dev/null | grep -m 1 '^/.*/ld[-0-9a-z].*\.so')
  if [ -n "$named_loader" ]; then
    emit interpreter "$path"
    emit interpreter_names "$named_loader"
    break
  fi
done
path=$(program getconf) && ask getconf "$path" GNU_LIBC_VERSION
if path=$(program ldd); then
  if trusted "$path" && interpreted "$path"; then emit ldd "$(said "$path" --version | head -n 2 | tr '\n' '~')"
  else emit ldd_not_started "$path was not started as root, since $why."; fi
fi

library() { # key, soname, pattern of version names
  for directory in /lib64 /usr/lib64 "/lib/$(uname -m)-linux-gnu" "/usr/lib/$(uname -m)-linux-gnu" /lib /usr/lib /usr/local/lib64 /usr/local/lib; do
    if [ -r "$directory/$2" ]; then
      emit "$1" "$directory/$2"
      first 67108864 "$directory/$2" | tr -cs 'A-Za-z0-9_.' '\n' 2>/dev/null | grep -E "^($3)_[0-9.]+\$" | sort -u | head -n 200 | lines "$1_version"
      return
    elif [ -e "$directory/$2" ]; then
      emit "$1_unreadable" "$directory/$2"
    fi
  done
}
library libc libc.so.6 GLIBC
library libstdcxx libstdc++.so.6 'GLIBCXX|CXXABI'
# Not OMP_*: the string table keeps OMP_5.1 as the tail of GOMP_5.1, so it cannot be seen there.
library libgomp libgomp.so.1 GOMP
library libgcc libgcc_s.so.1 GCC
library libz libz.so.1 ZLIB
library libatomic libatomic.so.1 LIBATOMIC

python() { # path, named
  emit python "$1"
  emit python_named "$2"
  emit python_real "$(readlink -f "$1" 2>/dev/null)"
  # Its line is passed on unchanged but for tabs: it holds the fields' own separator.
  root=$(dirname "$(dirname "$(readlink -f "$1" 2>/dev/null || echo "$1")")")
  # It runs code of its library, so that has to be as safe as the program.
  for library in "$root"/lib/python[0-9]* "$root"/lib64/python[0-9]* "$root"/lib/libpython* "$root"/lib64/libpython* \
      "$root/pyvenv.cfg"; do
    if [ -e "$library" ] && ! trusted "$library"; then
      emit python_not_started "$1 was not started as root, since $why."
      return
    fi
  done
  ask python_says "$1" -S -E -B -c "$child"
  for site in "$root"/lib*/python*/site-packages "$root"/lib*/python*/dist-packages /usr/local/lib*/python*/site-packages \
      /usr/local/lib*/python*/dist-packages /usr/lib/python3/dist-packages "$HOME"/.local/lib/python*/site-packages; do
    for entry in "$site"/pip-*-info "$site"/numpy-*-info "$site"/faiss*-info "$site"/faiss; do
      [ -e "$entry" ] && emit python_package "$entry"
    done
  done
}
seen=$newline
count=0
try_python() {
  [ -f "$1" ] && [ -x "$1" ] || return
  real=$(readlink -f "$1" 2>/dev/null || echo "$1")
  case $seen in *"$newline$real$newline"*) return ;; esac
  [ "$2" = yes ] || ! is_script "$1" || return
  seen=$seen$real$newline
  count=$((count + 1))
  if [ "$count" -le 16 ]; then python "$1" "$2"; else emit capped_pythons "$1 and others were left out, as there are more than 16."; fi
}
ifs=$IFS
IFS=$newline
set -f
for path in $named; do
  set +f
  if [ -e "$path" ]; then try_python "$path" yes; else emit python "$path"; emit python_named yes; fi
done
IFS=:$newline
for directory in $directories:$search; do
  set +f
  IFS=$newline
  for path in $directory/python[0-9].[0-9]* $directory/python[0-9] $directory/python $directory/platform-python; do
    case ${path##*/} in *[!a-z0-9.-]* | *-config | *-gdb*) continue ;; esac
    try_python "$path" no
  done
done
for path in /usr/libexec/platform-python /opt/*/bin/python[0-9].[0-9]* /opt/*/bin/python[0-9] /opt/*/bin/python \
    /opt/rh/*/root/usr/bin/python[0-9]* "$HOME"/.pyenv/versions/*/bin/python; do
  case ${path##*/} in *-config | *-gdb*) continue ;; esac
  try_python "$path" no
done

seen=$newline
for path in $(program node) /usr/local/bin/node /usr/bin/node /opt/*/bin/node /opt/rh/*/root/usr/bin/node \
    "$HOME"/.nvm/versions/node/*/bin/node; do
  [ -f "$path" ] && [ -x "$path" ] || continue
  real=$(readlink -f "$path" 2>/dev/null || echo "$path")
  case $seen in *"$newline$real$newline"*) continue ;; esac
  seen=$seen$real$newline
  emit node "$path"
  ask node_says "$path" --version
  for package in "${path%/bin/node}/lib/node_modules/npm/package.json" /usr/share/nodejs/npm/package.json; do
    if [ -r "$package" ]; then emit node_npm "$(first 65536 "$package" | grep -m 1 '"version"')"; break; fi
  done
done
for path in /opt/conda /opt/*conda* /opt/*forge* "$HOME"/*conda* "$HOME"/*forge*; do
  [ -d "$path/conda-meta" ] && [ -x "$path/bin/conda" ] || continue
  for record in "$path"/conda-meta/conda-[0-9]*.json; do [ -e "$record" ] && emit conda "$record"; done
done
IFS=$ifs

for name in podman docker; do
  path=$(program "$name") || continue
  if [ "$name" = docker ] && is_script "$path"; then continue; fi
  emit engine "$path"
  ask engine_says "$path" --version
done
for name in crun runc conmon newuidmap newgidmap; do program "$name" >/dev/null && emit helper "$name"; done
for path in /usr/libexec/podman/conmon /usr/lib/podman/conmon; do [ -x "$path" ] && emit helper conmon; done
for file in /etc/subuid /etc/subgid; do
  [ -r "$file" ] && grep -q -e "^$(id -un 2>/dev/null):" -e "^$uid:" "$file" 2>/dev/null && emit helper "$file"
done
if path=$(program docker) && [ -S /var/run/docker.sock ]; then
  ask docker_server "$path" version --format '{{.Server.Version}}'
fi

if path=$(program gcc); then
  emit gcc "$path"
  ask gcc_says "$path" -dumpfullversion -dumpversion
fi
for path in /opt/rh/*toolset-*/root/usr/bin/gcc; do
  [ -x "$path" ] || continue
  emit devtoolset "$path"
  ask devtoolset_says "$path" -dumpfullversion -dumpversion
done
for name in cmake3 cmake; do
  path=$(program "$name") || continue
  emit cmake "$path"
  ask cmake_says "$path" --version
  break
done

directory() { # purpose, path
  emit directory "$1"
  emit directory_path "$2"
  near=$2
  while [ ! -d "$near" ] && [ "$near" != / ] && [ -n "$near" ]; do near=$(dirname "$near"); done
  emit directory_existing "$near"
  if [ "$near" != "$2" ]; then
    way=$2
    while [ "$way" != / ] && [ "$(dirname "$way")" != "$near" ]; do way=$(dirname "$way"); done
    if [ -e "$way" ] || [ -h "$way" ]; then emit directory_in_the_way "$way"; fi
  fi
  emit directory_real "$(cd "$near" 2>/dev/null && pwd -P)"
  if [ -w "$near" ] && [ -x "$near" ]; then emit directory_writable yes; else emit directory_writable no; fi
  emit directory_df "$(said df -Pk "$near" | tail -n 1)"
}
directory prefix "$prefix"
directory tmp "${TMPDIR:-/tmp}"
directory setting "$setting"

# Compares the size and time of every file with the list that the prefix came with. Python writes *.pyc again by itself.
damage() { # prefix
  list=$1/manifest-files.json
  if [ -e "$1/damaged.txt" ]; then first 1000 "$1/damaged.txt" | head -n 1
  elif [ ! -r "$list" ]; then echo "manifest-files.json cannot be read"
  elif ! have awk || ! have find || ! stat -c %s / >/dev/null 2>&1; then return 1
  else
    {
      first 67108864 "$list"
      printf '\n=\n'
      (cd "$1" && find . -type f -exec stat -c '%s %Y %n' {} + 2>/dev/null)
    } | awk '
      /^=$/ { there = 1; next }
      !there && /^ "/ { file = $0; sub(/^ "/, "", file); sub(/": [{]$/, "", file); next }
      !there && /^  "size":/ { if (file !~ /\\/) size[file] = $2 + 0; next }
      !there && /^  "mtime":/ { time[file] = $2 + 0; next }
      !there { next }
      {
        file = $0
        sub(/^[0-9]+ [0-9]+ [.]\//, "", file)
        if (file in size) {
          if (file ~ /[.]pyc$/) { delete size[file]; next }
          if ($1 != size[file]) { print file ": has " $1 " bytes and should have " size[file]; said = 1; exit }
          if (file in time && $2 != time[file]) { print file ": was written after it was installed"; said = 1; exit }
          delete size[file]
        }
      }
      END { if (!said) for (file in size) { print file ": No such file or directory"; exit } }'
  fi
}
for path in "$prefix"/*/*; do
  [ -d "$path" ] && [ ! -h "$path" ] || continue
  emit prefix "$path"
  trusted "$path" || emit prefix_untrusted "$why"
  if harm=$(damage "$path"); then emit prefix_damage "$harm"
  else emit prefix_unchecked "$path was not compared with its list of files: there is no awk, find or stat that can."; fi
  if [ -r "$path/manifest.json" ]; then emit prefix_digest "$(first 16777216 "$path/manifest.json" | grep -m 1 '"digest"' | head -c 1000)"; fi
done

if [ -r /sys/fs/selinux/enforce ]; then emit selinux_enforce "$(cat /sys/fs/selinux/enforce)"
elif [ -r /selinux/enforce ]; then emit selinux_enforce "$(cat /selinux/enforce)"; fi
grep -E '^SELINUX(TYPE)?=' /etc/selinux/config 2>/dev/null | lines selinux_config
emit end faiss-fleet-probe
