// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: no bytes of the guest, in pieces of any size, break the shim or make a queue
 * grow above its window. First byte: bit 0 sends a valid hello first, bit 1 has thawd ask for a pause; the rest sizes
 * the pieces.
 */
#include "shim_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct {
    struct thaw_frame frame;
    struct thaw_hello hello;
  } hello = {{sizeof(struct thaw_hello), THAW_HELLO, 0, 0}, {THAW_PROTO_MAGIC, THAW_PROTO_VERSION, 0, 2}};
  const struct thaw_frame attach = {0, THAW_ATTACH, 1, 1}, pause = {0, THAW_PAUSE, 0, 0};
  struct transport transport = {.ops = &fuzz_ops, .fd = 0};
  struct relay relay = {.transport = &transport};
  int peer, pauser = -1;

  if (size < 1)
    return 0;
  note_set_level("error");
  fuzz_process(&relay, 1, THAW_PROCESS_STDIN);
  fuzz_process(&relay, 2, THAW_PROCESS_STDIN | THAW_PROCESS_TTY);
  assert(client_feed(&relay, fuzz_client(&relay, &peer), (const uint8_t *)&attach, sizeof attach) == 0);
  if ((data[0] & 1) != 0)
    assert(guest_feed(&relay, (const uint8_t *)&hello, sizeof hello) == 0);
  if ((data[0] & 2) != 0)
    assert(client_feed(&relay, fuzz_client(&relay, &pauser), (const uint8_t *)&pause, sizeof pause) == 0);
  size_t step = 1u + (data[0] >> 2) * 16u;

  for (data++, size--; size > 0 && relay.state != RELAY_LOST;) {
    size_t n = size < step ? size : step;

    guest_feed(&relay, data, n);
    fuzz_check(&relay);
    client_send(&relay, relay.clients);
    guest_send(&relay);
    fuzz_check(&relay);
    data += n;
    size -= n;
  }
  fuzz_drain(peer);
  close(peer);
  if (pauser >= 0)
    close(pauser);
  fuzz_end(&relay);
  return 0;
}
