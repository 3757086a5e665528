#!/bin/sh
# A configuration file, a registry command and any other command all do what their author means.
set -e
case "$1" in
  *.yaml | *.yml) set -- registry serve "$@" ;;
  garbage-collect | help | serve | -*) set -- registry "$@" ;;
esac
exec "$@"
