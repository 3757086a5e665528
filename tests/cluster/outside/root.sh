#!/bin/bash
# root.sh TREE [SOURCE:TARGET...] -- COMMAND...
# In a private mount namespace: makes TREE the root, with the machine's /dev and /sys, a /proc of its own and each SOURCE
# (a folder or a file) at TARGET, then becomes COMMAND. A real root and not a chroot: container runtimes refuse those.
set -e
cd "$1"; shift
mount --bind . "$PWD"; cd "$PWD"
mount --rbind /dev dev; mount --rbind /sys sys; mount -t proc proc proc
while [ "$1" != -- ]; do
  source=${1%%:*} target=.${1#*:}
  if [ -d "$source" ]; then mkdir -p "$target"; else mkdir -p "${target%/*}"; [ -e "$target" ] || : > "$target"; fi
  mount --bind "$source" "$target"; shift
done
shift
mkdir -p .old; pivot_root . .old; umount -l /.old; cd /
exec "$@"
