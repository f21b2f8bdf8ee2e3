// SPDX-License-Identifier: Apache-2.0
// Includes Xen's C headers in the one order that compiles as C++: xenctrl.h first, since it asks for the tools-only
// parts of the public headers.
#pragma once

extern "C" {
#include <xenctrl.h>

#include <libxl.h>
#include <libxl_event.h>
#include <libxl_utils.h>
#include <xentoollog.h>
}
