#!/bin/sh
# Compile the locks: one resolution for everything, and each lock a part of it. No lock names a host.
set -eu
cd "$(dirname "$0")/.."
uv=$1
compile() {
  output=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --override requirements/overrides.txt "$@" pyproject.toml -o "requirements/$output"
}
compile dev.txt --all-extras
compile run.txt --extra embedded --extra build --constraint requirements/dev.txt
compile base.txt --extra build --constraint requirements/dev.txt
echo uv | "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --constraint requirements/dev.txt - -o requirements/uv.txt
