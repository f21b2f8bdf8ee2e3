/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Specifies the frames between dom0 and a guest, and those between dom0's own programs. Version 1.
 * toolstack/base/frame.ts, toolstack/agent/wire.ts and toolstack/api/wire.ts mirror this file, and a test compares
 * them with it.
 *
 *   control vchan:  thawd (client)     <-> agent (server)   requests, replies, events
 *   data vchan:     thaw-shim (client) <-> agent (server)   streams, signals, exit statuses
 *   shim socket:    launcher, thawd    <-> thaw-shim        the data channel's frames, and a few more
 *   thawd socket:   launcher           <-> thawd            one request, its output
 *
 * Every connection is a byte stream of frames. All integers are little-endian. The first frame that the agent sends
 * on a channel is HELLO; a peer that gets another frame, or another version, closes the channel. A frame breaks the
 * channel if its length is above the channel's maximum, or if its type does not belong to the channel and direction;
 * no resynchronisation is tried. Data from a guest is untrusted: check a length before the read, a count before the
 * loop, an id before the look-up.
 *
 * "fields" are byte strings, each {le32 length, bytes}, one after the other. The type gives their count and order.
 */
#ifndef THAW_PROTO_H
#define THAW_PROTO_H

#include <stdint.h>

#define THAW_PROTO_MAGIC 0x77616874u /* "thaw" */
#define THAW_PROTO_VERSION 1u

#define THAW_CONTROL_MAX 4194304u /* largest payload on control and thawd's socket: 2 MiB of arguments fit */
#define THAW_DATA_MAX 65536u      /* largest payload on the data channel and on a shim's socket */
#define THAW_WINDOW 262144u       /* most bytes in flight on a stream, in each direction; see THAW_CREDIT */
#define THAW_LAYERS_MAX 64u       /* layers of a root filesystem */
#define THAW_EXPORTS_MAX 64u      /* folders and files of dom0 that a guest shares */
#define THAW_SHARE_RINGS 2u       /* number of rings of Linux's 9pfs front end */
#define THAW_SHARE_MSIZE 65560u   /* largest 9P message: 64 KiB of a file and a header; each way of a ring holds more */
#define THAW_CONTROL_RING_ORDER 14 /* log2 of the bytes in each direction: a config.json passes in a few turns */
#define THAW_DATA_RING_ORDER 17    /* two full frames: one is filled while the other is emptied */
#define THAW_WAKE_OFFSET 4080u
#define THAW_VIF_WAKE_OFFSET 48u
#define THAW_VIF_PAGES_MAX 258u /* two rings, and 256 buffers in the receive ring */
#define THAW_SEED_MIN 32u
#define THAW_SEED_MAX 512u

/* xenstore, relative to /local/domain/DOMID; guest-writable, so dom0 does not trust it */
#define THAW_XS_CONTROL "data/thaw/control" /* ring-ref and event-channel of the control vchan, below it */
#define THAW_XS_DATA "data/thaw/data"       /* the same nodes of the data vchan */
#define THAW_XS_STATE "data/thaw/state"     /* agent writes: "booting", "running", "frozen" */
#define THAW_XS_WAKE "data/thaw/wake"       /* dom0 writes one of these to end a freeze */
#define THAW_WAKE_NEW "1"                   /* the domain, a clone or the template, takes a new identity */
#define THAW_WAKE_SAME "2"                  /* the domain resumes with its identity and its held container */

struct thaw_frame {
  uint32_t length; /* payload bytes that follow */
  uint32_t type;   /* enum thaw_type */
  uint32_t id;     /* control: request id, not 0; data and shim: process id, not 0; by type, else 0 */
  uint32_t arg;    /* by type, else 0 */
};

enum thaw_type {
  /* Both channels, agent -> dom0, first */
  THAW_HELLO = 0x01, /* struct thaw_hello, then field: the agent's build string */

  /* control, thawd -> agent: requests. Each gets one OK or one ERROR with the same id, in any order. */
  THAW_PING = 0x10,     /* payload is echoed in OK */
  THAW_IDENTITY = 0x11, /* struct thaw_identity, fields: seed (THAW_SEED_MIN..MAX bytes), hostname, machine-id (32
                           hex digits). Must come before START. The agent reseeds the random generator first. */
  THAW_MOUNT = 0x12,    /* struct thaw_mount, fields: rootfs name, then `layers` names, lowest layer first: a
                           device's ("xvda"), or "layer-N" for a layer of LAYER frames. One more name is optional:
                           a disk for the writable layer. Waits for all of them. Each layer is EROFS and the disk
                           is ext4; without a disk the writable layer is a tmpfs. OK when mounted */
  THAW_RESIZE = 0x13,   /* struct thaw_resize. OK when the guest has at least the wanted memory and exactly the
                           wanted vCPUs: struct thaw_resize, the present values */
  THAW_START = 0x14,    /* struct thaw_start, fields: container id, rootfs name ("" if config.json has another
                           root, such as one in the tree of MOUNT_SHARE), config.json, then `files` pairs of name,
                           content. The agent writes these into /run/thaw/containers/ID/files before crun starts.
                           OK: le32 guest pid */
  THAW_KILL = 0x15,     /* struct thaw_kill */
  THAW_DELETE = 0x16,   /* field: container id. Kills the container's processes, removes crun's state and the
                           bundle; idempotent */
  THAW_UNMOUNT = 0x17,  /* field: rootfs name; idempotent */
  THAW_FREEZE = 0x18,   /* Freezes the guest. OK with struct thaw_ring_page for each page of the rings that a clone
                           keeps: for control the ring's page, then the pages towards the guest and those from the
                           guest; the same for data; for the vif its transmit ring, its receive ring and all
                           buffers in that ring. No page at all if any of them is missing. Then the agent waits
                           until dom0 has closed both channels, closes them itself, writes THAW_XS_STATE "frozen"
                           and sleeps until THAW_XS_WAKE is "1", or dom0 has put a struct thaw_wake into the
                           clone's memory. Refused (THAW_E_BUSY) while a container runs; a container that is
                           created and not begun is no obstacle */
  THAW_EXEC = 0x19,     /* struct thaw_exec, fields: container id, process.json (the process object of an OCI
                           config). Runs one more process in a running container. OK: le32 guest pid. The process
                           needs no DELETE: when its EXIT is sent, the agent forgets it and its id is free */
  THAW_CREATE = 0x1a,   /* like START, but the container's program does not run yet: it waits for BEGIN, also
                           through a freeze. Needs neither IDENTITY nor a client on the data channel */
  THAW_BEGIN = 0x1b,    /* struct thaw_begin, fields: container id, the container's hostname ("" leaves it), then
                           `files` pairs that replace those of CREATE. Runs the program of a created container, or
                           resumes the processes of a held one. OK: le32 guest pid */
  THAW_HOLD =
      0x1c, /* field: container id; then "files" if dom0 keeps the open files of its shares and serves them
               again. Freezes the guest with a running container: the processes stop, then the agent continues as
               after FREEZE. Woken with "1", the processes wait for BEGIN. Woken with "2", or when the
               freeze is given up, they resume at once. Refused if some state would not survive: THAW_E_TCP,
               THAW_E_STREAMS, THAW_E_VOLUME, THAW_E_BUSY */
  THAW_NETWORK =
      0x1d, /* struct thaw_network, field: interface ("eth0"). Replaces the interface's addresses and default routes
               by these and takes it up, or down if there are no addresses. THAW_E_DEVICE: there is no such interface */
  THAW_STATS =
      0x1e, /* field: container id. OK: fields, each a file of the kernel, empty if it cannot be read: cpu.stat,
               memory.current, memory.stat, pids.current and io.stat of the container's cgroup, then /proc/meminfo */
  THAW_PROCESSES = 0x1f, /* field: container id. OK: fields: /proc/uptime, then for each of the container's first
                            512 processes /proc/PID/stat, status and cmdline, each cut off at 4 KiB at most */
  THAW_MOUNT_SHARE =
      0x2e,         /* field: tag of a 9pfs device that has been announced. Mounts its tree at /run/thaw/files/TAG */
  THAW_FILL = 0x2f, /* fields: rootfs name, path in it, tag, a name in its tree. Copies the content of the path into the
                       folder of that name if it is empty. Also OK if the path does not exist or is not a folder */

  /* Later requests: numbers above those of the answers, which were assigned first. */
  THAW_LIMIT = 0x22,         /* fields: container id, new content of cpu.max, pids.max, memory.max and cgroup.freeze of
                                its cgroup, "" leaves the file; at most 64 bytes each. After THAW_E_INTERNAL some files
                                may have been written */
  THAW_NETLINK = 0x24,       /* struct thaw_netlink, field: messages of rtnetlink(7), which the kernel gets in this
                                order; empty only to ask for the interface. OK: le32, the kernel's number of the
                                interface. THAW_E_DEVICE: there is none. THAW_E_INTERNAL names the message that failed;
                                those before it took effect */
  THAW_UNMOUNT_SHARE = 0x23, /* field: tag. Unmounts the tree of MOUNT_SHARE and ends a FILL into it. OK when no
                                process in the guest uses the tree any more; idempotent. THAW_E_BUSY if a process still
                                uses it after ten seconds */
  THAW_SHM = 0x25, /* fields: id of a running or created container, path of a tmpfs in it, id of another container. That
                      tmpfs is mounted at /run/thaw/shm/ID for the other container's config.json, until
                      that container's DELETE. THAW_E_NOENT: there is no such container, THAW_E_BUSY: it is starting */
  THAW_ARCHIVE = 0x28, /* struct thaw_archive, fields: container id ("" for the root filesystem as it is mounted,
                          without the mounts of a container), rootfs name, path, name. Runs a process of the
                          agent's program that reads or writes an archive on its streams, see enum
                          thaw_archive_verb. OK when it runs. The agent forgets it like a process of EXEC when its
                          EXIT is sent. It exits with 0, or with 125 and a line on stderr */

  /* control, agent -> thawd */
  THAW_OK = 0x20,
  THAW_ERROR = 0x21, /* arg = enum thaw_error; payload: text for people, UTF-8, at most 4 KiB */

  /* data channel, id = process; and the shim's socket */
  THAW_STREAM = 0x30,  /* arg = stream; payload 1..THAW_DATA_MAX bytes, never more than the receiver's credit */
  THAW_EOF = 0x31,     /* arg = stream; no STREAM of it follows. dom0 -> agent on stdin: close it. dom0 -> agent on
                          stdout or stderr: the stream has no reader any more. The agent closes its end, so that
                          the process gets EPIPE as in a pipeline, and answers with EOF of the stream */
  THAW_CREDIT = 0x32,  /* arg = stream; payload le32: the sender of this frame takes that many bytes more of the
                          stream. Output streams start with THAW_WINDOW of credit, stdin with none. When a process
                          with THAW_PROCESS_STDIN can take frames, the agent sends CREDIT of THAW_WINDOW for it;
                          without that flag, the process's first frame is a CREDIT of 0. Until the first frame of a
                          process, dom0 holds back STREAM, EOF, SIGNAL and WINSIZE. The agent ignores frames for an
                          unknown process, which may just have ended */
  THAW_EXIT = 0x33,    /* agent -> dom0: struct thaw_exit, after the EOF of every output stream; the last frame of
                          that process. For a container's first process, arg is the number of the container's
                          processes that the kernel has killed for want of memory, else 0 */
  THAW_SIGNAL = 0x34,  /* dom0 -> agent: arg = signal number, to the process */
  THAW_WINSIZE = 0x35, /* dom0 -> agent: struct thaw_winsize */
  THAW_LAYER = 0x36,   /* dom0 -> agent: id = the layer's number, 1..THAW_LAYERS_MAX, not a process; arg = enum
                          thaw_layer. First the layer's size, then its bytes in order, which the guest keeps in
                          memory for MOUNT. One layer at a time; a layer that cannot be kept fails its MOUNT */
  THAW_LEAVE = 0x37,   /* dom0 -> agent, id 0: this client leaves and sends no more frames. Answer: LEAVE, id 0,
                          the agent's last frame; the client then closes. No frame is in flight then, so the next
                          client continues the streams of the processes with their credit */
  THAW_CGROUP_STATS =
      0x38, /* dom0 -> agent, client -> shim: asks for the resource use of the process's container. Not before the
               process's first frame. Answer, unless the process ends meanwhile: CGROUP_STATS, fields, each a file of
               its cgroup: cpu.stat, memory.current, memory.stat, pids.current, memory.max. memory.max is MemTotal
               if only the domain limits the container. A field is empty if its file cannot be read, and there may
               be no fields at all. Several requests before an answer get one answer */

  /* shim's socket only */
  THAW_ATTACH = 0x40,   /* client -> shim: arg = enum thaw_attach_flag. Answer: ATTACHED or ERROR */
  THAW_ATTACHED = 0x41, /* shim -> client: arg = enum thaw_process_flag of the process. The client's stdin credit
                           is 0 until a CREDIT adds to it; its output credit starts at THAW_WINDOW */
  THAW_EXPECT = 0x42,   /* thawd -> shim: a process will be started; arg = enum thaw_process_flag, fields: log file
                           ("" for none), status file. Answer: OK or ERROR, same id. Without both files the shim
                           keeps nothing of the process: it forgets the process once it has ended and no client is
                           attached to it */
  THAW_STATUS = 0x43,   /* thawd -> shim, id 0. Answer: STATUS, fields: "waiting", "up" or "lost: REASON", then one
                           struct thaw_status for each process. From then on the connection also gets every EXIT
                           and LOST, and STATUS again when the channel comes up */
  THAW_QUIT = 0x44,     /* thawd -> shim, id 0: close the channel, remove the socket, exit 0 */
  THAW_LOST = 0x45,     /* shim -> all clients: the domain or its agent is gone; payload: reason, UTF-8 */
  THAW_INJECT = 0x46,   /* thawd -> shim, id = number of a layer, field: absolute path of a file. The shim sends
                           the file to the agent as LAYER frames, after the files of earlier requests. No answer; a
                           file that cannot be read causes a LOST */
  THAW_FORGET = 0x47,   /* thawd -> shim: arg = enum thaw_forget: forget a process of which no frame has come; no
                           other process is affected. With REFUSED only a process without log and status file; else
                           the shim also drops these files. No answer */
  THAW_PAUSE = 0x48,    /* thawd -> shim, id 0: LEAVE the agent, close the channel, and connect again as soon as
                           the guest has published another, however long that takes. Answer: OK once it is closed,
                           or ERROR, id 0 */

  THAW_SHARE = 0x49, /* thawd -> shim, id = number of the guest's 9pfs device: struct thaw_share, then two fields
                        for each export: "ro", "rw", or "rw,slave" for an export that later mounts of dom0
                        propagate to, and an absolute path. The shim serves the exports over the device, in one
                        tree under the names 0, 1, ... Each device has a server of its own. One more field is
                        optional: absolute path of a SAVE_FIDS file, from which the server restores its state. Answer:
                        SHARED */
  THAW_SHARED =
      0x4a, /* shim -> thawd, id = device: arg 0: the server runs; else enum thaw_error, payload: the reason, UTF-8 */
  THAW_UNSHARE = 0x4b,    /* thawd -> shim, id = device: end its server, if there is one. Answer: UNSHARED */
  THAW_UNSHARED = 0x4c,   /* shim -> thawd, id = device: the server has ended and maps no memory of the guest */
  THAW_SAVE_FIDS = 0x4d,  /* thawd -> shim, id = device, field: absolute path of a file that the shim makes. The
                             server finishes its pending requests, writes the guest's open files to that file, and
                             then answers no request. "": it answers again; the file stays. Answer: FIDS_SAVED */
  THAW_FIDS_SAVED = 0x4e, /* shim -> thawd, id = device: arg 0: done; else enum thaw_error, payload: the reason,
                             UTF-8: the server answers requests as before, and there is no file */

  /* thawd's socket only */
  THAW_REQUEST = 0x50, /* launcher -> thawd, first and once: struct thaw_request, fields: cwd, argc arguments
                          (argv[0] first), envc environment strings */
  THAW_OUTPUT = 0x51,  /* thawd -> launcher: arg = 1 stdout, 2 stderr; payload: bytes to write there */
  THAW_JOIN = 0x52,    /* thawd -> launcher: id = process, arg = enum thaw_process_flag; fields: shim's socket path
                          and, optionally, detach keys: typed in sequence on a terminal, they end the launcher and
                          leave the process running. The launcher attaches there, then sends JOINED. From then on
                          only the shim serves its streams */
  THAW_JOINED = 0x53,  /* launcher -> thawd, id = process */
  THAW_DONE = 0x54,    /* thawd -> launcher: arg = exit status 0..255. After a JOIN it ends the launcher's wait for
                          clean-up: if arg is 0, the launcher exits with the process's own status, which it has
                          from the shim */
  THAW_CANCEL = 0x55,  /* launcher -> thawd: arg = signal that caused it; thawd undoes the command and answers DONE */
  THAW_STAND_IN =
      0x56, /* thawd -> launcher, once and in place of JOIN: id = process, arg = enum thaw_process_flag; fields:
               shim's socket path, folder of the root filesystem, path of the network namespace ("" for a new one),
               cgroup.procs of its cgroup ("" to stay), console socket ("" for the launcher's own streams). The
               launcher starts a stand-in process with these, which attaches to the shim, and answers STOOD_IN */
  THAW_STOOD_IN = 0x57, /* launcher -> thawd, id = process, arg = pid of the stand-in; 0: there is none, payload:
                           the reason, UTF-8 */
};

enum thaw_stream { THAW_STDIN = 0, THAW_STDOUT = 1, THAW_STDERR = 2 };

enum thaw_layer {
  THAW_LAYER_SIZE = 1,  /* payload: le64, bytes of the layer, not 0 */
  THAW_LAYER_BYTES = 2, /* payload: the next 1..THAW_DATA_MAX bytes */
};

enum thaw_process_flag {
  THAW_PROCESS_STDIN = 1,       /* stdin is fed from outside; without it stdin is /dev/null */
  THAW_PROCESS_TTY = 2,         /* one terminal: output is all THAW_STDOUT */
  THAW_PROCESS_STATS = 128,     /* in a STAND_IN only: engines take the stand-in's cgroup for the container's, so
                                     it shows the container's resource use and its lack of memory */
  THAW_PROCESS_BEGUN = 256,     /* in a thaw_status only: the agent has sent a frame of the process */
  THAW_PROCESS_OOM = 512,       /* in a thaw_status only: EXIT reports that the container ran out of memory */
  THAW_PROCESS_READONLY = 1024, /* in a STAND_IN only: a process that enters the stand-in's root cannot write
                                   there, because the guest would not see the change */
  THAW_PROCESS_PART = 2048,     /* in a JOIN only: thawd continues the command after the process has ended, and the
                                   command ends with thawd's DONE */
};

enum thaw_attach_flag {
  THAW_ATTACH_FEEDS = 1, /* the client will send stdin */
  THAW_ATTACH_OWNS = 2,  /* the process is killed when the client leaves before the process's end */
};

enum thaw_forget {
  THAW_FORGET_REFUSED = 0, /* the agent did not start it: its client gets no more frames, thawd reports the reason */
  THAW_FORGET_LEFT = 1,    /* unknown whether the agent starts it: its client gets LOST, later frames are dropped */
  THAW_FORGET_UNDONE = 2,  /* its start failed: its client gets no more frames, later frames are dropped */
};

enum thaw_error {
  THAW_E_MESSAGE = 1, /* malformed or unknown message */
  THAW_E_STATE = 2,   /* not now: e.g. START before IDENTITY or without a data channel */
  THAW_E_EXISTS = 3,  /* name in use */
  THAW_E_NOENT = 4,   /* no such container, process or rootfs */
  THAW_E_DEVICE = 5,  /* a device did not appear before the deadline */
  THAW_E_MOUNT = 6,
  THAW_E_CMD_NOENT = 7,  /* the container's program does not exist: exit status 127 */
  THAW_E_CMD_NOEXEC = 8, /* the program exists and cannot be executed: exit status 126 */
  THAW_E_CRUN = 9,       /* crun failed for another reason; its last message follows */
  THAW_E_RESIZE = 10,    /* memory or vCPUs did not come before the deadline */
  THAW_E_BUSY = 11,
  THAW_E_INTERNAL = 12,
  THAW_E_TCP = 13,     /* TCP connections are open, which a copy of the guest would share */
  THAW_E_STREAMS = 14, /* a terminal or an open stdin, which would have no client in a copy of the guest */
  THAW_E_VOLUME = 15,  /* a volume is mounted, which a copy of the guest would write to as well */
};

struct thaw_hello {
  uint32_t magic;
  uint32_t version;
  uint32_t wakes;   /* freezes that this agent woke from; 0 = booted */
  uint32_t channel; /* 1 control, 2 data */
};

/* A page of a ring: its grant reference and its frame number in the guest. */
struct thaw_ring_page {
  uint32_t ref, frame;
};

/*
 * At THAW_WAKE_OFFSET of the control ring's page of a clone: wake with a new identity. dom0 has granted itself the
 * rings' pages under the references of the template's grant table, and has made an event channel for each ring that
 * waits for dom0.
 */
struct thaw_wake {
  uint32_t magic; /* THAW_PROTO_MAGIC */
  uint32_t control_port, data_port;
  uint32_t reserved;
};

/*
 * At THAW_VIF_WAKE_OFFSET of the page of the vif's transmit ring, in the part that xen/io/netif.h leaves free: the
 * clone's kernel continues with the rings (kernels/linux/patches/vif-kept.patch). rx_port belongs to a vif with two
 * event channels.
 */
struct thaw_vif_wake {
  uint32_t magic; /* THAW_PROTO_MAGIC */
  uint32_t tx_port, rx_port;
  uint32_t reserved;
};

struct thaw_identity {
  uint64_t realtime_ns; /* wall clock to set, nanoseconds since 1970; 0 = leave it */
};

struct thaw_mount {
  uint32_t layers;     /* 1..64 */
  uint32_t timeout_ms; /* for all devices together */
  uint64_t upper_kib;  /* size of the writable layer's tmpfs; 0 = half of the guest's memory; unused with a disk */
};

struct thaw_resize {
  uint64_t memory_kib; /* least MemTotal wanted; in OK: MemTotal */
  uint32_t vcpus;      /* online vCPUs wanted, fewer or more than now; 0 = leave them; in OK: online */
  uint32_t timeout_ms;
  uint64_t grow_kib; /* the balloon's target rises by this at once; 0 = xenstore's memory/target sets it; in OK: 0 */
};

struct thaw_network {
  uint8_t mac[6];           /* all 0 leaves it */
  uint8_t prefix4, prefix6; /* bits of the network part; 0 = no address of that kind */
  uint8_t address4[4], gateway4[4], address6[16],
      gateway6[16]; /* in network order; a gateway of 0 = no default route */
  uint32_t mtu;     /* 0 leaves it */
};

struct thaw_netlink {
  uint32_t devid; /* of the interface's device in xenstore */
};

struct thaw_start {
  uint32_t process;    /* process id of its frames on the data channel; not 0, not in use */
  uint32_t flags;      /* enum thaw_process_flag */
  uint16_t rows, cols; /* terminal's first size; 0 0 = leave it */
  uint32_t files;      /* pairs of fields, at most 64; a name has no '/' and is not "." or ".." */
};

struct thaw_exec {
  uint32_t process; /* as in START, like the other members */
  uint32_t flags;
  uint16_t rows, cols;
};

struct thaw_begin {
  uint32_t process;    /* its process id on the data channel; not 0, not in use by another */
  uint32_t flags;      /* those of CREATE; without its THAW_PROCESS_STDIN, stdin ends at once */
  uint16_t rows, cols; /* as in START */
  uint32_t files;
};

struct thaw_kill {
  uint32_t process;
  uint32_t signal; /* 1..64 */
};

enum thaw_archive_verb {
  THAW_ARCHIVE_PACK = 1,   /* stdout: a tar archive of path with everything below it, under name */
  THAW_ARCHIVE_UNPACK = 2, /* stdin: an archive whose entries go into the folder path */
  THAW_ARCHIVE_PUT = 3, /* stdin: an archive of one file or folder, whose own name is the first component of each path
                           in it. It goes to path: as name into path if that is a folder, else in place of path */
  THAW_ARCHIVE_CHANGES =
      4,                  /* stdout: changes of the writable layer: 'A', 'C' or 'D', ' ', path and NUL for each path */
  THAW_ARCHIVE_LAYER = 5, /* stdout: the writable layer as an archive, with whiteouts in the form of images */
};

enum thaw_archive_option {
  THAW_ARCHIVE_CONTENTS = 1,  /* PUT: the content of the folder, not the folder itself */
  THAW_ARCHIVE_OVERWRITE = 2, /* a folder may replace a file, and a file a folder */
  THAW_ARCHIVE_OWNER = 4,     /* every entry gets the owner uid and gid */
  THAW_ARCHIVE_FROZEN = 8,    /* the container, which must be named, is frozen until the process has ended */
};

struct thaw_archive {
  uint32_t process; /* as in EXEC */
  uint32_t flags;   /* THAW_PROCESS_STDIN for UNPACK and PUT */
  uint32_t verb;    /* enum thaw_archive_verb */
  uint32_t options; /* enum thaw_archive_option */
  uint32_t uid, gid;
};

enum thaw_exit_kind { THAW_EXITED = 1, THAW_SIGNALED = 2 };

struct thaw_exit {
  uint32_t kind;  /* enum thaw_exit_kind */
  uint32_t value; /* exit code 0..255, or signal number */
};

struct thaw_winsize {
  uint16_t rows, cols;
};

struct thaw_status {
  uint32_t process;
  uint32_t flags; /* those of EXPECT, and THAW_PROCESS_BEGUN and THAW_PROCESS_OOM */
  uint32_t kind;  /* 0 = not ended, else enum thaw_exit_kind */
  uint32_t value;
};

struct thaw_share {
  uint32_t refs[THAW_SHARE_RINGS]; /* grants of the rings' first pages */
  uint32_t ports[THAW_SHARE_RINGS];
  uint32_t exports; /* 1..THAW_EXPORTS_MAX */
};

struct thaw_request {
  uint32_t version; /* THAW_PROTO_VERSION */
  uint32_t ttys;    /* bit 0, 1, 2: stdin, stdout, stderr is a terminal */
  uint16_t rows, cols;
  uint32_t argc, envc;
};

#endif
