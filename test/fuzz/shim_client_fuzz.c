// SPDX-License-Identifier: Apache-2.0
/*
 * libFuzzer target: the relay keeps serving whatever two clients send in turns and in pieces. First byte: size of
 * the pieces.
 */
#include "shim_fuzz.h"

static void guest_says(struct relay *relay, uint32_t type, uint32_t id, uint32_t arg, const void *payload,
                       uint32_t length) {
  struct thaw_frame frame = {length, type, id, arg};

  assert(guest_feed(relay, (const uint8_t *)&frame, sizeof frame) == 0);
  assert(length == 0 || guest_feed(relay, payload, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const uint8_t output[3000];
  const uint32_t window = THAW_WINDOW;
  const struct thaw_hello hello = {THAW_PROTO_MAGIC, THAW_PROTO_VERSION, 0, 2};
  const struct thaw_exit ended = {THAW_EXITED, 7};
  struct transport transport = {.ops = &fuzz_ops, .fd = 0};
  struct relay relay = {.transport = &transport};
  int peers[2];

  if (size < 1)
    return 0;
  note_set_level("error");
  for (uint32_t id = 1; id <= 3; id++)
    fuzz_process(&relay, id, id == 2 ? THAW_PROCESS_STDIN | THAW_PROCESS_TTY : THAW_PROCESS_STDIN);
  guest_says(&relay, THAW_HELLO, 0, 0, &hello, sizeof hello);
  for (uint32_t id = 1; id <= 3; id++)
    guest_says(&relay, THAW_CREDIT, id, THAW_STDIN, &window, sizeof window);
  guest_says(&relay, THAW_EOF, 3, THAW_STDOUT, NULL, 0);
  guest_says(&relay, THAW_EOF, 3, THAW_STDERR, NULL, 0);
  guest_says(&relay, THAW_EXIT, 3, 0, &ended, sizeof ended);
  /* two processes that leave nothing: one without output, one that the fuzzer's turns end */
  for (uint32_t id = 4; id <= 5; id++) {
    fuzz_process(&relay, id, THAW_PROCESS_STDIN);
    process_find(&relay, id)->transient = true;
  }
  guest_says(&relay, THAW_CREDIT, 5, THAW_STDIN, &window, sizeof window);
  fuzz_client(&relay, &peers[0]);
  fuzz_client(&relay, &peers[1]);
  size_t step = 1u + data[0], turn = 0;

  for (data++, size--; size > 0 && relay.clients != NULL; turn++) {
    size_t n = size < step ? size : step;
    struct client *client = (turn & 1) != 0 && relay.clients->next != NULL ? relay.clients->next : relay.clients;

    if (client_feed(&relay, client, data, n) != 0)
      client->broken = true;
    fuzz_check(&relay);
    struct process *first = process_find(&relay, 1);

    if (relay.state == RELAY_UP && first->out[0].credit >= sizeof output)
      guest_says(&relay, THAW_STREAM, 1, THAW_STDOUT, output, sizeof output);
    if (relay.state == RELAY_UP && turn == 8 && process_find(&relay, 5) != NULL) {
      guest_says(&relay, THAW_EOF, 5, THAW_STDOUT, NULL, 0);
      guest_says(&relay, THAW_EOF, 5, THAW_STDERR, NULL, 0);
      guest_says(&relay, THAW_EXIT, 5, 0, &ended, sizeof ended);
    }
    for (client = relay.clients; client != NULL; client = client->next)
      client_send(&relay, client);
    guest_send(&relay);
    client_sweep(&relay);
    process_sweep(&relay);
    guest_send(&relay);
    fuzz_check(&relay);
    data += n;
    size -= n;
  }
  fuzz_drain(peers[0]);
  fuzz_drain(peers[1]);
  close(peers[0]);
  close(peers[1]);
  fuzz_end(&relay);
  return 0;
}
