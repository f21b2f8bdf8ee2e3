// SPDX-License-Identifier: Apache-2.0
/*
 * Receives layers over the data channel into files of a ramfs, so that a layer needs no device. EROFS mounts such a
 * file directly. tmpfs lacks the function that EROFS needs (read_folio).
 */
#define _GNU_SOURCE
#include "rootfs/layer.h"

#include "base/log.h"
#include "base/options.h"
#include "process/data_channel.h"
#include "transport/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

static const char prefix[] = "layer-";

static struct {
  uint64_t left;
  bool is_known;
  int error; /* errno of the failure */
} layers[THAW_LAYERS_MAX + 1];
static void (*layers_changed)(void);
static int coming = -1; /* file of the layer that is being received */
static uint32_t coming_number;

static void folder(char path[AGENT_PATH_MAX]) {
  agent_path(path, "%s/layers", agent_options.run);
}

void agent_layer_path(char path[AGENT_PATH_MAX], uint32_t number) {
  agent_path(path, "%s/layers/%u", agent_options.run, number);
}

/* Mounts the ramfs when the first layer comes. */
static bool make_folder(void) {
  static bool is_there;
  char path[AGENT_PATH_MAX];

  folder(path);
  if (is_there)
    return true;
  is_there = agent_path_make(path) &&
             (!agent_store_is_real() || mount("ramfs", path, "ramfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0);
  return is_there;
}

static void stop(int error) {
  layers[coming_number].error = error;
  if (error != 0)
    agent_log("layer %u: not kept: %s", coming_number, strerror(error));
  close(coming);
  coming = -1;
  layers_changed();
}

static bool begin(uint32_t number, const struct thaw_frame *header, const uint8_t *payload) {
  char path[AGENT_PATH_MAX];
  uint64_t size;

  if (header->length != sizeof size || layers[number].is_known || coming >= 0)
    return false;
  memcpy(&size, payload, sizeof size);
  if (size == 0)
    return false;
  layers[number].is_known = true;
  layers[number].left = size;
  agent_layer_path(path, number);
  coming_number = number;
  if (make_folder())
    coming = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
  if (coming < 0) {
    layers[number].error = errno;
    layers_changed();
  }
  return true;
}

static bool add(uint32_t number, const uint8_t *bytes, uint32_t length) {
  if (!layers[number].is_known || length == 0 || length > layers[number].left)
    return false;
  layers[number].left -= length;
  /* after a failure the rest must still be received */
  while (length > 0 && layers[number].error == 0) {
    ssize_t put = write(coming, bytes, length);

    if (put < 0 && errno == EINTR)
      continue;
    if (put <= 0) {
      stop(put < 0 ? errno : ENOSPC);
      return true;
    }
    bytes += put;
    length -= (uint32_t)put;
  }
  if (layers[number].left == 0 && coming >= 0 && coming_number == number)
    stop(0);
  return true;
}

static bool take(const struct thaw_frame *header, const uint8_t *payload) {
  if (header->id < 1 || header->id > THAW_LAYERS_MAX)
    return false;
  if (header->arg == THAW_LAYER_SIZE)
    return begin(header->id, header, payload);
  return header->arg == THAW_LAYER_BYTES && add(header->id, payload, header->length);
}

uint32_t agent_layer_number(const char *name) {
  const char *digits = name + sizeof prefix - 1;
  char *end;
  unsigned long number;

  if (strncmp(name, prefix, sizeof prefix - 1) != 0 || *digits < '1' || *digits > '9')
    return 0;
  number = strtoul(digits, &end, 10);
  return *end == '\0' && number <= THAW_LAYERS_MAX ? (uint32_t)number : 0;
}

enum agent_layer_state agent_layer_state(uint32_t number) {
  if (layers[number].error != 0) {
    errno = layers[number].error;
    return AGENT_LAYER_FAILED;
  }
  return layers[number].is_known && layers[number].left == 0 ? AGENT_LAYER_COMPLETE : AGENT_LAYER_COMING;
}

static void client_lost(void) {
  if (coming >= 0)
    stop(ECONNRESET);
}

void agent_layer_init(void (*changed)(void)) {
  static const struct agent_data_layers hooks = {.take = take, .client_lost = client_lost};

  layers_changed = changed;
  agent_data_take_layers(&hooks);
}
