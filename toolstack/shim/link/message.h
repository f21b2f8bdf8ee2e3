/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages between a sandbox's monitor, which has root's rights, and its relay, which reads the guest's bytes.
 * They go over two sockets (SOCK_SEQPACKET): the link, and one for calls, whose answers the relay waits for. No
 * message of the relay names a file, a domain or a process of dom0.
 */
#ifndef THAW_SHIM_MESSAGE_H
#define THAW_SHIM_MESSAGE_H

#include <stdint.h>

/* Longest payload in bytes. */
#define MESSAGE_MAX 32768u

enum message_type {
  /* from the monitor */
  MESSAGE_BEGIN = 1, /* first message: struct message_begin */
  MESSAGE_CLIENT,    /* with a launcher's connection; id: its peer, or 0. Payload: the frame ATTACH that it sent */
  MESSAGE_PEER,      /* id: the peer; payload: the frame that it sent, without paths */
  MESSAGE_PEER_GONE, /* id: the peer */
  MESSAGE_LAYER,     /* id: its number; with the file and its size (uint64_t), or as payload the reason for none */
  MESSAGE_CHANNEL,   /* with the event channels or, in tests, a socket. Payload: struct message_channel */
  MESSAGE_END,       /* the domain has ended: the payload says how */
  MESSAGE_QUIT,      /* thawd needs the sandbox no more */
  /* from the relay */
  MESSAGE_REPLY,   /* id: the peer; payload: a piece of its stream of frames */
  MESSAGE_DROP,    /* id: the peer, which is to be closed once it has received everything */
  MESSAGE_RELEASE, /* id: a process whose log and status file are given up */
  MESSAGE_MAPPED,  /* the channel is mapped, arg 1, or is not, arg 0 */
  MESSAGE_CLOSED,  /* the channel is unmapped */
  MESSAGE_LOST,    /* the sandbox is lost; payload: the reason */
  /* calls of the relay; arg of the answer: 0 or an errno */
  CALL_GRANTS, /* with a grant device that is the relay's own; answered once */
  CALL_LOG,    /* id: process; arg: enum call_log. The answer has the file and its size (uint64_t) */
  CALL_STATUS, /* id: process; payload: struct call_status, which the monitor writes to the status file */
  CALL_MAP,    /* payload: grant references of the own domain. Answer: the offset at which the device maps them */
};

enum call_log { LOG_OPEN, LOG_ROTATE };

struct message {
  uint32_t type, id, arg, length; /* length of the payload */
};

struct message_begin {
  int64_t hello_ms;   /* longest wait for a hello */
  uint64_t log_max;   /* bytes of a log */
  uint32_t log_level; /* enum note_level */
  uint32_t is_domain; /* the channel is a domain's */
};

struct message_channel {
  uint64_t offset; /* of the ring's page in the grant device */
  uint32_t port;   /* event channel; 0: the channel is a socket */
  uint32_t pad;
};

struct call_status {
  uint32_t kind, value; /* enum thaw_exit_kind; kind 0: lost */
  uint32_t oom_kills, pad;
};

/*
 * Sends a message with the descriptor `fd` unless that is -1; the caller keeps it. Returns 0, or -1 with errno: EAGAIN
 * when `flags` has MSG_DONTWAIT and the socket is full.
 */
int message_send(int socket, const struct message *head, const void *payload, int fd, int flags);

/*
 * Receives a message into `payload` of MESSAGE_MAX bytes. Returns 1, 0 when the other end is closed, or -1 with errno:
 * EPROTO for a malformed message. *fd_out belongs to the caller; it is -1 without a descriptor.
 */
int message_receive(int socket, struct message *head, void *payload, int *fd_out, int flags);

#endif
