"""The shell that runs in the registry's pod: POSIX sh with find, stat, sed, tr, tail and head, as busybox
has them.

Nothing of a policy is ever put into a script's text: all of it arrives as arguments.
"""

from __future__ import annotations

NEEDED = ("find", "stat", "sed", "tr", "tail", "head", "mkdir", "mv", "rm", "cat", "sleep", "env")

CHOOSE_DIRECTORY = """
for base in "$@"; do
  if mkdir -p "$base/.regsweep" 2>/dev/null && : >"$base/.regsweep/probe" 2>/dev/null; then
    rm -f "$base/.regsweep/probe"; echo "$base/.regsweep"; exit 0
  fi
done
exit 1
"""
"""Arguments: directories in the order of preference. Prints the first in which files can be made."""

_SCAN = """
scan() {
  for file in /proc/[0-9]*/cmdline; do
    if [ -n "$(tr '\\0' '\\n' <"$file" 2>/dev/null |
        sed -n '2{/^garbage-collect$/p;};${/^_regsweep-removing$/p;}')" ]; then
      pid=${file#/proc/}; echo "${pid%/cmdline}"
    fi
  done
}
"""
"""Finds the collector by its arguments: `registry garbage-collect ...`, and what removes repositories by its last. A
zombie has none."""
REMOVING = "_regsweep-removing"
"""The last argument of REMOVE_EMPTY, by which it is found: no repository has such a name."""

SCAN = _SCAN + "scan\n"

START = """
dir=$1; shift
umask 077
rm -rf "${dir%/*}"/* && mkdir -p "$dir" || exit 71
(
  "$@" >"$dir/out" 2>"$dir/err" </dev/null &
  pid=$!
  echo "$pid" >"$dir/pid"
  wait "$pid"
  echo "$?" >"$dir/rc.new"
  mv "$dir/rc.new" "$dir/rc"
) >/dev/null 2>&1 </dev/null &
"""
"""Arguments: a directory, then the command. What earlier ones left beside it goes. It goes on when this exec
ends, whatever becomes of its connection."""

STATE = (
    _SCAN
    + """
dir=$1
state() {
  live=$(scan)
  if [ -f "$dir/rc" ]; then echo "ended $(cat "$dir/rc")" >&2; return 0; fi
  if [ -n "$live" ]; then echo running >&2; return 0; fi
  if [ ! -d "$dir" ]; then echo none >&2; return 0; fi
  return 1
}
state || { sleep 1; state; } || { sleep 2; state; } || echo dead >&2
[ ! -f "$dir/out" ] || tail -c "+$(($2 + 1))" "$dir/out" | head -c "$3"
"""
)
"""Arguments: directory, offset, count. Prints the state on stderr, and that part of the collector's
output."""

COMPLAINTS = 'tail -c 4096 "$1/err" 2>/dev/null\n'
"""Argument: directory. The last of what the collector said on stderr."""

TRACE = """
cd "$1/repositories" 2>/dev/null || exit 0
bad() {
  find . -path "*/_manifests/tags" -prune -o -path "*/$1/*" -type f -name link -exec \\
    grep -LE '^[a-z0-9+.-]+:[0-9a-f]{64,128}$' {} + | head -n 20
}
case $2 in
links)
  found=$(bad _manifests/revisions)
  [ -n "$found" ] || found=$(bad _layers)
  echo "$found" ;;
manifest)
  find . -type f -path "*/_manifests/revisions/sha256/$3/link" | head -n 20
  find . -type f -path '*/_manifests/tags/*/current/link' -exec grep -l "^sha256:$3" {} + | head -n 20 ;;
esac | sed 's/^\\.\\///'
"""
"""Arguments: the store, what is sought, and a digest's hexadecimal digits. Prints paths below `repositories`, at most
20 of a kind: links that hold no digest, or the links of a manifest."""

UNSEEN = """
cd "$1/repositories" 2>/dev/null || exit 0
find . -type d \\( -name _layers -o -name _uploads \\) -prune -o -type d -name _manifests -prune -print |
  while read -r held; do
    [ -d "${held%/*}/_layers" ] && continue
    [ -z "$(find "$held/revisions" -type f -name link 2>/dev/null | head -n 1)" ] || echo "${held%/*}"
  done | sed 's/^\\.\\///' | head -n 20
"""
"""Argument: the store. Prints repositories that hold manifests and have no `_layers`: Distribution 2.8 neither lists
nor marks them, and sweeps what they hold."""

_EMPTY = """
nothing() { names=$(ls -A "$1") && [ -z "$names" ]; }
empty() {
  for part in "$1/_uploads" "$1/_manifests/tags"; do
    [ ! -e "$part" ] || nothing "$part" || return 1
  done
  [ ! -e "$1/_manifests" ] || { files=$(find "$1/_manifests" ! -type d) && [ -z "$files" ]; }
}
"""
"""No tag, no link, no open upload. What cannot be read is not empty."""

LIST_EMPTY = (
    _EMPTY
    + """
cd "$1/repositories" 2>/dev/null || exit 0
find . -type d \\( -name _manifests -o -name _layers -o -name _uploads \\) -prune -print |
  sed 's/^\\.\\///;s/\\/_[a-z]*$//' | sort -u |
  while read -r name; do if empty "$name" 2>/dev/null; then echo "$name"; fi; done
"""
)
"""Argument: the store. Prints the names of its empty repositories."""

REMOVE_EMPTY = (
    _EMPTY
    + """
cd "$1/repositories" || exit 1
trash=$1/_regsweep-trash
rm -rf "$trash" && mkdir "$trash" || exit 1
shift
for name in "$@"; do
  [ -d "$name" ] && empty "$name" || continue
  for part in _manifests _uploads _layers; do
    [ ! -e "$name/$part" ] || mv "$name/$part" "$trash/" || exit 1
  done
  rm -rf "$trash"/*
  rmdir -p "$name" 2>/dev/null
  echo "$name"
done
rm -rf "$trash"
"""
)
"""Arguments: the store, names of repositories, and REMOVING. Looks again at each, and prints what it removed. Each part
goes at once, `_layers` last, so that a repository is whole or gone whenever this ends; repositories below one stay."""

REDIS = """
command -v nc >/dev/null 2>&1 || exit 127
{
  if [ -n "$REGISTRY_REDIS_PASSWORD" ]; then
    set -- "$1" "$2" "$3" "$REGISTRY_REDIS_PASSWORD"
    [ -z "$3" ] && printf '*2\\r\\n' || printf '*3\\r\\n'
    printf '$4\\r\\nAUTH\\r\\n'
    [ -z "$3" ] || printf '$%s\\r\\n%s\\r\\n' "$(printf %s "$3" | wc -c)" "$3"
    printf '$%s\\r\\n%s\\r\\n' "$(printf %s "$4" | wc -c)" "$4"
  fi
  cat
} | nc -w 20 "$1" "$2"
"""
"""Arguments: host, port, user name. Stdin: what to say to Redis. A password that is a variable of the registry does not
leave the pod: the login is said here. Prints what Redis says."""

STOP = (
    _SCAN
    + """
for pid in $(scan); do kill -KILL "$pid"; done
for try in 1 2 3 4 5; do
  left=$(scan)
  [ -n "$left" ] || break
  sleep 1
done
echo "$left"
"""
)
"""Ends every collector in this container; killing it is safe at any moment. Prints those that would not
go."""

MEASURE = """
[ -d "$1" ] || { echo 0; exit 0; }
find "$1" -type f -name data -exec stat -c %s {} + |
  { sum=0; while read -r size; do sum=$((sum + size)); done; echo "$sum"; }
"""
"""Argument: the directory of the blobs. Prints the sum of the sizes of all blobs, in bytes."""
