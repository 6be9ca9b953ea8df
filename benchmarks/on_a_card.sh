#!/usr/bin/env bash
# SPDX-FileCopyrightText: 2026 promptda_ros contributors
# SPDX-License-Identifier: Apache-2.0
#
# Prove on a machine with a CUDA card what no other machine can: the tests marked gpu and those of the kernels, then
# the suite, from a checkout.
#   benchmarks/on_a_card.sh OUT [MINUTES]
# OUT receives tests.log, kernels.log, suite.log, gpu_suite.json, .md and .png; MINUTES (4) are the suite's.
#   benchmarks/on_a_card.sh --dry-run OUT [MINUTES]    the same on a CPU: tests are skipped, times say nothing
# Nothing is installed: PYTHON (python3) needs torch for the card and pytest, pytest-timeout, hypothesis; transformers and
# matplotlib for some rows and for the plot.
set -euo pipefail

device=(--device cuda:0)
if [ "${1:-}" = --dry-run ]; then
  device=(--device cpu --quick)
  shift
fi
if [ $# -lt 1 ] || [ $# -gt 2 ]; then
  echo "usage: $0 [--dry-run] OUT [MINUTES]" >&2
  exit 2
fi
mkdir -p "$1"
out=$(realpath "$1")
minutes=${2:-4}
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
export PYTHONPATH=$PWD:$PWD/pip_ros${PYTHONPATH:+:$PYTHONPATH}
export PYTHONUNBUFFERED=1 TQDM_DISABLE=1 HF_HUB_DISABLE_PROGRESS_BARS=1 HF_HUB_OFFLINE=1
failed=0

# These files only: others need ROS, or another version of transformers.
mapfile -t files < <(grep --recursive --files-with-matches --include='test_*.py' 'mark\.gpu' test)
timeout 180 "$python" -m pytest -p no:cacheprovider -q -m gpu --durations=5 "${files[@]}" 2>&1 \
  | tee "$out/tests.log" | tail -n 40 || failed=1
# They run on a card if there is one, elsewhere by Triton's interpreter.
if [ ${#device[@]} -eq 2 ]; then
  timeout 150 "$python" -m pytest -p no:cacheprovider -q test/core/fused 2>&1 \
    | tee "$out/kernels.log" | tail -n 40 || failed=1
fi
"$python" -m benchmarks.gpu_suite "${device[@]}" --minutes "$minutes" --out "$out/gpu_suite.json" 2>&1 \
  | tee "$out/suite.log" || failed=1
exit $failed
