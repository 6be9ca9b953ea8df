#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# Train the embedded model on a machine with a GPU, within ten minutes, from a checkout of this repository:
#   training/on_a_card.sh DATA OUT
# DATA holds folders of real frames (image/, depth/), all of which are trained on; '' takes the simulated cell alone.
# OUT receives pieces of at most 15 MiB: cat OUT/model.tar.gz.* | tar -xz
# The same call resumes what was stopped (exit code 124), from WORK or, where that is gone, from pieces of OUT/run.tar.gz.
#   training/on_a_card.sh --dry-run DATA OUT    the same on a CPU, in seconds: nothing that is worth keeping comes out
#
# What may be set: MINUTES (9) from the start to the end of training, RECIPE, INIT (network folder to begin with),
# WORK (runs/card: frames and checkpoints), WHEELS (folder of wheels where nothing can be downloaded), PYTHON.
set -euo pipefail

dry=()
if [ "${1:-}" = --dry-run ]; then
  dry=(--dry-run)
  shift
fi
if [ $# -ne 2 ]; then
  echo "usage: $0 [--dry-run] DATA OUT" >&2
  exit 2
fi
if [ -n "$1" ] && [ ! -d "$1" ]; then
  echo "$1 is no folder: name one that holds folders of real frames, or '' for the simulated cell alone" >&2
  exit 2
fi
data=${1:+$(realpath "$1")}
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
work=${WORK:-runs/card}
minutes=${MINUTES:-9}
export PYTHONPATH=$PWD${PYTHONPATH:+:$PYTHONPATH}

# Only what is missing is installed: a machine with a GPU brings its own torch, and numpy with it.
missing=$("$python" - 2>/dev/null <<'END'
import torch
from importlib.util import find_spec

PACKAGES = {'cv2': 'opencv-python-headless', 'yaml': 'PyYAML', 'PIL': 'pillow'}
for name in ('numpy', 'cv2', 'yaml', 'PIL', 'tqdm', 'matplotlib', 'safetensors', 'mujoco'):
    if find_spec(name) is None:
        print(PACKAGES.get(name, name))
END
) || {
  echo "$python has no torch, which has to suit the card: install it, or name another Python by PYTHON=..." >&2
  exit 2
}
if [ -n "$missing" ]; then
  mapfile -t missing <<<"$missing"
  echo "installing ${missing[*]}"
  if [ -n "${WHEELS:-}" ]; then
    "$python" -m pip install --quiet --no-index --find-links "$WHEELS" "${missing[@]}"
  else
    "$python" -m pip install --quiet "${missing[@]}"
  fi
fi

# Without a display OpenGL comes from EGL, or from Mesa's software.
choose_renderer() {
  local name
  for name in ${MUJOCO_GL:-egl osmesa}; do
    if MUJOCO_GL=$name "$python" -c 'import mujoco; mujoco.GLContext(64, 48).make_current()' 2>/dev/null; then
      export MUJOCO_GL=$name
      return
    fi
  done  # promptda train says what is missing
}

# Pieces, so that also a place that takes small files only gets everything.
pack() {
  local name=$1
  shift
  rm -f "$out/$name.tar.gz".*
  tar -cz "$@" | split --bytes=15M --numeric-suffixes - "$out/$name.tar.gz."
}

choose_renderer
if [ ! -f "$work/recipe.yaml" ] && compgen -G "$out/run.tar.gz.*" >/dev/null; then
  mkdir -p "$work"
  cat "$out"/run.tar.gz.* | tar -xz -C "$work"
fi
folders=()
[ -z "$data" ] || for folder in "$data"/*/; do folders+=("$folder"); done
grace=30
[ ${#dry[@]} -eq 0 ] || grace=600  # nobody waits for a machine
seconds=$("$python" -c "import sys; print(round(60 * float(sys.argv[1])) + int(sys.argv[2]))" "$minutes" "$grace")
code=0
# Beyond its minutes the run is stopped as by a service manager: between two steps, with a checkpoint.
timeout --signal=TERM --kill-after=60 "$seconds" "$python" training/on_a_card.py \
  "${RECIPE:-training/promptda-tiny.yaml}" --work "$work" --minutes "$minutes" "${dry[@]}" \
  ${folders[@]+--data "${folders[@]}"} ${INIT:+--init "$INIT"} || code=$?
if [ -d "$work/run/model" ]; then
  pack model -C "$work/run" model
  rm -f "$out"/run.tar.gz.*
elif [ -f "$work/run/last.safetensors" ]; then
  pack run -C "$work" recipe.yaml run
  echo "not finished: the same command goes on, from $work or from $out/run.tar.gz.*"
elif [ $code -eq 124 ]; then
  echo "$minutes minutes did not do for a checkpoint: the same command goes on with what is rendered in $work" >&2
fi
for file in log.csv curves.png; do
  [ ! -f "$work/run/$file" ] || cp "$work/run/$file" "$out/"
done
exit $code
