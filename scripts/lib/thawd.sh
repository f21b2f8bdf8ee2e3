#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Starts thawd. Installed as /usr/sbin/thawd.
exec node /usr/lib/thaw/dist/toolstack/daemon/main.js "$@"
