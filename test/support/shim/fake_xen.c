// SPDX-License-Identifier: Apache-2.0
/*
 * Replaces Xen's grants and events for the real rings of a file server: the file THAW_TEST_MEMORY is the guest's
 * memory, with grant N as its page N, and a connection to the socket THAW_TEST_RINGS carries the events, each as the
 * port's number. Linked with --wrap for each function.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenevtchn.h>
#include <xengnttab.h>

#define PAGE 4096

static int memory = -1, events = -1;
static char handle;

xengnttab_handle *__wrap_xengnttab_open(struct xentoollog_logger *logger, unsigned flags);
int __wrap_xengnttab_close(xengnttab_handle *grants);
void *__wrap_xengnttab_map_grant_ref(xengnttab_handle *grants, uint32_t domid, uint32_t ref, int prot);
void *__wrap_xengnttab_map_domain_grant_refs(xengnttab_handle *grants, uint32_t count, uint32_t domid, uint32_t *refs,
                                             int prot);
xenevtchn_handle *__wrap_xenevtchn_open(struct xentoollog_logger *logger, unsigned flags);
int __wrap_xenevtchn_fd(xenevtchn_handle *channel);
xenevtchn_port_or_error_t __wrap_xenevtchn_bind_interdomain(xenevtchn_handle *channel, uint32_t domid,
                                                            evtchn_port_t port);
xenevtchn_port_or_error_t __wrap_xenevtchn_pending(xenevtchn_handle *channel);
int __wrap_xenevtchn_unmask(xenevtchn_handle *channel, evtchn_port_t port);
int __wrap_xenevtchn_notify(xenevtchn_handle *channel, evtchn_port_t port);

xengnttab_handle *__wrap_xengnttab_open(struct xentoollog_logger *logger, unsigned flags) {
  const char *path = getenv("THAW_TEST_MEMORY");

  (void)logger;
  (void)flags;
  memory = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  return memory < 0 ? NULL : (xengnttab_handle *)(void *)&handle;
}

int __wrap_xengnttab_close(xengnttab_handle *grants) {
  (void)grants;
  return close(memory);
}

void *__wrap_xengnttab_map_domain_grant_refs(xengnttab_handle *grants, uint32_t count, uint32_t domid, uint32_t *refs,
                                             int prot) {
  void *mapped = mmap(NULL, (size_t)count * PAGE, prot, MAP_SHARED, memory, (off_t)refs[0] * PAGE);

  (void)grants;
  (void)domid;
  /* the test's pages follow each other */
  for (uint32_t i = 1; i < count; i++)
    if (refs[i] != refs[0] + i) {
      errno = EINVAL;
      return NULL;
    }
  return mapped == MAP_FAILED ? NULL : mapped;
}

void *__wrap_xengnttab_map_grant_ref(xengnttab_handle *grants, uint32_t domid, uint32_t ref, int prot) {
  return __wrap_xengnttab_map_domain_grant_refs(grants, 1, domid, &ref, prot);
}

xenevtchn_handle *__wrap_xenevtchn_open(struct xentoollog_logger *logger, unsigned flags) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char *path = getenv("THAW_TEST_RINGS");

  (void)logger;
  (void)flags;
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path == NULL ? "" : path);
  events = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (events < 0 || connect(events, (struct sockaddr *)&address, sizeof address) != 0)
    return NULL;
  return (xenevtchn_handle *)(void *)&handle;
}

int __wrap_xenevtchn_fd(xenevtchn_handle *channel) {
  (void)channel;
  return events;
}

xenevtchn_port_or_error_t __wrap_xenevtchn_bind_interdomain(xenevtchn_handle *channel, uint32_t domid,
                                                            evtchn_port_t port) {
  (void)channel;
  (void)domid;
  return (xenevtchn_port_or_error_t)port;
}

xenevtchn_port_or_error_t __wrap_xenevtchn_pending(xenevtchn_handle *channel) {
  uint32_t port;

  (void)channel;
  return read(events, &port, sizeof port) == sizeof port ? (xenevtchn_port_or_error_t)port : -1;
}

int __wrap_xenevtchn_unmask(xenevtchn_handle *channel, evtchn_port_t port) {
  (void)channel;
  (void)port;
  return 0;
}

int __wrap_xenevtchn_notify(xenevtchn_handle *channel, evtchn_port_t port) {
  uint32_t number = port;

  (void)channel;
  return write(events, &number, sizeof number) == sizeof number ? 0 : -1;
}
