"""The shell that reads a store in the registry's pod: POSIX sh with find, xargs, stat, grep, sed and tr, as busybox has
them.

It changes nothing. Names of repositories and tags are never a part of a script's text: they come from the disk, or on
standard input, which ends with the lines `ended 0` and `end`. What a script prints is read by `listing` and `contents`,
and by nobody else; `directory` prints the same.
"""

from __future__ import annotations

NEEDED = ("find", "xargs", "stat", "grep", "sed", "tr", "cat", "date")

REPOSITORIES = "docker/registry/v2/repositories"
BLOBS = "docker/registry/v2/blobs/sha256"

_LOOK = r"""
LC_ALL=C; export LC_ALL
links= files= said=0
odd() { printf "%s " "$1"; printf %s "$2" | tr -c "A-Za-z0-9._/-" "?"; echo; said=$((said + 1)); }
for path; do
  case $path in
    "ended "*) echo "$path" ;;
    *[!A-Za-z0-9._/-]*)
      if [ -d "$path/_manifests" ] || [ -d "$path/_layers" ]; then odd I "$path"; else odd F "$path"; fi ;;
    *)
      if [ -L "$path" ]; then odd L "$path"
      elif [ -d "$path" ]; then echo "D $path"; said=$((said + 1))
      elif [ -f "$path" ]; then
        files="$files $path"
        case $path in */current/link) links="$links $path" ;; esac
      elif [ -e "$path" ]; then odd F "$path"
      else odd - "$path"
      fi ;;
  esac
done
[ -z "$links" ] || grep -aH "^sha256:[0-9a-f]\{64\}$" $links
[ -z "$files" ] || stat -c "S %Y %s %n" $files
show=$files
set -- $files
echo "+ $((said + $#))"
"""
"""Arguments: paths, then `ended CODE`. Contents are read before times: a tag that is pushed meanwhile looks younger
than it is, never older."""

_SHOW = _LOOK + '[ -z "$show" ] || cat $show\necho\n'

_HERE = """
cd "$1/$2" || exit 69
echo "store 1 $(date +%s)"
"""
_PATHS = "paths=$(sed '/^ended /q')\nprintf '%s\\n' \"$paths\" | tr '\\n' '\\0'"
"""All of the input is read before the first output: nobody ever waits for the other. busybox's sed reads a line ahead,
so that one more has to follow."""
_MANY, _FEW = "xargs -0 -n 400 sh -c", "xargs -0 -n 50 sh -c"
"""busybox's xargs takes less at once where paths are long."""
_APART = r"\( -name _layers -o -name _uploads \) ! -path '*/_manifests/*' -prune"

_EMPTY = r"store 1 %s\nended 0\n+ 0\ntags 0\nended 0\n+ 0\nrevisions 0\nend\n"

LIST = rf"""look='{_LOOK}'
[ -d "$1/$2" ] || {{ [ -d "$1" ] && printf '{_EMPTY}' "$(date +%s)"; exit; }}
{_HERE}
tags() {{
  find . -name _layers ! -path '*/_manifests/*' -prune -print0 -o {_APART} \
    -o -name '*[!A-Za-z0-9._-]*' -prune -print0 \
    -o -type l -print0 \
    -o -path '*/_manifests/revisions' -prune \
    -o -path '*/_manifests/tags/*/index' -type d -prune \
    -o -path '*/_manifests/tags/*/current' -type d \
    -o -path '*/_manifests/tags/*' -print0 \
    -o -name _manifests -print0 \
    -o ! -type d -print0
}}
revisions() {{
  find . {_APART} \
    -o -name '*[!A-Za-z0-9._-]*' -prune \
    -o -path '*/_manifests/tags' -prune \
    -o -path '*/_manifests/revisions/*' ! -type d -print0
}}
for pass in tags revisions; do
  {{ $pass; printf 'ended %s\0' "$?"; }} | {_MANY} "$look" look
  echo "$pass $?"
done
echo end
"""
"""Tags first, then revisions: the manifest of a tag that was listed was there before the tag. A registry into which
nobody has pushed has no folder of repositories yet."""

LOOK = f"""look='{_LOOK}'
{_HERE}
{_PATHS} | {_MANY} "$look" look
echo "look $?"
echo end
"""
"""Input: paths. What is there of them now."""

SHOW = f"""look='{_SHOW}'
{_HERE}
{_PATHS} | {_FEW} "$look" look
echo "look $?"
echo end
"""
"""Input: paths. After the count of each batch come the bytes of its files, one behind the other, and a line feed."""

TRACES = f"""LC_ALL=C TZ=UTC0; export LC_ALL TZ
{_HERE}
find "./$3" -exec sh -c 'stat -c "%y %n" "$@" 2>/dev/null; :' sh {{}} +
echo "find $?"
echo end
"""
"""Third argument: a folder. When it, and everything in it, was last written, to the nanosecond where the file system
and stat know it. What goes meanwhile is left out."""
