// SPDX-License-Identifier: Apache-2.0
/*
 * vchan-sink DOMID BYTES COUNT: receives the data of vchan-source, and prints the nanoseconds that BYTES took, COUNT
 * times.
 */
#include <libxenvchan.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define TRIES 2000
#define PAUSE_US 5000

static long long now(void) {
  struct timespec time;

  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static int take(struct libxenvchan *vchan, long long bytes) {
  static char buffer[65536];

  while (bytes > 0) {
    int n = libxenvchan_read(vchan, buffer, bytes < (long long)sizeof buffer ? (size_t)bytes : sizeof buffer);

    if (n <= 0)
      return -1;
    bytes -= n;
  }
  return 0;
}

int main(int argc, char **argv) {
  struct libxenvchan *vchan = NULL;
  char path[64];
  int domid, status = 1;

  if (argc != 4) {
    fprintf(stderr, "usage: vchan-sink DOMID BYTES COUNT\n");
    return 2;
  }
  domid = atoi(argv[1]);
  snprintf(path, sizeof path, "/local/domain/%d/data/raw", domid);
  for (int i = 0; i < TRIES && vchan == NULL; i++) {
    vchan = libxenvchan_client_init(NULL, domid, path);
    if (vchan == NULL)
      usleep(PAUSE_US);
  }
  if (vchan == NULL) {
    fprintf(stderr, "vchan-sink: no vchan at %s\n", path);
    return 1;
  }
  vchan->blocking = 1;
  if (take(vchan, 1 << 20) != 0)
    goto out;
  for (int i = 0; i < atoi(argv[3]); i++) {
    long long begun = now();

    if (take(vchan, atoll(argv[2])) != 0)
      goto out;
    printf("%lld\n", now() - begun);
  }
  status = 0;
out:
  if (status != 0)
    fprintf(stderr, "vchan-sink: the guest closed the channel\n");
  libxenvchan_close(vchan);
  return status;
}
