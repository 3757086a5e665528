"""The shell that runs in the registry's pod: POSIX sh with find, stat, sed, tr, tail and head, as busybox
has them.

Nothing of a policy is ever put into a script's text: all of it arrives as arguments.
"""

from __future__ import annotations

_NEEDED = "find stat sed tr tail head mkdir mv rm cat sleep env"

_VALUES = (
    "REGISTRY_STORAGE REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR "
    "REGISTRY_HTTP_ADDR REGISTRY_HTTP_PREFIX REGISTRY_HTTP_TLS_CERTIFICATE"
)
"""None of them is a secret. Other REGISTRY_* variables leave the pod as names alone."""

INSPECT = f"""
for tool in {_NEEDED}; do command -v "$tool" >/dev/null 2>&1 || echo "missing $tool"; done
echo "binary $(command -v registry)"
env | sed -n 's/^\\(REGISTRY_[A-Z0-9_]*\\)=.*/name \\1/p'
for name in {_VALUES}; do eval "[ -n \\"\\${{$name+set}}\\" ] && echo \\"value $name=\\$$name\\""; done
registry --version 2>/dev/null | sed -n '1s/^/version /p'
found=
for file in "$@" "$REGISTRY_CONFIGURATION_PATH" $(tr '\\0' '\\n' </proc/1/cmdline | sed -n '/\\.ya*ml$/p') \\
    /etc/distribution/config.yml /etc/docker/registry/config.yml; do
  if [ -z "$found" ] && [ -f "$file" ]; then found=$file; fi
done
echo "config $found"
[ -z "$found" ] || {{ echo ---; cat "$found"; }}
"""
"""Arguments: paths of configuration files to try first. Prints facts, `---`, and the configuration."""

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
    if [ "$(tr '\\0' '\\n' <"$file" 2>/dev/null | sed -n 2p)" = garbage-collect ]; then
      pid=${file#/proc/}; echo "${pid%/cmdline}"
    fi
  done
}
"""
"""Finds the collector by its arguments: `registry garbage-collect ...`. A zombie has none."""

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
