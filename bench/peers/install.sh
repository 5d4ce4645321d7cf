#!/bin/sh
# Installs what `npm run bench -- --peers` compares with, beside this file: wllama in two versions, and llama.cpp as node-llama-cpp's
# prebuilt binary. Some 750 MB, most of it builds for graphics processors that the bench does not use. Chromium comes from the system.
set -e
cd "$(dirname "$0")"
NODE_LLAMA_CPP_SKIP_DOWNLOAD=true npm install --ignore-scripts --no-package-lock --no-audit --no-fund
