#!/bin/sh
# Installs, in this folder, the programs that `npm run bench -- --peers` compares with: two versions of wllama, and
# llama.cpp as node-llama-cpp's prebuilt binary. This takes about 750 MB, most of it for graphics processors, which
# the bench does not use. Chromium is not installed here; the bench uses the system's.
set -e
cd "$(dirname "$0")"
NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install --ignore-scripts --no-package-lock --no-audit --no-fund
