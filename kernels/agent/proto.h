/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The wire specification between dom0 and a guest, and of the frames that dom0's own programs
 * exchange. Version 1. toolstack/base/frame.ts, toolstack/agent/wire.ts and toolstack/api/wire.ts
 * mirror it; a test compares them with this file.
 *
 *   control vchan:  thawd (client)     <-> agent (server)   requests, replies, events
 *   data vchan:     thaw-shim (client) <-> agent (server)   streams, signals, exit statuses
 *   shim socket:    launcher, thawd    <-> thaw-shim        the data channel's frames again, and a
 * few more thawd socket:   launcher           <-> thawd            one request, its output
 *
 * Every connection is a byte stream of frames. All integers are little-endian. The first frame that
 * the agent sends on a channel is HELLO; a peer that gets anything else, or another version,
 * closes. A frame whose length is above the channel's maximum, or whose type does not belong to the
 * channel and direction, breaks the channel: no resynchronisation is tried. Nothing that came from
 * a guest is trusted: length before read, count before loop, id before look-up.
 *
 * "fields" are byte strings, each {le32 length, bytes}, one after the other, count and order given
 * by the type.
 */
#ifndef THAW_PROTO_H
#define THAW_PROTO_H

#include <stdint.h>

#define THAW_PROTO_MAGIC 0x77616874u /* "thaw" */
#define THAW_PROTO_VERSION 1u

#define THAW_CONTROL_MAX 4194304u /* largest payload on control and thawd's socket: 2 MiB of arguments fit */
#define THAW_DATA_MAX 65536u      /* largest payload on the data channel and on a shim's socket */
#define THAW_WINDOW 262144u       /* most bytes in flight on a stream, each direction; see THAW_CREDIT */
#define THAW_LAYERS_MAX 64u       /* layers of a root filesystem */
#define THAW_EXPORTS_MAX 64u      /* folders and files of dom0 that a guest shares */
#define THAW_SHARE_RINGS 2u       /* what Linux's 9pfs front end has */
#define THAW_FILES_MSIZE 65560u   /* largest 9P message: 64 KiB of a file behind its head; a way of a ring holds more */
#define THAW_CONTROL_RING_ORDER 14 /* of the bytes in each direction: a config.json passes in a few turns */
#define THAW_DATA_RING_ORDER 17    /* two full frames, so that one is filled while the other is emptied */
#define THAW_WAKE_OFFSET 4080u
#define THAW_VIF_WAKE_OFFSET 48u
#define THAW_VIF_PAGES_MAX 258u /* two rings, and 256 buffers in the one for what comes */
#define THAW_SEED_MIN 32u
#define THAW_SEED_MAX 512u

/* xenstore, relative to /local/domain/DOMID; guest-writable, so dom0 trusts none of it */
#define THAW_XS_CONTROL "data/thaw/control" /* ring-ref and event-channel of the control vchan, below it */
#define THAW_XS_DATA "data/thaw/data"       /* the same of the data vchan */
#define THAW_XS_STATE "data/thaw/state"     /* agent writes: "booting", "running", "frozen" */
#define THAW_XS_WAKE "data/thaw/wake"       /* dom0 writes one of these to end a freeze */
#define THAW_WAKE_NEW "1"                   /* who wakes is to be somebody new: a clone, or the template itself */
#define THAW_WAKE_SAME "2"                  /* the domain goes on as it was, its held container too */

struct thaw_frame {
  uint32_t length; /* payload bytes that follow */
  uint32_t type;   /* enum thaw_type */
  uint32_t id;     /* control: request id, not 0; data and shim: process id, not 0; by type, else 0 */
  uint32_t arg;    /* by type, else 0 */
};

enum thaw_type {
  /* Both channels, agent -> dom0, first */
  THAW_HELLO = 0x01, /* struct thaw_hello, then field: agent's build string */

  /* control, thawd -> agent: requests. Each gets one OK or one ERROR with the same id, in any
     order. */
  THAW_PING = 0x10,     /* payload is echoed in OK */
  THAW_IDENTITY = 0x11, /* struct thaw_identity, fields: seed (THAW_SEED_MIN..MAX bytes), hostname,
                           machine-id (32 hex digits). Must come before START; the random generator
                           is reseeded before anything else is done. */
  THAW_MOUNT = 0x12,    /* struct thaw_mount, fields: rootfs name, then `layers` names, lowest layer first: a
                           device's ("xvda"), or "layer-N" for the one that LAYER frames bring, and perhaps one
                           more, a disk for the writable layer. Waits for them all; each layer is EROFS, that disk
                           ext4; overlay with a tmpfs on top where there is none; OK when mounted. */
  THAW_RESIZE = 0x13,   /* struct thaw_resize: OK when the guest has that much (struct thaw_resize,
                           what it has now) */
  THAW_START = 0x14,    /* struct thaw_start, fields: container id, rootfs name ("" where config.json has another
                           root, as in the tree of FILES), config.json, then `files` pairs of name, content, written into
                           /run/thaw/containers/ID/files before crun starts. OK: le32 guest pid */
  THAW_KILL = 0x15,     /* struct thaw_kill */
  THAW_DELETE = 0x16,   /* field: container id; kills what is left, removes crun's state and the
                           bundle; idempotent */
  THAW_UNMOUNT = 0x17,  /* field: rootfs name; idempotent */
  THAW_FREEZE = 0x18,   /* OK with struct thaw_ring_page for each page of the rings that a clone finds ready: of control
                           the ring's page, those of the way to the guest and of the way from it, then the same of
                           data, then those of the vif: its transmit ring, its receive ring, the buffers in it, as
                           many as there are; none at all where not all of these are there. Then the agent waits for dom0
                           to close both   channels, closes them itself, writes THAW_XS_STATE "frozen" and sleeps until
                           THAW_XS_WAKE   is "1", or dom0 has put a struct thaw_wake into the clone's memory.   Refused
                           (THAW_E_BUSY) while a container runs; one that is created and not   begun is no obstacle. */
  THAW_EXEC = 0x19,     /* struct thaw_exec, fields: container id, process.json (the process object of an OCI
                           config). Runs one more process in a container that runs: OK: le32 guest pid. Nobody
                           deletes it: it is forgotten, and its id free, once its EXIT is sent. */
  THAW_CREATE = 0x1a,   /* as START, but the container's program is not run: it waits for BEGIN, also through
                           a freeze. Needs neither IDENTITY nor a client on the data channel. */
  THAW_BEGIN = 0x1b,    /* struct thaw_begin, fields: container id, hostname for the container ("" leaves it),
                           then `files` pairs that replace those of CREATE. Runs the program of a created
                           container, or lets the processes of one go on that came along with a HOLD: OK: le32
                           guest pid */
  THAW_HOLD =
      0x1c, /* field: container id; then "files" where dom0 keeps what is open of its files and serves it
               again. FREEZE with a container that runs: its processes stop, then all is as after FREEZE. Woken with "1"
               they wait for BEGIN, with "2" they go on at once, as they do when the freeze is given up. Refused where
               something would not survive it: THAW_E_TCP, THAW_E_STREAMS, THAW_E_VOLUME, THAW_E_BUSY */
  THAW_NETWORK =
      0x1d, /* struct thaw_network, field: interface ("eth0"). It has these addresses and default routes, and no
               others, and is up, or down where it has none: OK. THAW_E_DEVICE: there is no such interface */
  THAW_STATS =
      0x1e, /* field: container id. OK: fields, each a file of the kernel's, empty where it cannot be read: of the
               container's cgroup cpu.stat, memory.current, memory.stat, pids.current, io.stat; /proc/meminfo */
  THAW_PROCESSES = 0x1f, /* field: container id. OK: fields: /proc/uptime, then for each of the first 512 processes of
                            the container /proc/PID/stat, status and cmdline, each cut off at 4 KiB at most */
  THAW_FILES = 0x2e, /* field: tag of a 9pfs device that has been announced: its tree is at /run/thaw/files/TAG: OK */
  THAW_FILL = 0x2f, /* fields: rootfs name, path in it, tag, a name in its tree: what the path holds is copied into that
                       folder, which is empty: OK, also where there is no such path, or it is no folder */

  /* above the answers, which came first */
  THAW_LIMIT = 0x22,   /* fields: container id, what is written into cpu.max, pids.max, memory.max and cgroup.freeze of
                        its   cgroup, "" leaves the file; at most 64 bytes each: OK. After THAW_E_INTERNAL some may have
                        been   written */
  THAW_NETLINK = 0x24, /* struct thaw_netlink, field: messages of rtnetlink(7), which are given to the kernel in this
                          order; none to only ask. OK: le32, the kernel's number of the interface. THAW_E_DEVICE: there
                          is none; after THAW_E_INTERNAL those before the one that it names were taken */
  THAW_UNFILES = 0x23, /* field: tag: the tree of FILES goes, and a FILL into it ends: OK once nothing in the guest has
                        it any more, idempotent. THAW_E_BUSY when something has after ten seconds */
  THAW_SHM = 0x25, /* fields: id of a container that runs or is created, a path in it, where a tmpfs is, and the id of
                        another: for that one's config.json it is at /run/thaw/shm/ID until DELETE: OK.
                        THAW_E_NOENT: there is no such container, THAW_E_BUSY: it is starting */
  THAW_ARCHIVE = 0x28, /* struct thaw_archive, fields: container id ("" for the root filesystem as it is mounted,
                        whoever runs in it), rootfs name, path, name. Runs a process of the agent's own that carries
                        files on its streams, see enum thaw_archive_verb: OK when it runs. Like EXEC's it is forgotten
                        once its EXIT is sent. It ends with 0, or with 125 and a line on stderr */

  /* control, agent -> thawd */
  THAW_OK = 0x20,
  THAW_ERROR = 0x21, /* arg = enum thaw_error; payload: text for people, UTF-8, at most 4 KiB */

  /* data channel, id = process; and the shim's socket */
  THAW_STREAM = 0x30,  /* arg = stream; payload 1..THAW_DATA_MAX bytes, never more than the
                          receiver's credit */
  THAW_EOF = 0x31,     /* arg = stream; no STREAM of it follows. dom0 -> agent on stdin: close it; on stdout or
                          stderr: nobody reads it any more, so close the reading end, that the process gets
                          EPIPE as in a pipeline, and answer EOF of it */
  THAW_CREDIT = 0x32,  /* arg = stream; payload le32: the sender of this frame takes so many bytes
                          more of that stream. Output streams start with THAW_WINDOW of credit. stdin starts
                          with none: when a process with THAW_PROCESS_STDIN is there to take frames, the agent
                          sends CREDIT of THAW_WINDOW for it; dom0 holds STREAM, EOF, SIGNAL and WINSIZE back
                          until the process's first frame. The agent ignores frames for a process that it does
                          not have (it may just have ended); without THAW_PROCESS_STDIN its first frame is a
                          CREDIT of 0 */
  THAW_EXIT = 0x33,    /* agent -> dom0: struct thaw_exit, after the EOF of every output stream; last
                          frame of that process. Of a container's first process arg is how many of the
                          container's the kernel has killed for want of memory, else 0 */
  THAW_SIGNAL = 0x34,  /* dom0 -> agent: arg = signal number, to the process */
  THAW_WINSIZE = 0x35, /* dom0 -> agent: struct thaw_winsize */
  THAW_LAYER = 0x36,   /* dom0 -> agent: id = the layer's number, 1..THAW_LAYERS_MAX, not a process; arg = enum
                          thaw_layer. First its size, then its bytes in order, which the guest keeps in memory
                          for MOUNT. One at a time; a layer that cannot be kept fails its MOUNT. */
  THAW_LEAVE = 0x37,   /* dom0 -> agent, id 0: this client goes, and sends nothing more. Answer: LEAVE, id 0, the
                          agent's last frame; the client then closes. No frame is under way then, so the streams of its
                          processes go on with the next client where they are, credit and all */
  THAW_FIGURES =
      0x38, /* dom0 -> agent, client -> shim: what does the process's container use? Not before its first frame.
               Answer, but where the process ends meanwhile: FIGURES, fields, each a file of its cgroup's:
               cpu.stat, memory.current, memory.stat, pids.current, memory.max, which is MemTotal where the
               domain alone limits it; empty where it cannot be read; or none at
               all. Where it is asked again before it has answered, once */

  /* shim's socket only */
  THAW_ATTACH = 0x40,   /* client -> shim: arg = enum thaw_attach_flag. Answer: ATTACHED or ERROR */
  THAW_ATTACHED = 0x41, /* shim -> client: arg = enum thaw_process_flag of the process. The client's stdin credit is 0
                           until a CREDIT says more; its output credit starts at THAW_WINDOW. */
  THAW_EXPECT = 0x42,   /* thawd -> shim: a process will be started; arg = enum thaw_process_flag,
                           fields: log file ("" for none), status file. Answer: OK or ERROR, same id. One
                           without either leaves nothing: it is forgotten when it has ended and no client
                           is attached to it */
  THAW_STATUS = 0x43,   /* thawd -> shim, id 0: answer STATUS, fields: "waiting", "up" or "lost:
                           REASON"; then one struct thaw_status per process as a field. The connection
                           then also gets every EXIT and LOST, and STATUS again when it comes up. */
  THAW_QUIT = 0x44,     /* thawd -> shim, id 0: close the channel, remove the socket, exit 0 */
  THAW_LOST = 0x45,     /* shim -> all clients: the domain or its agent is gone; payload: reason, UTF-8 */
  THAW_INJECT = 0x46,   /* thawd -> shim, id = number of a layer, field: absolute path of a file that the shim sends
                           to the agent as LAYER frames, after those asked for before. No answer; a file that cannot
                           be read is a LOST. */
  THAW_FORGET = 0x47,   /* thawd -> shim: arg = enum thaw_forget: a process of which nothing came; REFUSED: that leaves
                           nothing, else one with log and status file leaves nothing now; of any other it says nothing.
                           No answer. */
  THAW_PAUSE = 0x48,    /* thawd -> shim, id 0: LEAVE the agent, close the channel, and come back as soon as the guest
                           has published another, however long that takes. Answer: OK once it is closed, or ERROR, id 0 */

  THAW_SHARE = 0x49, /* thawd -> shim, id = number of a 9pfs device of the guest's: struct thaw_share, then two fields
                        for each export, "ro", "rw" or, for one that dom0's later mounts come to, "rw,slave", and an
                        absolute path: serve these over it, in one tree where they are called 0, 1, ... Each device has
                        a server of its own. One more field, an absolute path: the server goes on where the one stopped
                        that stashed there. Answer: SHARED */
  THAW_SHARED =
      0x4a, /* shim -> thawd, id = device: arg 0: it serves them; else enum thaw_error, payload: why not, UTF-8 */
  THAW_UNSHARE = 0x4b,  /* thawd -> shim, id = device: end its server, if there is one. Answer: UNSHARED */
  THAW_UNSHARED = 0x4c, /* shim -> thawd, id = device: the server is gone, and has nothing of the guest's mapped */
  THAW_STASH = 0x4d,    /* thawd -> shim, id = device, field: absolute path of a file that the shim makes, in which its
                           server writes what the guest has open once what it was asked is answered; from then on it
                           answers nothing. "": it answers again; the file stays. Answer: STASHED */
  THAW_STASHED = 0x4e,  /* shim -> thawd, id = device: arg 0: it is so; else enum thaw_error, payload: why not, UTF-8:
                           the server answers as before, and there is no file */

  /* thawd's socket only */
  THAW_REQUEST = 0x50, /* launcher -> thawd, first and once: struct thaw_request, fields: cwd, argc
                          arguments (argv[0] first), envc environment strings */
  THAW_OUTPUT = 0x51,  /* thawd -> launcher: arg = 1 stdout, 2 stderr; payload: bytes to write there */
  THAW_JOIN = 0x52,    /* thawd -> launcher: id = process, arg = enum thaw_process_flag; fields: shim's
                          socket path, and perhaps keys: typed in a row on a terminal they end the launcher
                          and leave the process. The launcher attaches there, then sends JOINED. From then on the
                          shim alone serves its streams. */
  THAW_JOINED = 0x53,  /* launcher -> thawd, id = process */
  THAW_DONE = 0x54,    /* thawd -> launcher: arg = exit status 0..255. After a JOIN it ends the
                          launcher's wait for clean-up: the process's own status, had from the shim,
                          counts, unless arg is not 0 */
  THAW_CANCEL = 0x55,  /* launcher -> thawd: arg = signal that asked for it; thawd undoes and answers DONE */
  THAW_STAND_IN =
      0x56, /* thawd -> launcher, once and in place of JOIN: id = process, arg = enum thaw_process_flag; fields: shim's
               socket path, folder of the root filesystem, network namespace's path ("" for a new one), cgroup.procs of
               its cgroup ("" to stay), console socket ("" for the launcher's own streams). The launcher leaves a
               process of that kind that attaches there, and answers STOOD_IN. */
  THAW_STOOD_IN = 0x57, /* launcher -> thawd, id = process, arg = its pid; 0: there is none, payload: why, UTF-8 */
};

enum thaw_stream { THAW_STDIN = 0, THAW_STDOUT = 1, THAW_STDERR = 2 };

enum thaw_layer {
  THAW_LAYER_SIZE = 1,  /* payload: le64, bytes of the layer, not 0 */
  THAW_LAYER_BYTES = 2, /* payload: the next 1..THAW_DATA_MAX bytes */
};

enum thaw_process_flag {
  THAW_PROCESS_STDIN = 1,       /* stdin is fed from outside; else it is /dev/null */
  THAW_PROCESS_TTY = 2,         /* one terminal: output is all THAW_STDOUT */
  THAW_PROCESS_FIGURES = 128,   /* in a STAND_IN only: its cgroup is the container's to engines, and says of it what it
                                   uses and that its memory ran out */
  THAW_PROCESS_BEGUN = 256,     /* in a thaw_status only: the agent has said something of it */
  THAW_PROCESS_OOM = 512,       /* there too: its EXIT says that its container ran out of memory */
  THAW_PROCESS_READONLY = 1024, /* in a STAND_IN only: who enters its root cannot write there, for its guest would not
                                   see it */
  THAW_PROCESS_PART = 2048,     /* in a JOIN only: thawd goes on when it has ended, and the command ends with thawd's
                                   DONE */
};

enum thaw_attach_flag {
  THAW_ATTACH_FEEDS = 1, /* the client will send stdin */
  THAW_ATTACH_OWNS = 2,  /* the process is killed when the client goes before it */
};

enum thaw_forget {
  THAW_FORGET_REFUSED = 0, /* the agent did not start it: its client hears no more of it, thawd tells it why */
  THAW_FORGET_LEFT = 1,    /* nobody knows whether the agent starts it: its client gets LOST, what comes is dropped */
  THAW_FORGET_UNDONE = 2,  /* its start failed: its client hears no more of it, what comes is dropped */
};

enum thaw_error {
  THAW_E_MESSAGE = 1, /* malformed or unknown message */
  THAW_E_STATE = 2,   /* not now: e.g. START before IDENTITY or without a data channel */
  THAW_E_EXISTS = 3,  /* name in use */
  THAW_E_NOENT = 4,   /* no such container, process or rootfs */
  THAW_E_DEVICE = 5,  /* a device did not appear before the deadline */
  THAW_E_MOUNT = 6,
  THAW_E_CMD_NOENT = 7,  /* the container's program does not exist: exit status 127 */
  THAW_E_CMD_NOEXEC = 8, /* it exists and cannot be executed: exit status 126 */
  THAW_E_CRUN = 9,       /* crun failed otherwise; its own last message follows */
  THAW_E_RESIZE = 10,    /* memory or vCPUs did not come before the deadline */
  THAW_E_BUSY = 11,
  THAW_E_INTERNAL = 12,
  THAW_E_TCP = 13,     /* TCP connections are open, which a copy of the guest would share with it */
  THAW_E_STREAMS = 14, /* a terminal or an open stdin, which a copy of the process would have nobody for */
  THAW_E_VOLUME = 15,  /* a volume is mounted, which a copy of the guest would write to as well */
};

struct thaw_hello {
  uint32_t magic;
  uint32_t version;
  uint32_t wakes;   /* freezes this agent woke from; 0 = booted */
  uint32_t channel; /* 1 control, 2 data */
};

/* A page of a ring: what the guest's grant table calls it, and which of the guest's frames it is. */
struct thaw_ring_page {
  uint32_t ref, frame;
};

/*
 * At THAW_WAKE_OFFSET of the control ring's page of a clone: wake as somebody new. Dom0 has granted itself the rings'
 * pages as the template's grant table had them, and made an event channel for each that waits for dom0.
 */
struct thaw_wake {
  uint32_t magic; /* THAW_PROTO_MAGIC */
  uint32_t control_port, data_port;
  uint32_t reserved;
};

/*
 * At THAW_VIF_WAKE_OFFSET of the page of the vif's transmit ring, in the part that xen/io/netif.h leaves free: the
 * clone's kernel goes on with the rings (kernels/linux/patches/vif-kept.patch). rx_port is of a vif with two event
 * channels.
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
  uint64_t upper_kib;  /* size of the writable layer's tmpfs; 0 = half of the guest's memory; of a disk nothing */
};

struct thaw_resize {
  uint64_t memory_kib; /* MemTotal that is at least wanted; in OK: MemTotal */
  uint32_t vcpus;      /* online vCPUs wanted, fewer or more than now; 0 = leave them; in OK: online */
  uint32_t timeout_ms;
  uint64_t grow_kib; /* by so much the balloon's target rises at once; 0 = xenstore's memory/target says it; in OK: 0 */
};

struct thaw_network {
  uint8_t mac[6];           /* all 0 leaves it */
  uint8_t prefix4, prefix6; /* bits of the network's part; 0 = no address of that kind */
  uint8_t address4[4], gateway4[4], address6[16],
      gateway6[16]; /* in network order; a gateway of 0 = no default route */
  uint32_t mtu;     /* 0 leaves it */
};

struct thaw_netlink {
  uint32_t devid; /* of the interface's device in xenstore */
};

struct thaw_start {
  uint32_t process;    /* the id its frames carry on the data channel; not 0, not in use */
  uint32_t flags;      /* enum thaw_process_flag */
  uint16_t rows, cols; /* terminal's first size; 0 0 = leave it */
  uint32_t files;      /* pairs of fields, at most 64; a name has no '/' and is not "." or ".." */
};

struct thaw_exec {
  uint32_t process; /* as in START, and the rest too */
  uint32_t flags;
  uint16_t rows, cols;
};

struct thaw_begin {
  uint32_t process;    /* the id it gets on the data channel; not 0, not in use by another */
  uint32_t flags;      /* those of CREATE; without its THAW_PROCESS_STDIN, stdin ends at once */
  uint16_t rows, cols; /* as in START */
  uint32_t files;
};

struct thaw_kill {
  uint32_t process;
  uint32_t signal; /* 1..64 */
};

enum thaw_archive_verb {
  THAW_ARCHIVE_PACK = 1,   /* stdout: a tar archive of path and what is below it, as name */
  THAW_ARCHIVE_UNPACK = 2, /* stdin: an archive whose entries go into the folder path */
  THAW_ARCHIVE_PUT = 3, /* stdin: an archive of one thing, whose own name is the first component of each path in it. It
                         goes to path: into a folder that is there, as name, else in its place */
  THAW_ARCHIVE_CHANGES =
      4,                  /* stdout: what the writable layer changes: 'A', 'C' or 'D', ' ', path, NUL, for each path */
  THAW_ARCHIVE_LAYER = 5, /* stdout: the writable layer as an archive, its whiteouts as images have them */
};

enum thaw_archive_option {
  THAW_ARCHIVE_CONTENTS = 1,  /* PUT: what is in the folder, not the folder */
  THAW_ARCHIVE_OVERWRITE = 2, /* a folder may be replaced by what is none, and the other way round */
  THAW_ARCHIVE_OWNER = 4,     /* all of it becomes uid's and gid's */
  THAW_ARCHIVE_STILL = 8,     /* the container, which must be named, stands still until it has ended */
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
  uint32_t flags; /* of EXPECT, and THAW_PROCESS_BEGUN */
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
